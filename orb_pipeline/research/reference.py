"""Features and trades of single days by `orb_pipeline.rules`, slowly: what gate and tests compare the kernel with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from orb_pipeline.catalogue.models import Grid, Instrument
from orb_pipeline.research.series import BarSeries
from orb_pipeline.rules.bars import Bar
from orb_pipeline.rules.filters import relative_volume
from orb_pipeline.rules.ranges import Break, OpeningRange, find_break, find_range
from orb_pipeline.rules.trades import LongView, Trade, trade_of


@dataclass(frozen=True)
class ReferenceSession:
    """What the rules say of one session of one day: trades in the order entry models x confirm counts x targets."""

    opening_range: OpeningRange | None
    broken: Break | None
    relative_volume: float | None
    trades: list[Trade | None]


def day_bars(series: BarSeries, day: int) -> list[Bar]:
    """The bars of one trading day (days since the epoch)."""
    first, last = series.days.searchsorted([day, day + 1])
    columns = (series.minutes, series.open, series.high, series.low, series.close, series.volume)
    return [Bar(*values) for values in zip(*(column[first:last].tolist() for column in columns), strict=True)]


def reference_session(
    series: BarSeries,
    day: int,
    start: int,
    deadline: int,
    instrument: Instrument,
    grid: Grid,
    through_ticks: int = 0,
) -> ReferenceSession:
    """One session of trading day `day`; `start`, `deadline` in minutes since the epoch, `through_ticks` as run_grid."""
    bars = day_bars(series, day)
    opening_range = find_range(bars, start, grid.orb_minutes)
    broken = find_break(bars, opening_range, deadline) if opening_range else None
    if opening_range is None or broken is None:
        return ReferenceSession(opening_range, None, None, [])
    trades = list(_trades(LongView.of(bars, opening_range, broken), instrument, grid, through_ticks))
    relative = relative_volume(bars[broken.index].volume, _earlier_volumes(series, bars[broken.index].minute))
    return ReferenceSession(opening_range, broken, relative, trades)


def _trades(view: LongView, instrument: Instrument, grid: Grid, through_ticks: int) -> Iterator[Trade | None]:
    for model, confirm_bars, rr_tenths in product(grid.entry_models, grid.confirm_bars, grid.rr_tenths):
        yield trade_of(
            view,
            model=model,
            confirm_bars=confirm_bars,
            rr_tenths=rr_tenths,
            tick_value=instrument.tick_value,
            friction=instrument.friction,
            through_ticks=through_ticks,
        )


def _earlier_volumes(series: BarSeries, minute: int) -> list[int]:
    """Volumes of all earlier bars at the same local minute of day, in order of time."""
    index = int(series.minutes.searchsorted(minute))
    same = series.local_minutes[:index] == series.local_minutes[index]
    return [int(volume) for volume in series.volume[:index][same]]
