-- Ledger of landed source files. A row here is what makes a batch of landed bars exist.
create table landed_files (
    instrument varchar not null,
    batch integer not null,           -- 1, 2, ... in order of landing
    file varchar not null,            -- the batch's file in the lake, without folder and ending
    source_file varchar not null,
    source_hash varchar not null,     -- SHA-256 of the source file's bytes and of the options it was read with
    read_rows bigint not null,
    landed_rows bigint not null,
    already_landed_rows bigint not null,
    rejected_rows bigint not null,
    ignored_rows bigint not null,     -- spreads and other things that are no outright contract
    replaced_rows bigint not null,
    first_ts timestamptz,
    last_ts timestamptz,
    simulated boolean not null,
    landed_at timestamptz not null,
    primary key (instrument, batch)
);

create table rejected_bars (
    instrument varchar not null,
    source_file varchar not null,
    source_hash varchar not null,
    row_number bigint not null,       -- as an editor counts: in a text file the first line is 1
    reason varchar not null,
    raw varchar not null,             -- JSON of the row's values as they stood in the file
    file_landed boolean not null,     -- false: too many rows were bad and nothing of the file landed
    rejected_at timestamptz not null
);

create table validated_setups (
    strategy_id varchar primary key,
    instrument varchar not null,
    orb_label varchar not null,
    orb_minutes bigint not null,
    rr_target double not null,
    confirm_bars bigint not null,
    entry_model varchar not null,
    filter_type varchar not null,
    sample_size bigint not null,
    win_rate double not null,
    avg_win_r double not null,
    avg_loss_r double not null,
    expectancy_r double not null,
    sharpe_ratio double,
    sharpe_ann double,
    max_drawdown_r double not null,
    median_risk_points double not null,
    avg_risk_points double not null,
    yearly_results json not null,
    stressed_expectancy_r double not null,
    validation_status varchar not null,
    validation_notes varchar,
    years_tested bigint not null,
    all_years_positive boolean not null,
    stress_test_passed boolean not null,
    classification varchar not null,
    status varchar not null,          -- 'active' or 'retired'
    promoted_at timestamptz not null,
    retired_at timestamptz,
    retirement_reason varchar,
    simulated boolean not null
);

create table gate_verdicts (
    asset varchar not null,
    check_name varchar not null,
    instrument varchar not null,
    content_hash varchar not null,    -- of the data judged
    passed boolean not null,
    waiver integer,                   -- the waiver that was in force, if any
    message varchar not null,
    judged_at timestamptz not null,
    primary key (asset, check_name, instrument, content_hash)
);

create sequence waiver_numbers;
create table waivers (
    waiver integer primary key default nextval('waiver_numbers'),
    asset varchar not null,
    check_name varchar not null,
    instrument varchar not null,
    reason varchar not null,
    until date not null,              -- the last day it holds, UTC
    created_at timestamptz not null
);
