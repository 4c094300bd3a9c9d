-- Members of each account's portfolio, in portfolio order.
create table portfolio_strategies (
    account varchar not null,
    position integer not null,        -- 1, 2, ...: who comes first where two ask at once
    strategy_id varchar not null,
    instrument varchar not null,
    orb_label varchar not null,
    orb_minutes bigint not null,
    entry_model varchar not null,
    rr_target double not null,
    confirm_bars bigint not null,
    filter_type varchar not null,
    weight double not null,
    max_contracts bigint not null,
    expectancy_r double not null,
    win_rate double not null,
    sample_size bigint not null,
    median_risk_points double not null,
    simulated boolean not null,
    primary key (account, strategy_id)
);

-- Every active setup that was asked, and why it was not taken.
create table portfolio_candidates (
    account varchar not null,
    rank integer not null,
    strategy_id varchar not null,
    instrument varchar not null,
    orb_label varchar not null,
    entry_model varchar not null,
    expectancy_r double not null,
    sample_size bigint not null,
    taken boolean not null,
    position integer,                 -- of a member
    reason varchar,                   -- NULL where it was taken
    clashes_with varchar,             -- the member in its way
    correlation double,               -- the one it fell by; of a member, its highest with an earlier one
    note varchar,
    primary key (account, strategy_id)
);

-- Correlation of the members' daily R; NULL where too few days are common to know it.
create table portfolio_correlations (
    account varchar not null,
    strategy_id varchar not null,
    other_id varchar not null,
    correlation double,
    primary key (account, strategy_id, other_id)
);

-- Every trade and every refused entry, of replays, walk-forward, paper and live. Written by storage/journal.py alone.
create sequence journal_ids;
create table trade_journal (
    journal_id bigint primary key default nextval('journal_ids'),
    mode varchar not null check (mode in ('replay', 'walk_forward', 'paper', 'live')),
    account varchar not null,
    trading_day date not null,
    instrument varchar not null,
    orb_label varchar not null,
    strategy_id varchar not null,
    entry_model varchar not null,
    direction varchar not null,
    contracts bigint not null,
    decided_ts timestamptz not null,  -- the bar on which the fill was put to the risk manager
    decided_price double not null,
    entry_ts timestamptz,             -- NULL from here on where the entry was refused
    entry_price double,
    stop_price double not null,
    target_price double,
    exit_ts timestamptz,
    exit_price double,
    outcome varchar,
    exit_reason varchar,
    pnl_r double,
    pnl_dollars double,
    mae_r double,
    mfe_r double,
    risk_check_passed boolean not null,
    risk_check varchar,               -- the check that refused it
    risk_check_value double,
    risk_check_limit double,
    risk_check_reason varchar not null,
    simulated boolean not null,
    run_id varchar not null,
    created_at timestamptz not null,
    unique (mode, account, trading_day, strategy_id)
);
