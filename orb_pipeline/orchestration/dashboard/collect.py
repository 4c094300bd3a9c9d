"""What the dashboard shows, read from a home."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from orb_pipeline.catalogue import Account
from orb_pipeline.monitoring.dashboard.panels import QUERIES
from orb_pipeline.monitoring.dashboard.panels.freshness import STATUS
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result, Scope, TradeData
from orb_pipeline.orchestration.dashboard.open_day import OpenDay, by_the_tape
from orb_pipeline.orchestration.dashboard.rows import answer
from orb_pipeline.orchestration.dashboard.trades import read_trades
from orb_pipeline.orchestration.status import read_status
from orb_pipeline.orchestration.workshop import Workshop

_DAYS = """
select (select max(trading_day) from paper_days where account = {account}) as paper_day,
    (select max(trading_day) from trade_journal where account = {account} and mode = 'replay') as replay_day
"""
_TRADES = f"""
with latest as (
{QUERIES["latest_trades"].strip()}
), alerted as (
{QUERIES["alert_trades"].strip()}
limit 40
)
select * from trade_journal
where (account, mode, trading_day, strategy_id) in (select (account, mode, trading_day, strategy_id) from latest)
    or (account, mode, trading_day, strategy_id) in (select (account, mode, trading_day, strategy_id) from alerted)
    or (account = {{account}} and mode = {{mode}} and trading_day = {{day}})
order by trading_day desc, mode, decided_ts desc, strategy_id
"""
_SIMULATED = "select distinct instrument from landed_files where simulated order by instrument"


def collect(
    workshop: Workshop,
    account: Account,
    *,
    open_day: OpenDay | None = None,
    pages_elsewhere: str | None = None,
) -> DashboardData:
    """Everything that the dashboard of an account shows, as it is now.

    Args:
        open_day: what has been read of the tape before.
        pages_elsewhere: see DashboardData.

    Raises:
        OrbError: the home cannot be read.
    """
    scope, is_paper = _scope(workshop, account)
    tape = open_day or OpenDay(workshop)
    if is_paper:
        tape.read()
    results = answer(workshop, {name: scope.filled(query) for name, query in QUERIES.items()} | _extra(scope))
    simulated = tuple(str(row["instrument"]) for row in results.pop("simulated").records)
    journal = results.pop("trade_rows")
    results |= by_the_tape(workshop, account, scope.day if is_paper else None)
    if is_paper and scope.day is not None and not len(results["today_ranges"]):
        symbols = sorted({str(row["instrument"]) for row in results["strategies"].records})
        results["today_ranges"] = tape.ranges(symbols, scope.day)
    results[STATUS] = _status(workshop, account, scope.made_at)
    trades: list[TradeData] = read_trades(workshop, journal, tape)
    return DashboardData(scope, results, simulated, tuple(trades), pages_elsewhere)


def _extra(scope: Scope) -> dict[str, str]:
    return {"simulated": _SIMULATED, "trade_rows": scope.filled(_TRADES)}


def _scope(workshop: Workshop, account: Account) -> tuple[Scope, bool]:
    """What the page is about; and whether it is a day on paper."""
    now = workshop.now()
    query = Scope(account, None, "replay", now).filled(_DAYS)
    row = answer(workshop, {"days": query})["days"].records[0]
    is_paper = row["paper_day"] is not None
    day = row["paper_day"] if is_paper else row["replay_day"]
    rule = workshop.catalogue.monitoring.alerts.orb_size_regime
    scope = Scope(
        account=account,
        day=day.date() if day is not None else None,
        mode="paper" if is_paper else "replay",
        made_at=now,
        regime_days=rule.days,
        regime_times=rule.above_times,
    )
    return scope, is_paper


def _status(workshop: Workshop, account: Account, now: dt.datetime) -> Result:
    """The assets of every instrument and of the account, as `orb status` tells them."""
    status = read_status(workshop.home, workshop.catalogue, now)
    scopes = [(item.symbol, item.assets) for item in status.instruments]
    scopes += [(item.account, item.assets) for item in status.accounts if item.account == account.account]
    rows = [
        (scope, asset.asset, asset.rows, asset.last, asset.built_at, asset.stale or _blocked(asset.blocked))
        for scope, assets in scopes
        for asset in assets
    ]
    columns = ["scope", "asset", "row_count", "last_value", "built_at", "state"]
    return Result(STATUS, "orb status", pd.DataFrame(rows, columns=columns).astype(object), is_sql=False)


def _blocked(gate: str | None) -> str | None:
    return None if gate is None else f"behind the gate {gate}"
