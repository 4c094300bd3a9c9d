-- Trading days that an account has traded on paper. What a day is traded with is fixed when it begins.
create table paper_days (
    account varchar not null,
    trading_day date not null,
    terms json not null,              -- the account as the catalogue had it
    members json not null,            -- the portfolio, in order
    contents json not null,           -- asset (or asset:instrument) -> hash of the content that its gates judged
    equity double not null,           -- at the start of the day, by the paper journal
    highest_equity double not null,
    lost_on date,
    began_at timestamptz not null,
    finished_at timestamptz,          -- NULL while the day is open
    simulated boolean not null,
    primary key (account, trading_day)
);

-- What happened besides trades: halts and resumes by hand, entries stopped and let go on, limits reached, rolls.
create sequence event_numbers;
create table trading_events (
    event_id bigint primary key default nextval('event_numbers'),
    event_ts timestamptz not null,    -- when it took effect
    account varchar,                  -- NULL: all
    instrument varchar,               -- NULL: all
    trading_day date,
    event varchar not null,           -- 'halt', 'resume', 'blocked', 'unblocked', 'limit', 'account_lost', 'roll'
    check_name varchar,               -- of a limit: the check that was reached
    reason varchar not null,
    source varchar not null unique,   -- what made it, once: a mark of the tape, or account, day and check
    recorded_at timestamptz not null
);

-- The paper journal of a finished day against the backtest of that day: a row for each difference. Written by
-- storage/reconciliation.py alone.
create table reconciliation (
    account varchar not null,
    trading_day date not null,
    instrument varchar not null,
    strategy_id varchar not null,
    difference varchar not null check (difference in ('not_traded', 'not_in_backtest', 'differs')),
    cause varchar not null,           -- see execution/reconcile.py: 'risk_rejection', 'late_bar', ..., 'bug'
    explained boolean not null,
    detail varchar not null,          -- both sides and what led from one to the other, in words
    paper_r double,
    backtest_r double,
    reconciled_at timestamptz not null,
    primary key (account, trading_day, strategy_id)
);

-- One row for each account and day that was reconciled, differences or none.
create table reconciled_days (
    account varchar not null,
    trading_day date not null,
    compared bigint not null,         -- strategies with an entry on either side
    differing bigint not null,
    unexplained bigint not null,
    all_explained boolean not null,   -- the day passed
    reconciled_at timestamptz not null,
    primary key (account, trading_day)
);

-- What an operator should know of. Written by storage/alerts.py alone.
create sequence alert_numbers;
create table monitor_alerts (
    alert_id bigint primary key default nextval('alert_numbers'),
    condition varchar not null,       -- what it is about; raised once, and anew only when it was resolved in between
    occurrence bigint not null,       -- 1, 2, ... each time that the condition came about anew
    raised_at timestamptz not null,
    alert varchar not null,
    severity varchar not null check (severity in ('INFO', 'WARNING', 'CRITICAL')),
    account varchar,
    instrument varchar,
    strategy_id varchar,
    trading_day date,
    value double,
    threshold double,
    message varchar not null,
    status varchar not null check (status in ('open', 'acknowledged', 'resolved')),
    acknowledged_at timestamptz,
    acknowledged_by varchar,
    resolved_at timestamptz,
    unique (condition, occurrence)
);
