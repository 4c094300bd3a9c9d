"""From entry to exit (RULES.md section 4), written for a long: shorts come in as mirrored bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from orb_pipeline.rules.bars import Bar
from orb_pipeline.rules.entries import Entry

Outcome = Literal["win", "loss", "scratch"]


@dataclass(frozen=True)
class Exit:
    """How a trade ended: the bar, the price and the excursions from entry, in ticks (>= 0)."""

    outcome: Outcome
    index: int
    price: int
    adverse: int
    favourable: int


def find_exit(day: Sequence[Bar], entry: Entry, stop: int, target: int) -> Exit:
    """Examine the bars in order; on each: an open beyond the stop, an open beyond the target, the stop, the target."""
    adverse = favourable = 0
    for index in range(entry.first_examined, len(day)):
        bar = day[index]
        is_fill_bar = index == entry.index
        if not is_fill_bar and bar.open < stop:
            return Exit("loss", index, bar.open, max(adverse, entry.price - bar.open), favourable)
        if not is_fill_bar and bar.open >= target:
            return Exit("win", index, target, adverse, target - entry.price)
        if bar.low <= stop:
            return Exit("loss", index, stop, entry.price - stop, favourable)
        adverse = max(adverse, entry.price - bar.low)
        if is_fill_bar and entry.is_filled_by_limit:
            continue  # the high may have come before the fill
        if bar.high >= target:
            return Exit("win", index, target, adverse, target - entry.price)
        favourable = max(favourable, bar.high - entry.price)
    return Exit("scratch", len(day) - 1, day[-1].close, adverse, favourable)
