"""An open paper day on the terminal."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.cli.console import SIMULATED, out, say, table
from orb_pipeline.cli.console import show as show_table
from orb_pipeline.execution.today import RangeToday, StrategyToday
from orb_pipeline.orchestration.today import NO_DAY, NOT_BEGUN, OVER, Today


def show(today: Today) -> None:
    """The day's head, its ranges, its strategies; on stderr what stops entries and what to do."""
    if today.state == NO_DAY:
        _say_no_day(today)
    elif today.state == NOT_BEGUN:
        out.print(f"{today.account}, {today.trading_day}: not begun.")
    else:
        _show_day(today)
    for kind, reason in today.stopped.items():
        say(f"No entries ({kind}): {reason}", style="red")
    _say_who_trades(today)


def _show_day(today: Today) -> None:
    through = "no bar yet" if today.through is None else f"through {today.through:%Y-%m-%d %H:%M} UTC"
    label = f"  {SIMULATED}" if today.simulated else ""
    over = ", over" if today.state == OVER else ""
    out.print(f"{today.account}, {today.trading_day}{over}: {through}{label}")
    limits = today.limits
    out.print(
        f"Result {today.realised_r:+.2f} R, {today.realised_dollars:+,.2f} dollars on {today.equity:,.2f}; "
        f"open {today.open_positions} of {limits['max_concurrent_positions']}, "
        f"entries {today.entries} of {limits['max_daily_trades']}"
    )
    for symbol, contract in today.front_months.items():
        out.print(f"{symbol}: {contract or 'no front month today'}")
    columns = ["instrument", "session", "from (UTC)", "state", "high", "low", "size", "break", "filters that pass"]
    rows = [_range_row(item) for item in today.ranges]
    show_table(table(columns, rows, right=["high", "low", "size"]))
    columns = ["#", "strategy", "state", "side", "size", "entry", "stop", "target", "R", "why"]
    rows = [_strategy_row(item) for item in today.strategies]
    show_table(table(columns, rows, right=["#", "size", "entry", "stop", "target", "R"]))
    if any(item.is_planned and item.contracts is not None for item in today.strategies):
        say("~: planned, for an entry at the edge of the range.")


def _range_row(item: RangeToday) -> list[object]:
    passing = ", ".join(name if known else f"{name}?" for name, known in item.filters.items() if known is not False)
    broke = "" if item.broke_at is None else f"{item.direction} {item.broke_at:%H:%M}"
    prices = [_price(item.high), _price(item.low), _price(item.size)]
    return [item.instrument, item.orb_label, f"{item.starts_at:%H:%M}", item.state, *prices, broke, passing]


def _strategy_row(item: StrategyToday) -> list[object]:
    about = "~" if item.is_planned else ""
    closes = f" {item.closes}/{item.confirm_bars}" if item.state in ("armed", "confirming") else ""
    return [
        item.position,
        item.strategy_id,
        item.state + closes,
        item.direction or "",
        "" if item.contracts is None else f"{about}{item.contracts}",
        _price(item.entry, about),
        _price(item.stop),
        _price(item.target, about),
        "" if item.result_r is None else f"{item.result_r:+.2f}",
        _why(item),
    ]


def _why(item: StrategyToday) -> str:
    if item.blocked_by is not None:
        return f"{item.blocked_by}: {item.reason}"
    if item.exited_at is not None:
        return f"{item.reason} {item.exited_at:%H:%M}"
    if item.entered_at is not None:
        return f"since {item.entered_at:%H:%M}"
    return item.reason or ""


def _say_no_day(today: Today) -> None:
    last = _last(today.last_finished)
    say(f"No paper day of {today.account} is open{last}.")


def _last(day: dt.date | None) -> str:
    return "" if day is None else f"; the last one that it has traded is {day}"


def _say_who_trades(today: Today) -> None:
    if today.waiting_files:
        say(f"{today.waiting_files} files wait in landing; `orb paper --account {today.account} --once` trades them.")
    if today.traded_by:
        say(f"Traded by {today.traded_by}.")
    elif today.state != NO_DAY:
        say("Nobody trades this account now.")


def _price(value: float | None, about: str = "") -> str:
    return "" if value is None else f"{about}{value:.10g}"
