"""The opening range and its break (RULES.md section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from orb_pipeline.rules.bars import Bar

Direction = Literal["long", "short"]


@dataclass(frozen=True)
class OpeningRange:
    """High and low of the bars in [start, end), in ticks; `start` and `end` in minutes since the epoch."""

    start: int
    end: int
    high: int
    low: int

    @property
    def size(self) -> int:
        return self.high - self.low


@dataclass(frozen=True)
class Break:
    """The first close outside the range: its direction, and its bar's place in the day."""

    direction: Direction
    index: int


def find_range(day: Sequence[Bar], start: int, orb_minutes: int) -> OpeningRange | None:
    """The range of the session that starts at `start`; None where no bar lies inside."""
    end = start + orb_minutes
    inside = [bar for bar in day if start <= bar.minute < end]
    if not inside:
        return None
    return OpeningRange(start, end, max(bar.high for bar in inside), min(bar.low for bar in inside))


def find_break(day: Sequence[Bar], opening_range: OpeningRange, deadline: int) -> Break | None:
    """The first bar after the range and before `deadline` that closes strictly outside; a size of 0 never breaks."""
    if opening_range.size == 0:
        return None
    for index, bar in enumerate(day):
        if opening_range.end <= bar.minute < deadline:
            if bar.close > opening_range.high:
                return Break("long", index)
            if bar.close < opening_range.low:
                return Break("short", index)
    return None
