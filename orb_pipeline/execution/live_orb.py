"""One session live: its range in formation, its break, and the run of closes outside it."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from orb_pipeline.catalogue import Instrument
from orb_pipeline.execution.context import SessionWindow
from orb_pipeline.execution.states import State, advanced
from orb_pipeline.rules.bars import Bar


class LiveORB:
    """A session's opening range as it stands after the bars so far. Prices in whole ticks, the right way up.

    Attributes:
        high, low: None before the range has a bar.
        sign: 1 after a break upward, -1 downward, 0 before.
        break_minute: open of the break bar.
        closes_outside: consecutive closes strictly outside in the break's direction, up to the last bar.
        state: IDLE, WATCHING, then ARMED from the break on, or DONE where no break can come any more.
    """

    __slots__ = (
        "_denominator",
        "_numerator",
        "break_minute",
        "closes_outside",
        "high",
        "instrument",
        "low",
        "sign",
        "state",
        "window",
    )

    def __init__(self, window: SessionWindow, instrument: Instrument) -> None:
        self.window = window
        self.instrument = instrument
        grid = Fraction(instrument.tick)
        self._numerator, self._denominator = grid.numerator, grid.denominator
        self.high: int | None = None
        self.low: int | None = None
        self.sign = 0
        self.break_minute: int | None = None
        self.closes_outside = 0
        self.state = State.IDLE

    def take(self, bar: Bar) -> bool:
        """Steps 3 and 4 of RULES.md section 5 up to the break, for a bar from the start on; True if it breaks here."""
        if self.state is State.IDLE:
            self._advance(State.WATCHING)
        if bar.minute < self.window.range_end:
            self.high = bar.high if self.high is None else max(self.high, bar.high)
            self.low = bar.low if self.low is None else min(self.low, bar.low)
            return False
        if self.high is None or self.low is None or self.high == self.low or bar.minute >= self.window.deadline:
            self._advance(State.DONE)
            return False
        if self.low <= bar.close <= self.high:
            return False
        self._advance(State.ARMED)
        self.sign = 1 if bar.close > self.high else -1
        self.break_minute = bar.minute
        self.closes_outside = 1
        return True

    def count(self, close: int) -> None:
        """Take a close after the break (turned so that the break is upward)."""
        self.closes_outside = self.closes_outside + 1 if close > self.edge else 0

    def end(self) -> None:
        """The day is over, or no entry may come any more."""
        if self.state in (State.IDLE, State.WATCHING):
            self._advance(State.DONE)

    @property
    def edge(self) -> int:
        """The broken edge, turned."""
        level = self.high if self.sign > 0 else self.low
        assert level is not None  # noqa: S101 - asked after the break only
        return self.sign * level

    @property
    def stop(self) -> int:
        """The opposite edge, turned."""
        level = self.low if self.sign > 0 else self.high
        assert level is not None  # noqa: S101 - asked after the break only
        return self.sign * level

    @property
    def size_ticks(self) -> int:
        return 0 if self.high is None or self.low is None else self.high - self.low

    @property
    def direction(self) -> str:
        return "long" if self.sign > 0 else "short"

    def points(self, ticks: int) -> float:
        """Whole ticks as the double that tables hold for that price."""
        return ticks * self._numerator / self._denominator

    # The design's names.

    @property
    def label(self) -> str:
        return self.window.label

    @property
    def window_start_utc(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.window.start * 60, dt.UTC)

    @property
    def window_end_utc(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.window.range_end * 60, dt.UTC)

    @property
    def size(self) -> float | None:
        """Points; None before the range has a bar."""
        return None if self.high is None else self.points(self.size_ticks)

    @property
    def break_dir(self) -> str | None:
        return self.direction if self.sign else None

    @property
    def break_ts(self) -> dt.datetime | None:
        return None if self.break_minute is None else dt.datetime.fromtimestamp(self.break_minute * 60, dt.UTC)

    def _advance(self, following: State) -> None:
        self.state = advanced(self.state, following, f"session {self.label}")
