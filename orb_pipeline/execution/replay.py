"""Replay: landed bars, day by day, through engine and risk manager, as the account would have traded them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from orb_pipeline.catalogue import Account
from orb_pipeline.execution.context import AccountDay
from orb_pipeline.execution.engine import ExecutionEngine
from orb_pipeline.execution.events import EventType, TradeEvent
from orb_pipeline.execution.flat import calendars_of, flat_minute
from orb_pipeline.execution.history import History, bars_in_order, context_of, days_of
from orb_pipeline.execution.journal import JournalEntry, entries_of, frame_of
from orb_pipeline.execution.ledger import AccountLedger
from orb_pipeline.execution.risk import RiskManager
from orb_pipeline.market.trading_day import date_of
from orb_pipeline.portfolio.model import Portfolio

Progress = Callable[[int, int], None]  # days done, of how many
Span = tuple[int | None, int | None]  # first and last trading day, days since the epoch; None: as far as the data go


@dataclass(frozen=True)
class Halt:
    """Entries stopped for the rest of a day."""

    trading_day: dt.date
    at: dt.datetime
    check: str
    reason: str


@dataclass(frozen=True)
class ReplayResult:
    """An account run.

    Attributes:
        entries: a row for every trade and refused entry, in order of day and portfolio; columns of JournalEntry.
        days: trading days replayed, in order; bars: how many were fed.
        halts: days on which entries stopped, and why.
        account: the account after the last day.
    """

    entries: pd.DataFrame
    days: tuple[dt.date, ...]
    bars: int
    halts: tuple[Halt, ...]
    account: AccountDay


def replay_historical(
    portfolio: Portfolio,
    account: Account,
    histories: Mapping[str, History],
    *,
    days: Span = (None, None),
    on_day: Progress = lambda _done, _of: None,
) -> ReplayResult:
    """Run `portfolio` on `account` over the days of its instruments.

    Args:
        histories: by symbol, at least those that the portfolio trades.
        days: the first and the last one.
        on_day: told how far it is.

    Raises:
        ConfigurationError: the account counts from the close of an instrument that has no exchange calendar.
    """
    traded = {symbol: histories[symbol] for symbol in portfolio.instruments}
    instruments = {symbol: history.study.instrument for symbol, history in traded.items()}
    calendars = calendars_of(account, instruments)
    risk = RiskManager(account)
    engine = ExecutionEngine(portfolio, instruments, risk)
    ledger = AccountLedger(account)
    replayed = days_of(traded.values(), *days)
    entries: list[JournalEntry] = []
    halts: list[Halt] = []
    bars = 0
    for number, day in enumerate(replayed, start=1):
        flat_by = flat_minute(account.flat_by, day, calendars)
        engine.on_trading_day_start(context_of(traded, day, ledger.today, flat_by))
        for symbol, bar in bars_in_order(traded, day):
            events = engine.on_bar(symbol, bar)
            bars += 1
            if events:
                halts.extend(_halts(events, date_of(day)))
        engine.on_trading_day_end()
        entries.extend(entries_of(engine.get_finished_trades(), portfolio.name, date_of(day)))
        ledger.close_day(date_of(day), engine.get_daily_summary().pnl_dollars, risk.is_lost)
        on_day(number, len(replayed))
    return ReplayResult(frame_of(entries), tuple(map(date_of, replayed)), bars, tuple(halts), ledger.today)


def _halts(events: list[TradeEvent], trading_day: dt.date) -> list[Halt]:
    return [
        Halt(trading_day, event.timestamp, str(event.decision.check), event.reason)
        for event in events
        if event.event_type is EventType.HALT and event.decision is not None
    ]
