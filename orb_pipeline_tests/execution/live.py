"""An engine at work on hand-written bars: one instrument or several, bar by bar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from orb_pipeline.catalogue import Account, Instrument, load_catalogue
from orb_pipeline.execution.context import AccountDay, DayContext, MarketDay, SessionWindow
from orb_pipeline.execution.engine import ExecutionEngine
from orb_pipeline.execution.events import EventType, TradeEvent
from orb_pipeline.execution.risk import Risk, UnlimitedRisk
from orb_pipeline.execution.trade import ActiveTrade
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline.rules.bars import Bar
from orb_pipeline_tests.execution.members import portfolio_of
from orb_pipeline_tests.series import DAY, DAY_OPEN

CATALOGUE = load_catalogue()
INSTRUMENTS: Mapping[str, Instrument] = CATALOGUE.instruments
TRADING_DAY = dt.date(1970, 1, 1) + dt.timedelta(days=DAY)
# Sessions an hour apart from the day's opening on, with ranges of five minutes.
WINDOWS = tuple(
    SessionWindow(label, DAY_OPEN + 60 * hour, DAY_OPEN + 60 * hour + 5, DAY_OPEN + 60 * (hour + 1))
    for hour, label in enumerate(["0900", "1000", "1100", "1800"])
)
RANGE = [(1005, 1010, 1000, 1005)] * 5
Ohlc = tuple[int, int, int, int]

# Limits that nothing reaches.
WIDE: dict[str, float] = {
    "max_concurrent_positions": 99,
    "max_per_orb_positions": 99,
    "max_daily_trades": 99,
    "drawdown_halt_r": -99,
    "max_daily_loss_r": -99,
    "drawdown_warning_r": -99,
}


class NoHistory:
    def at(self, local_minute: int) -> Sequence[int]:
        return ()


def bar(minute: int, ohlc: Ohlc, volume: int = 10) -> Bar:
    """`minute` counts from the opening of the day."""
    return Bar(DAY_OPEN + minute, *ohlc, volume)


def bars_of(start: int, *rows: Ohlc | None) -> list[Bar]:
    """A bar a minute from `start` on; None is a minute without trades."""
    return [bar(start + offset, row) for offset, row in enumerate(rows) if row is not None]


def flat(price: int) -> Ohlc:
    return (price, price, price, price)


def context(
    symbols: Sequence[str] = ("MGC",),
    *,
    day: int = DAY,
    account: AccountDay | None = None,
    flat_by: int | None = None,
    front_month: str | None = "front",
) -> DayContext:
    shift = (day - DAY) * 1440
    windows = tuple(
        SessionWindow(label, start + shift, end + shift, deadline + shift) for label, start, end, deadline in WINDOWS
    )
    market = MarketDay(front_month, windows, np.arange(1440), NoHistory())
    by_minute = None if flat_by is None else DAY_OPEN + shift + flat_by
    return DayContext(day, dict.fromkeys(symbols, market), account or AccountDay(25_000.0, 25_000.0), by_minute)


class Live:
    """An engine on one day, and all it has told."""

    def __init__(self, strategies: Sequence[PortfolioStrategy], risk: Risk | None = None, **day: object) -> None:
        portfolio = portfolio_of(strategies)
        self.engine = ExecutionEngine(portfolio, INSTRUMENTS, risk or UnlimitedRisk())
        self.events: list[TradeEvent] = []
        self.engine.on_trading_day_start(context(portfolio.instruments or ("MGC",), **day))  # type: ignore[arg-type]

    def feed(self, bars: Sequence[Bar], symbol: str = "MGC") -> list[TradeEvent]:
        """Events of these bars."""
        told = [event for one in bars for event in self.engine.on_bar(symbol, one)]
        self.events += told
        return told

    def end(self) -> list[TradeEvent]:
        told = self.engine.on_trading_day_end()
        self.events += told
        return told

    def trade(self, number: int = 0) -> ActiveTrade:
        """The trade of the strategy at this place of the portfolio."""
        trades = [*self.engine.get_active_trades(), *self.engine.get_finished_trades()]
        return next(trade for trade in trades if trade.position == number)


def kinds(events: Sequence[TradeEvent]) -> list[str]:
    return [event.event_type.value for event in events]


def rejections(events: Sequence[TradeEvent]) -> list[str | None]:
    """Checks that refused, in order."""
    return [event.decision.check for event in events if event.event_type is EventType.REJECTION and event.decision]


def account(name: str = "25k", **changes: object) -> Account:
    """A packaged account with some of its keys changed; `limits` may hold single limits."""
    base = CATALOGUE.account(name)
    data = base.model_dump() | {key: value for key, value in changes.items() if key not in ("limits", "prop_firm")}
    data["limits"] = base.limits.model_dump() | dict(changes.get("limits", {}))  # type: ignore[call-overload]
    if "prop_firm" in changes and base.prop_firm is not None:
        data["prop_firm"] = base.prop_firm.model_dump() | dict(changes["prop_firm"])  # type: ignore[call-overload]
    return Account.model_validate(data)
