-- Walk-forward of each account: every strategy that a fold selected, in and out of sample.
create table walk_forward_folds (
    account varchar not null,
    fold integer not null,
    position integer not null,        -- in the fold's portfolio
    train_start date not null,
    train_end date not null,
    test_start date not null,
    test_end date not null,
    strategy_id varchar not null,
    is_trades bigint not null,
    is_expectancy_r double,
    oos_trades bigint not null,
    oos_expectancy_r double,          -- NULL without a trade
    primary key (account, fold, strategy_id)
);

-- One row for each fold, and one for all of them, whose fold is NULL.
create table walk_forward_summary (
    account varchar not null,
    fold integer,
    train_start date,
    train_end date,
    test_start date,
    test_end date,
    strategies_tried bigint not null,
    strategies_found bigint not null,    -- passed validation on the training days
    strategies_selected bigint not null,
    strategies_kept bigint,              -- of the selected, also selected by the fold before
    is_trades bigint not null,
    is_expectancy_r double,
    is_win_rate double,
    is_max_drawdown_r double,
    oos_trades bigint not null,
    oos_expectancy_r double,
    oos_win_rate double,
    oos_max_drawdown_r double,
    oos_is_ratio double,
    material_degradation boolean,        -- NULL where the ratio is
    account_trades bigint not null,      -- the portfolio in the test, on the account's limits
    account_rejections bigint not null,
    account_expectancy_r double,
    account_pnl_r double not null,
    account_pnl_dollars double not null,
    account_max_drawdown_r double not null,
    effective_trials double,             -- evidence on the training days, see docs/walk-forward.md
    pbo double,
    spa_p_value double,
    passed_q_below_10 bigint,
    passing_by_luck double,
    simulated boolean not null
);
