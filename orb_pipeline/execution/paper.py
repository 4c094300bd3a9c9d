"""Paper trading as a pure function: a day's terms and its bars so far, and what the account has traded by then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from orb_pipeline.catalogue import Account, Instrument
from orb_pipeline.execution.context import AccountDay, DayContext, MarketDay
from orb_pipeline.execution.engine import ExecutionEngine
from orb_pipeline.execution.events import EventType, RiskDecision, TradeEvent
from orb_pipeline.execution.flat import calendars_of, flat_minute
from orb_pipeline.execution.journal import JournalEntry, entries_of
from orb_pipeline.execution.live_orb import LiveORB
from orb_pipeline.execution.risk import RiskManager
from orb_pipeline.execution.states import State
from orb_pipeline.execution.trade import ActiveTrade
from orb_pipeline.market.trading_day import date_of
from orb_pipeline.portfolio.model import Portfolio
from orb_pipeline.rules.bars import Bar


@dataclass(frozen=True)
class PaperDay:
    """What a trading day is traded with, fixed before its first bar.

    Attributes:
        instruments: by symbol, those of the portfolio.
        context: see DayContext.
    """

    portfolio: Portfolio
    account: Account
    instruments: Mapping[str, Instrument]
    context: DayContext

    @classmethod
    def of(
        cls,
        portfolio: Portfolio,
        account: Account,
        instruments: Mapping[str, Instrument],
        day: int,
        markets: Mapping[str, MarketDay],
        start: AccountDay,
    ) -> PaperDay:
        """Trading day `day` (days since the epoch) for an account that starts it as `start`.

        Raises:
            ConfigurationError: the account counts from the close of an instrument that has no exchange calendar.
        """
        flat_by = flat_minute(account.flat_by, day, calendars_of(account, instruments))
        return cls(portfolio, account, instruments, DayContext(day, markets, start, flat_by))

    @property
    def trading_day(self) -> dt.date:
        return self.context.trading_day


class PaperBar(NamedTuple):
    """A bar of the front month, and the place on the tape at which it could be traded."""

    symbol: str
    bar: Bar
    arrival: int


@dataclass(frozen=True)
class DaySoFar:
    """A paper day after some of its bars.

    Attributes:
        entries: journal rows in portfolio order; those of open trades have no exit yet.
        events: all that the engine told, in order.
        trades: all from their break on, in portfolio order; `open_trades` of them have a position.
        ranges: the sessions that are traded, as they stand.
        risk: the account's risk manager, as it stands.
        last_bars: by symbol, the last bar that the engine was fed.
        arrivals: strategy -> place on the tape of the bar on which its fill was put to the risk manager.
        is_over: the day has ended.
        bars: how many the engine was fed.
    """

    entries: tuple[JournalEntry, ...]
    events: tuple[TradeEvent, ...]
    trades: tuple[ActiveTrade, ...]
    ranges: tuple[LiveORB, ...]
    risk: RiskManager
    last_bars: Mapping[str, Bar]
    arrivals: Mapping[str, int]
    is_over: bool
    bars: int

    @property
    def open_trades(self) -> list[ActiveTrade]:
        return [trade for trade in self.trades if trade.state is State.ENTERED]

    @property
    def halt(self) -> RiskDecision | None:
        """The limit that has stopped entries for the day; None: none has."""
        return self.risk.halt

    @property
    def is_lost(self) -> bool:
        """Whether a drawdown rule has ended the account, today or before."""
        return self.risk.is_lost

    @property
    def last_minute(self) -> int | None:
        """Of the last bar (since the epoch, UTC); None before the first."""
        return max((bar.minute for bar in self.last_bars.values()), default=None)


def trade_day(
    day: PaperDay,
    bars: Iterable[PaperBar],
    stopped: Callable[[int], RiskDecision | None] = lambda _arrival: None,
    *,
    is_over: bool = False,
) -> DaySoFar:
    """Feed the day's bars so far, from the first, through engine and risk manager.

    Args:
        bars: in order of time, within a minute in the order of the symbols.
        stopped: the refusal that entries get at a place of the tape; None where nothing stops them.
        is_over: no more bars will come, so that what is open is closed.

    Raises:
        BarError: a bar that the engine does not take.
    """
    risk = RiskManager(day.account)
    engine = ExecutionEngine(day.portfolio, day.instruments, risk)
    engine.on_trading_day_start(day.context)
    events: list[TradeEvent] = []
    arrivals: dict[str, int] = {}
    last_bars: dict[str, Bar] = {}
    count = 0
    for symbol, bar, arrival in bars:
        risk.stopped = stopped(arrival)
        told = engine.on_bar(symbol, bar)
        arrivals.update({str(event.strategy_id): arrival for event in told if event.event_type in _DECIDED})
        events += told
        last_bars[symbol] = bar
        count += 1
    if is_over:
        events += engine.on_trading_day_end()
    trades = sorted([*engine.get_finished_trades(), *engine.get_active_trades()], key=lambda trade: trade.position)
    return DaySoFar(
        entries=tuple(entries_of(trades, day.account.account, date_of(day.context.day))),
        events=tuple(events),
        trades=tuple(trades),
        ranges=tuple(engine.get_ranges()),
        risk=risk,
        last_bars=last_bars,
        arrivals=arrivals,
        is_over=is_over,
        bars=count,
    )


def in_engine_order(bars: Sequence[PaperBar]) -> list[PaperBar]:
    """By minute, then symbol."""
    return sorted(bars, key=lambda item: (item.bar.minute, item.symbol))


_DECIDED = (EventType.ENTRY, EventType.REJECTION)
