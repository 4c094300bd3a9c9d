"""Run the kernel over a series: sessions with their breaks, and the trades of the whole grid, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from orb_pipeline.catalogue.models import Grid, Instrument
from orb_pipeline.market.trading_day import Int64Array, day_open
from orb_pipeline.research.encoding import MODEL_CODES, NOWHERE, TRADE
from orb_pipeline.research.series import BarSeries, Windows


@dataclass(frozen=True)
class SessionBreaks:
    """Range and break of each session of `windows`; arrays of one entry a session.

    Attributes:
        has_range: a bar lies inside the range.
        orb_high, orb_low: ticks; meaningless without a range.
        directions: LONG, SHORT or 0, no break.
        breaks: index of the break bar, NOWHERE without one.
        relative_volumes: see RULES.md section 6; NaN without a break or where unknowable.
    """

    windows: Windows
    has_range: npt.NDArray[np.bool_]
    orb_high: Int64Array
    orb_low: Int64Array
    directions: Int64Array
    breaks: Int64Array
    relative_volumes: npt.NDArray[np.float64]

    @property
    def broken(self) -> Int64Array:
        """Indices of the sessions that broke."""
        return np.flatnonzero(self.directions)


def find_session_breaks(series: BarSeries, windows: Windows) -> SessionBreaks:
    from orb_pipeline.research import kernel  # numba loads only where it runs

    count = len(windows.starts)
    orb_high, orb_low, directions, breaks = (np.zeros(count, dtype=np.int64) for _ in range(4))
    has_range = np.zeros(count, dtype=np.bool_)
    first_bars = np.searchsorted(series.minutes, windows.starts)
    kernel.find_breaks(
        series.minutes,
        series.high,
        series.low,
        series.close,
        first_bars,
        np.minimum(windows.range_ends, day_open(windows.days + 1)),
        windows.deadlines,
        orb_high,
        orb_low,
        has_range,
        directions,
        breaks,
    )
    relative = np.full(count, np.nan)
    broken = np.flatnonzero(directions)
    order = broken[np.argsort(breaks[broken], kind="stable")]
    relative[order] = kernel.relative_volumes(series.local_minutes, series.volume, breaks[order])
    return SessionBreaks(windows, has_range, orb_high, orb_low, directions, breaks, relative)


def run_grid(
    series: BarSeries, found: SessionBreaks, instrument: Instrument, grid: Grid, through_ticks: int = 0
) -> npt.NDArray[Any]:
    """Trades of every broken session: array [broken, entry models, confirm counts, targets] of TRADE.

    Args:
        through_ticks: how far beyond its limit a bar must trade to fill E3; 0, the rule, is a touch.
    """
    from orb_pipeline.research import kernel

    broken = found.broken
    shape = (len(broken), len(grid.entry_models), len(grid.confirm_bars), len(grid.rr_targets))
    trades = np.zeros(shape, dtype=TRADE)
    trades["entry_bar"] = trades["exit_bar"] = NOWHERE
    breaks = found.breaks[broken]
    day_ends = np.searchsorted(series.days, series.days[breaks], side="right")
    kernel.run_grid(
        series.open,
        series.high,
        series.low,
        series.close,
        day_ends,
        breaks,
        found.directions[broken],
        found.orb_high[broken],
        found.orb_low[broken],
        np.array(grid.confirm_bars, dtype=np.int64),
        np.array([MODEL_CODES[model] for model in grid.entry_models], dtype=np.int64),
        np.array(grid.rr_tenths, dtype=np.int64),
        through_ticks,
        instrument.tick_value,
        instrument.friction,
        trades,
    )
    return trades
