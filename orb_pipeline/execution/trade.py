"""One strategy's trade of one day, from the break to the exit.

Everything is turned so that the break is upward (a short is a long on mirrored bars): stop < edge < target. Prices are
whole ticks. The properties in the design's names give them the right way up, in points, with times in UTC.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from orb_pipeline.catalogue import Instrument
from orb_pipeline.execution.events import EventType, RiskDecision, TradeEvent
from orb_pipeline.execution.states import State, advanced
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline.portfolio.sizing import Size
from orb_pipeline.rules.bars import Bar
from orb_pipeline.rules.costs import excursion_r, pnl_r
from orb_pipeline.rules.entries import target_price

if TYPE_CHECKING:
    from orb_pipeline.execution.live_orb import LiveORB

TARGET_HIT, STOP_HIT, SESSION_END, FLAT_BY = "target_hit", "stop_hit", "session_end", "flat_by"
OUTCOMES = {TARGET_HIT: "win", STOP_HIT: "loss", SESSION_END: "scratch", FLAT_BY: "scratch"}


class ActiveTrade:
    """A strategy at work after its session's break.

    Attributes:
        position: place in the portfolio.
        size: given when the order is placed; None before.
        decision: the risk manager's; None until a fill was put to it. decided_minute: the bar of that fill.
        entry, target, exit: ticks, turned; None before they are known.
        lowest, highest: how far price has gone while it counted, turned.
    """

    __slots__ = (
        "decided_minute",
        "decided_price",
        "decision",
        "entry",
        "entry_minute",
        "exit",
        "exit_minute",
        "exit_reason",
        "highest",
        "instrument",
        "is_limit",
        "lowest",
        "orb",
        "position",
        "size",
        "state",
        "stop",
        "strategy",
        "target",
    )

    def __init__(self, position: int, strategy: PortfolioStrategy, instrument: Instrument, orb: LiveORB) -> None:
        self.position = position
        self.strategy = strategy
        self.instrument = instrument
        self.orb = orb
        self.state = State.ARMED
        self.size: Size | None = None
        self.is_limit = strategy.entry_model == "E3"
        self.stop = orb.stop
        self.decision: RiskDecision | None = None
        self.decided_minute: int | None = None
        self.decided_price: int | None = None
        self.entry: int | None = None
        self.entry_minute: int | None = None
        self.target = 0
        self.exit: int | None = None
        self.exit_minute: int | None = None
        self.exit_reason: str | None = None
        self.lowest = self.highest = 0

    def advance(self, following: State) -> None:
        self.state = advanced(self.state, following, self.strategy.strategy_id)

    def decide(self, decision: RiskDecision, price: int, minute: int) -> None:
        """Record what the risk manager said to a fill at `price`."""
        self.decision, self.decided_price, self.decided_minute = decision, price, minute

    def enter(self) -> None:
        """Fill as decided."""
        assert self.decided_price is not None  # noqa: S101 - the engine decides before it enters
        self.advance(State.ENTERED)
        self.entry, self.entry_minute = self.decided_price, self.decided_minute
        self.target = target_price(self.entry, self.stop, round(self.strategy.rr_target * 10))
        self.lowest = self.highest = self.entry

    def examine(self, bar: Bar) -> bool:
        """Look for the exit on one bar (turned), the fill bar of E1 and E3 included; True where it exits here."""
        is_fill_bar = bar.minute == self.entry_minute
        if not is_fill_bar:
            if bar.open < self.stop:
                self.lowest = bar.open
                return self._leave(bar.open, bar.minute, STOP_HIT)
            if bar.open >= self.target:
                self.highest = self.target
                return self._leave(self.target, bar.minute, TARGET_HIT)
        if bar.low <= self.stop:
            self.lowest = self.stop
            return self._leave(self.stop, bar.minute, STOP_HIT)
        if bar.low < self.lowest:
            self.lowest = bar.low
        if is_fill_bar and self.is_limit:
            return False  # the high may have come before the fill
        if bar.high >= self.target:
            self.highest = self.target
            return self._leave(self.target, bar.minute, TARGET_HIT)
        if bar.high > self.highest:
            self.highest = bar.high
        return False

    def scratch(self, bar: Bar, reason: str) -> None:
        """Close at the close of `bar` (turned)."""
        self._leave(bar.close, bar.minute, reason)

    def event(self, kind: EventType, minute: int, price: int | None, reason: str) -> TradeEvent:
        """What happened to this trade on the bar of `minute`; `price` in turned ticks."""
        return TradeEvent(
            event_type=kind,
            strategy_id=self.strategy_id,
            instrument=self.strategy.instrument,
            timestamp=dt.datetime.fromtimestamp(minute * 60, dt.UTC),
            price=self.points(price),
            direction=self.direction,
            contracts=self.contracts,
            reason=reason,
            decision=self.decision if kind in (EventType.ENTRY, EventType.REJECTION) else None,
        )

    def open_loss(self, price: int) -> float:
        """Dollars that closing at `price` (turned) would lose, costs included; 0 where it would gain."""
        assert self.entry is not None  # noqa: S101 - asked of open trades only
        one = (self.entry - price) * self.instrument.tick_value + self.instrument.friction
        return max(one, 0.0) * self.contracts

    def _leave(self, price: int, minute: int, reason: str) -> bool:
        self.advance(State.EXITED)
        self.exit, self.exit_minute, self.exit_reason = price, minute, reason
        return True

    # The design's names: prices in points, times in UTC.

    @property
    def strategy_id(self) -> str:
        return self.strategy.strategy_id

    @property
    def entry_model(self) -> str:
        return self.strategy.entry_model

    @property
    def direction(self) -> str:
        return self.orb.direction

    @property
    def contracts(self) -> int:
        """0 before the order is placed."""
        return 0 if self.size is None else self.size.contracts

    @property
    def confirm_needed(self) -> int:
        return self.strategy.confirm_bars

    @property
    def confirm_count(self) -> int:
        return min(self.orb.closes_outside, self.confirm_needed)

    @property
    def entry_ts(self) -> dt.datetime | None:
        return stamp(self.entry_minute)

    @property
    def exit_ts(self) -> dt.datetime | None:
        return stamp(self.exit_minute)

    @property
    def entry_price(self) -> float | None:
        return self.points(self.entry)

    @property
    def stop_price(self) -> float | None:
        return self.points(self.stop)

    @property
    def target_price(self) -> float | None:
        return None if self.entry is None else self.points(self.target)

    @property
    def exit_price(self) -> float | None:
        return self.points(self.exit)

    @property
    def outcome(self) -> str | None:
        return None if self.exit_reason is None else OUTCOMES[self.exit_reason]

    @property
    def pnl_r(self) -> float | None:
        """Result in R of one contract, which is that of all."""
        if self.entry is None or self.exit is None:
            return None
        return pnl_r(
            self.exit - self.entry, self.entry - self.stop, self.instrument.tick_value, self.instrument.friction
        )

    @property
    def pnl_dollars(self) -> float | None:
        if self.entry is None or self.exit is None:
            return None
        one = (self.exit - self.entry) * self.instrument.tick_value - self.instrument.friction
        return one * self.contracts

    @property
    def mae_r(self) -> float | None:
        return None if self.entry is None else self._excursion(self.entry - self.lowest)

    @property
    def mfe_r(self) -> float | None:
        return None if self.entry is None else self._excursion(self.highest - self.entry)

    def points(self, ticks: int | None) -> float | None:
        """A turned price the right way up, in points: the double that tables hold for it."""
        return None if ticks is None else self.orb.points(self.orb.sign * ticks)

    def _excursion(self, ticks: int) -> float:
        assert self.entry is not None  # noqa: S101 - asked after the entry only
        risk = self.entry - self.stop
        return excursion_r(ticks, risk, self.instrument.tick_value, self.instrument.friction)


def stamp(minute: int | None) -> dt.datetime | None:
    """A minute since the epoch as an aware UTC time."""
    return None if minute is None else dt.datetime.fromtimestamp(minute * 60, dt.UTC)
