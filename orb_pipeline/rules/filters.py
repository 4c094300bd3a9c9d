"""Day-and-session eligibility, known when the break bar closes (RULES.md section 6)."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from orb_pipeline.catalogue.models import NO_FILTER, VOLUME_FILTER, Instrument
from orb_pipeline.market.ticks import ticks_at_least

VOLUME_LOOKBACK = 20  # earlier bars at the same minute of day
VOLUME_MIN_BARS = 10
VOLUME_MIN_RATIO = 1.2


def range_limits(filter_name: str, instrument: Instrument) -> tuple[int, int] | None:
    """[at least, less than) range sizes in ticks that a range filter lets through; None for the other filters."""
    if filter_name in (NO_FILTER, VOLUME_FILTER):
        return None
    threshold = ticks_at_least(instrument.range_filters[filter_name], instrument.tick)
    unlimited = 1 << 62
    return (threshold, unlimited) if filter_name.startswith("ORB_G") else (0, threshold)


def relative_volume(break_volume: int, earlier_volumes: Sequence[int]) -> float | None:
    """The break bar's volume over the median of the last 20 earlier ones at its minute of day; None if unknowable."""
    recent = earlier_volumes[-VOLUME_LOOKBACK:]
    if len(recent) < VOLUME_MIN_BARS:
        return None
    median = statistics.median(recent)
    return break_volume / median if median > 0 else None


def is_eligible(filter_name: str, instrument: Instrument, range_ticks: int, relative: float | None) -> bool:
    """Whether a session with this range and break volume may be traded under the filter."""
    if filter_name == VOLUME_FILTER:
        return relative is not None and relative >= VOLUME_MIN_RATIO
    limits = range_limits(filter_name, instrument)
    return limits is None or limits[0] <= range_ticks < limits[1]
