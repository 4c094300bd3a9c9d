"""One instrument on one day: its bars so far, its desks, and which of them a bar wakes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from orb_pipeline.catalogue import Instrument
from orb_pipeline.execution.context import DayContext, MarketDay
from orb_pipeline.execution.desk import UNLIMITED, Member, SessionDesk
from orb_pipeline.execution.trade import ActiveTrade
from orb_pipeline.rules.bars import Bar
from orb_pipeline.rules.filters import relative_volume


class Book:
    """One instrument's day.

    Attributes:
        wake: the first minute at which something begins whatever the price: a session, or `flat_by`.
        quiet_low, quiet_high: the band inside which no desk is touched.
    """

    __slots__ = (
        "_market",
        "_upcoming",
        "active",
        "bars",
        "context",
        "desks",
        "instrument",
        "is_flat",
        "quiet_high",
        "quiet_low",
        "wake",
    )

    def __init__(
        self, instrument: Instrument, context: DayContext, market: MarketDay, members: Sequence[Member]
    ) -> None:
        self.instrument = instrument
        self.context = context
        self._market = market
        self.bars: list[Bar] = []
        self.is_flat = False
        self.desks = []
        for window in market.windows:
            at_session = [member for member in members if member[1].orb_label == window.label]
            if at_session:
                self.desks.append(SessionDesk(window, instrument, at_session))
        self.active: list[SessionDesk] = []
        self._upcoming = list(reversed(self.desks))
        self.settle(context.first_minute - 1)

    def woken(self, bar: Bar) -> list[SessionDesk]:
        """Desks that this bar concerns."""
        while self._upcoming and self._upcoming[-1].orb.window.start <= bar.minute:
            self.active.append(self._upcoming.pop())
        return [desk for desk in self.active if bar.low < desk.quiet_low or bar.high > desk.quiet_high]

    def settle(self, minute: int, touched: Iterable[SessionDesk] = ()) -> None:
        """Find what the next bar has to do to wake a desk, after the bar of `minute`, which touched some."""
        for desk in touched:
            desk.settle(minute)
        self.active = [desk for desk in self.active if not desk.is_over]
        self.quiet_low = max((desk.quiet_low for desk in self.active), default=-UNLIMITED)
        self.quiet_high = min((desk.quiet_high for desk in self.active), default=UNLIMITED)
        start = self._upcoming[-1].orb.window.start if self._upcoming else UNLIMITED
        flat_by = self.context.flat_by
        self.wake = start if flat_by is None or self.is_flat else min(start, flat_by - 1)

    def open_trades(self) -> Iterator[tuple[SessionDesk, ActiveTrade]]:
        for desk in self.active:
            for trade in desk.open:
                yield desk, trade

    def open_loss(self) -> float:
        """Dollars that the open positions would lose at the worst price of the last bar."""
        return sum(trade.open_loss(desk.turned(self.bars[-1]).low) for desk, trade in self.open_trades())

    def relative_volume(self) -> float | None:
        """Of the last bar, against earlier ones at its minute of the local day (RULES.md section 6)."""
        opens, bar = self.context.first_minute, self.bars[-1]
        local_minutes = self._market.local_minutes
        local = local_minutes[bar.minute - opens]
        repeated = np.flatnonzero(local_minutes[: bar.minute - opens] == local)  # where DST puts the clock back
        today = [earlier.volume for earlier in self.bars if earlier.minute - opens in repeated] if len(repeated) else []
        return relative_volume(bar.volume, [*self._market.history.at(int(local)), *today])
