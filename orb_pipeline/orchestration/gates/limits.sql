-- Limits, worked out from the journal alone, without the risk manager.
--
-- Tables: journal (one account's rows), parameters (one row: the account's limits), day_limits (trading_day, flat_by).
-- The order of events is that of the trading rules, section 5: by minute, within it by instrument, within that
-- 1 fills of working orders (E1, E3), 2 exits, 3 entries at the close (E2). What is closed at the end of the day, or to be
-- flat, counts when the day ends. Windows by RANGE take in all events of one step at once.
with trades as (
    select * from journal where risk_check_passed
),
events as (
    select trading_day, instrument, orb_label, strategy_id, entry_ts as moment, case entry_model when 'E2' then 3 else 1 end as step,
           1 as opened, 0.0 as r, 0.0 as dollars
    from trades
    union all
    select trading_day, instrument, orb_label, strategy_id,
           case when outcome = 'scratch' then timestamptz '9999-01-01 00:00:00+00' else exit_ts end,
           2, -1, pnl_r, pnl_dollars
    from trades
    where exit_ts is not null
),
ordered as (
    -- the day ends for all instruments at once
    select *, dense_rank() over (
                  partition by trading_day order by moment, if(moment < timestamptz '9999-01-01 00:00:00+00', instrument, ''), step
              ) as place
    from events
),
running as (
    select *,
           sum(opened) over (partition by trading_day order by place) as open_now,
           sum(opened) over (partition by trading_day, instrument, orb_label order by place) as open_in_session,
           sum(r) over (partition by trading_day order by place) as realised_r,
           sum(dollars) over (partition by trading_day order by place) as realised_dollars
    from ordered
),
latched as (
    select *,
           min(realised_r) over (partition by trading_day order by place) as worst_r,
           min(realised_dollars) over (partition by trading_day order by place) as worst_dollars
    from running
),
days as (
    select trading_day, sum(pnl_dollars) as dollars, count(*) as entries from trades group by trading_day
),
equities as (
    select trading_day, entries,
           equity + coalesce(sum(dollars) over (order by trading_day rows between unbounded preceding and 1 preceding), 0)
               as at_start
    from days, parameters
),
starts as (
    select *, greatest(max(at_start) over (order by trading_day), (select equity from parameters)) as highest from equities
),
lows as (
    select trading_day, any_value(at_start) + least(min(realised_dollars), 0) as low,
           any_value(case when drawdown = 'trailing' then highest else equity end - max_drawdown) as floor_dollars
    from starts join running using (trading_day) cross join parameters
    group by trading_day
),
lost as (
    select trading_day,
           coalesce(bool_or(low <= floor_dollars + 1e-6)
               over (order by trading_day rows between unbounded preceding and 1 preceding), false) as lost_before
    from lows
),
entries as (
    select latched.*, starts.at_start, starts.highest, trades.contracts, trades.exit_ts, trades.entry_model,
           abs(trades.entry_price - trades.stop_price) as risk_points, facts.tick, facts.point_value,
           case when drawdown = 'trailing' then highest else equity end - max_drawdown as floor_dollars,
           lost_before, day_limits.flat_by
    from latched
    join starts using (trading_day)
    join lost using (trading_day)
    join trades using (trading_day, strategy_id)
    join facts on facts.symbol = latched.instrument
    left join day_limits using (trading_day)
    cross join parameters
    where latched.opened = 1
)
select 'max_concurrent_positions' as broken, trading_day, strategy_id, open_now::double as value, max_concurrent::double as allowed
from entries, parameters where open_now > max_concurrent
union all
select 'max_per_orb_positions', trading_day, strategy_id, open_in_session, max_per_orb
from entries, parameters where open_in_session > max_per_orb
union all
select 'max_daily_trades', trading_day, 'all', starts.entries, max_daily_trades
from starts, parameters where starts.entries > max_daily_trades
union all
select 'circuit_breaker', trading_day, strategy_id, worst_r, halt_r
from entries, parameters where worst_r <= halt_r + 1e-9
union all
select 'max_contracts', trading_day, strategy_id, contracts, most_contracts
from entries, parameters where contracts not between 1 and most_contracts
union all
-- E1 is sized on the confirming close and fills at the next open, so that only E2 and E3 can be sized again from here.
select 'position_size', trading_day, strategy_id, contracts * greatest(risk_points, 10 * tick) * point_value,
       coalesce(max_drawdown, at_start) * risk_share
from entries, parameters
where entry_model <> 'E1'
  and contracts * greatest(risk_points, 10 * tick) * point_value > coalesce(max_drawdown, at_start) * risk_share + 1e-6
union all
select 'daily_loss_limit', trading_day, strategy_id, -worst_dollars, daily_loss_limit
from entries, parameters where daily_loss_limit is not null and -worst_dollars >= daily_loss_limit - 1e-6
union all
select 'account_drawdown', trading_day, strategy_id, at_start + least(worst_dollars, 0), floor_dollars
from entries, parameters
where max_drawdown is not null and (lost_before or at_start + least(worst_dollars, 0) <= floor_dollars + 1e-6)
union all
-- In minutes from the one by which everything is closed: its last bar is the one before.
select 'flat_by', trading_day, strategy_id, epoch(greatest(moment, exit_ts) - flat_by) / 60, -1
from entries where greatest(moment, exit_ts) >= flat_by
order by trading_day, broken, strategy_id
