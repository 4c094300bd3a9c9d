"""One session of one instrument on one day: its range, and the trades of the strategies that trade it.

A desk knows its quiet band: a bar whose low and high stay inside it changes nothing here. No range takes it in, no
close counts, no order fills, no trade exits or moves its excursions. So most bars cost two comparisons.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orb_pipeline.catalogue import Instrument
from orb_pipeline.execution.context import SessionWindow
from orb_pipeline.execution.live_orb import LiveORB
from orb_pipeline.execution.states import State
from orb_pipeline.execution.trade import ActiveTrade
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline.rules.bars import Bar, mirrored
from orb_pipeline.rules.filters import is_eligible

UNLIMITED = 1 << 62
Member = tuple[int, PortfolioStrategy]  # place in the portfolio, strategy


class SessionDesk:
    """Strategies at one session. `waiting` count closes, `working` have an order in the market, `open` a position."""

    __slots__ = (
        "_instrument",
        "_members",
        "finished",
        "open",
        "orb",
        "quiet_high",
        "quiet_low",
        "waiting",
        "working",
    )

    def __init__(self, window: SessionWindow, instrument: Instrument, members: Sequence[Member]) -> None:
        self._instrument = instrument
        self._members = members
        self.orb = LiveORB(window, instrument)
        self.waiting: list[ActiveTrade] = []
        self.working: list[ActiveTrade] = []
        self.open: list[ActiveTrade] = []
        self.finished: list[ActiveTrade] = []
        self.quiet_low, self.quiet_high = UNLIMITED, -UNLIMITED  # nothing is inside: every bar is looked at

    @property
    def is_over(self) -> bool:
        """Nothing more can happen here today."""
        return self.orb.state is State.DONE or (
            self.orb.state is State.ARMED and not (self.waiting or self.working or self.open)
        )

    def turned(self, bar: Bar) -> Bar:
        """`bar` turned so that the break is upward."""
        return mirrored(bar) if self.orb.sign < 0 else bar

    def due(self, bar: Bar) -> list[tuple[ActiveTrade, int | None]]:
        """Working orders that this bar (turned) decides, with their fill price; None: the order has lapsed."""
        decided: list[tuple[ActiveTrade, int | None]] = []
        for trade in self.working:
            if not trade.is_limit:
                decided.append((trade, bar.open if bar.open > trade.stop else None))
            elif bar.low <= self.orb.edge:
                decided.append((trade, self.orb.edge))
        return decided

    def exits(self, bar: Bar) -> list[ActiveTrade]:
        """Trades that exit on this bar (turned), excursions of the others brought up to date."""
        gone = [trade for trade in self.open if trade.examine(bar)]
        for trade in gone:
            self._finish(self.open, trade)
        return gone

    def observe(self, bar: Bar, relative_volume: Callable[[], float | None]) -> list[ActiveTrade]:
        """Range, break and confirmations take a bar (not turned); returns the trades it confirms.

        Args:
            relative_volume: of the break bar, asked for only where a filter needs it.
        """
        if self.orb.state in (State.IDLE, State.WATCHING):
            if not self.orb.take(bar):
                return []
            self._arm(relative_volume)
            count_before = 0
        elif self.waiting:
            count_before = self.orb.closes_outside
            self.orb.count(self.turned(bar).close)
        else:
            return []
        count = self.orb.closes_outside
        if bool(count) != bool(count_before):
            for trade in self.waiting:
                trade.advance(State.CONFIRMING if count else State.ARMED)
        confirmed = [trade for trade in self.waiting if trade.strategy.confirm_bars == count]
        for trade in confirmed:
            self.waiting.remove(trade)
        return confirmed

    def abandon(self, trade: ActiveTrade) -> None:
        """No fill, or a rejected one: the strategy is done for the day."""
        trade.advance(State.DONE)
        for group in (self.waiting, self.working):
            if trade in group:
                group.remove(trade)
        self.finished.append(trade)

    def scratch(self, trade: ActiveTrade, bar: Bar, reason: str) -> None:
        """Close an open trade at the close of `bar` (not turned)."""
        trade.scratch(self.turned(bar), reason)
        self._finish(self.open, trade)

    def settle(self, minute: int) -> None:
        """Find the quiet band that holds after the bar of `minute`."""
        if self.is_over:
            self.quiet_low, self.quiet_high = -UNLIMITED, UNLIMITED
        elif self.orb.state is State.ARMED:
            low, high = self._turned_band()
            self.quiet_low, self.quiet_high = (low, high) if self.orb.sign > 0 else (-high, -low)
        elif minute >= self.orb.window.range_end - 1 and self.orb.high is not None and self.orb.low is not None:
            self.quiet_low, self.quiet_high = self.orb.low, self.orb.high  # the range is complete

    def _turned_band(self) -> tuple[int, int]:
        low, high = -UNLIMITED, UNLIMITED
        if self.waiting:
            if self.orb.closes_outside:
                return UNLIMITED, -UNLIMITED
            high = self.orb.edge
        for trade in self.working:
            if not trade.is_limit:
                return UNLIMITED, -UNLIMITED
            low = self.orb.edge + 1
        for trade in self.open:
            low = max(low, trade.lowest)
            high = min(high, trade.highest)
        return low, high

    def _arm(self, relative_volume: Callable[[], float | None]) -> None:
        """A trade for each strategy whose filter lets this range and break through."""
        eligible: dict[str, bool] = {}
        size, instrument = self.orb.size_ticks, self._instrument
        for position, strategy in self._members:
            name = strategy.filter_type
            if name not in eligible:
                relative = relative_volume() if name.startswith("VOL") else None
                eligible[name] = is_eligible(name, instrument, size, relative)
            if eligible[name]:
                self.waiting.append(ActiveTrade(position, strategy, instrument, self.orb))

    def _finish(self, group: list[ActiveTrade], trade: ActiveTrade) -> None:
        group.remove(trade)
        self.finished.append(trade)
