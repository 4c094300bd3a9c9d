-- What is to be told, each thing once, however often it is found. Written by storage/notifications.py alone.
create sequence outbox_numbers;
create table outbox (
    number bigint not null default nextval('outbox_numbers'), -- 1, 2, ... in the order in which it was queued
    message_key varchar primary key,  -- what is told, such as entry:25k:2026-03-03:<strategy>
    kind varchar not null,            -- see catalogue/notifications.py
    severity varchar not null check (severity in ('INFO', 'WARNING', 'CRITICAL')),
    title varchar not null,
    body varchar not null,
    account varchar,
    trading_day date,
    queued_at timestamptz not null
);

-- The way of each message to each channel that takes it.
create table outbox_deliveries (
    message_key varchar not null,
    channel varchar not null,         -- its name in notifications.yaml; addresses are never stored
    attempts bigint not null,         -- that failed
    due_at timestamptz not null,      -- when it is tried next
    delivered_at timestamptz,         -- NULL while it waits
    reason varchar,                   -- why the last attempt failed
    primary key (message_key, channel)
);

-- Messages that a channel did not take in all their attempts, or in time.
create table dead_letters (
    message_key varchar not null,
    channel varchar not null,
    attempts bigint not null,
    reason varchar not null,
    died_at timestamptz not null,
    primary key (message_key, channel)
);

-- How many messages each channel may get at once.
create table channel_budgets (
    channel varchar primary key,
    tokens double not null,
    as_of timestamptz not null
);
