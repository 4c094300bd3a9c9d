"""What research looks at: one instrument's bars under one set of sessions and one grid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from orb_pipeline.catalogue.models import Grid, Instrument, SessionSet
from orb_pipeline.research.grid import SessionBreaks, find_session_breaks, run_grid
from orb_pipeline.research.series import BarSeries, Windows
from orb_pipeline.rules.entries import LIMIT_MODEL, TRADE_THROUGH_TICKS


@dataclass(frozen=True)
class Study:
    """A bar series and how it is cut into sessions; ranges and breaks are found once, when first asked for.

    Attributes:
        day: the trading day (days since the epoch) whose sessions are studied, under all of the bars; None: every day.
    """

    series: BarSeries
    instrument: Instrument
    session_set: SessionSet
    grid: Grid
    day: int | None = None

    @classmethod
    def of(cls, bars: pd.DataFrame, instrument: Instrument, session_set: SessionSet, grid: Grid) -> Study:
        """The study of a `bars_1m` frame; raises what BarSeries.of raises."""
        return cls(BarSeries.of(bars, instrument, session_set), instrument, session_set, grid)

    @cached_property
    def windows(self) -> Windows:
        windows = Windows.of(self.series, self.session_set, self.grid)
        return windows if self.day is None else windows.part(np.flatnonzero(windows.days == self.day))

    @cached_property
    def breaks(self) -> SessionBreaks:
        return find_session_breaks(self.series, self.windows)

    def trades(self, through_ticks: int = 0) -> npt.NDArray[Any]:
        """Outcomes of the whole grid, see grid.run_grid; computed anew each time, for they are many."""
        return run_grid(self.series, self.breaks, self.instrument, self.grid, through_ticks)

    def trades_through(self) -> npt.NDArray[Any] | None:
        """Outcomes of E3 alone, filled only where price trades through the limit; None where the grid has no E3."""
        if LIMIT_MODEL not in self.grid.entry_models:
            return None
        limits = self.grid.model_copy(update={"entry_models": (LIMIT_MODEL,)})
        return run_grid(self.series, self.breaks, self.instrument, limits, TRADE_THROUGH_TICKS)

    def on(self, day: int) -> Study:
        """The study of one trading day: its sessions alone, but with all bars before it for what looks back."""
        return replace(self, day=day)

    def part(self, first: int, last: int) -> Study:
        """The study of bars [first, last) alone, which knows of no other."""
        return replace(self, series=self.series.part(first, last))
