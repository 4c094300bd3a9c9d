-- What should stand in the market of each trade of an account whose orders leave the house; the last word on each.
create table paper_orders (
    account varchar not null,
    trading_day date not null,
    strategy_id varchar not null,
    instrument varchar not null,
    contract varchar not null,
    side varchar not null,            -- of the entry: 'BUY' or 'SELL'
    contracts bigint not null,
    limit_price double,               -- of the entry; NULL: at the market
    stop_price double not null,
    target_price double not null,
    wish varchar not null,            -- 'ENTER', 'HOLD', 'WITHHOLD', 'FLAT'
    expires_at timestamptz not null,
    session_holds boolean not null,
    wished_at timestamptz not null,
    primary key (account, trading_day, strategy_id)
);

-- What a broker, or a person, says has changed hands. The journal holds what RULES.md makes of the same trades.
create table broker_fills (
    execution_id varchar primary key, -- the broker's, or made of what was typed
    client_id varchar not null,
    account varchar not null,
    contract varchar not null,
    side varchar not null,
    quantity bigint not null,
    price double not null,
    filled_at timestamptz not null,
    fill_source varchar not null,     -- 'ib' or 'manual'
    recorded_at timestamptz not null
);

-- Messages to the person who places the orders of an account with `broker: signals`, in order.
create sequence signal_numbers;
create table signals (
    signal_id bigint primary key default nextval('signal_numbers'),
    account varchar not null,
    trading_day date not null,
    message varchar not null,
    document json not null,           -- what it asked for
    said_at timestamptz not null
);
