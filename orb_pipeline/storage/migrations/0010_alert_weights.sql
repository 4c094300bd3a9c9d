-- How much an alert of a drift is worth, and when an alert became graver.
alter table monitor_alerts add column expected double;       -- the backtest's figure, or what is normal
alter table monitor_alerts add column sample_size bigint;    -- over how many trades or days the value is
alter table monitor_alerts add column chance double;         -- of such a value or worse without any drift
alter table monitor_alerts add column escalated_at timestamptz;
