"""The check against look-ahead: cut off what comes after a decision, compute again, and expect the known to stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from orb_pipeline.catalogue.models import Grid, Instrument, SessionSet
from orb_pipeline.market.trading_day import Int64Array
from orb_pipeline.research.features import features_frame
from orb_pipeline.research.findings import Comparison, Findings, sampled
from orb_pipeline.research.grid import SessionBreaks, find_session_breaks, run_grid
from orb_pipeline.research.outcomes import outcomes_table
from orb_pipeline.research.series import BarSeries, Windows

WHOLE_DAY_CUTS = 4  # each recomputes all history before it; the last one is the whole data set
_ENTRY_FIELDS = ["entry_bar", "entry", "stop", "target"]
_ALL_FIELDS = [*_ENTRY_FIELDS, "outcome", "exit_bar", "exit", "adverse", "favourable", "pnl_r", "mae_r", "mfe_r"]


def find_lookahead(
    bars: pd.DataFrame,
    features: pd.DataFrame,
    outcomes: pa.Table,
    instrument: Instrument,
    session_set: SessionSet,
    grid: Grid,
    days: int,
) -> Findings:
    """Recompute features and outcomes with the future cut off, and list what changes.

    Whole days: everything after a few days is cut, and every row up to there must stand as stored. Inside the day, on
    `days` sampled days: cut behind each break, confirm and fill bar; ranges, breaks, relative volumes and entries up to
    it, and exits reached by then, must be the same, and nothing may be known that comes later.
    """
    series = BarSeries.of(bars, instrument, session_set)
    check = _Check(series, features, outcomes, instrument, session_set, grid, Comparison())
    found = find_session_breaks(series, Windows.of(series, session_set, grid))
    for day in sampled(series.days, WHOLE_DAY_CUTS + 1)[1:]:
        check.whole_days_up_to(int(day))
    trades = run_grid(series, found, instrument, grid)
    for day in sampled(found.windows.days[found.broken], days):
        check.inside(int(day), found, trades)
    return check.comparison.findings()


@dataclass(frozen=True)
class _Check:
    series: BarSeries
    features: pd.DataFrame
    outcomes: pa.Table
    instrument: Instrument
    session_set: SessionSet
    grid: Grid
    comparison: Comparison

    def whole_days_up_to(self, day: int) -> None:
        """The stored rows up to `day` equal those computed from its bars and earlier ones alone."""
        known = self.series.part(0, int(self.series.days.searchsorted(day, side="right")))
        found = find_session_breaks(known, Windows.of(known, self.session_set, self.grid))
        features = features_frame(known, found, self.instrument, self.grid)
        for column in features.columns:
            stored = self.features[column].iloc[: len(features)]
            self.comparison.check_arrays(day, "", column, _plain(stored), _plain(features[column]))
        trades = run_grid(known, found, self.instrument, self.grid)
        outcomes = outcomes_table(known, found, trades, self.instrument, self.grid)
        for column in outcomes.column_names:
            stored = self.outcomes[column].slice(0, len(outcomes)).cast(_decoded(outcomes[column].type))
            same = stored.equals(outcomes[column].cast(stored.type))
            self.comparison.check(day, "", f"orb_outcomes.{column} up to this day", True, same)

    def inside(self, day: int, found: SessionBreaks, trades: npt.NDArray[Any]) -> None:
        """Cut behind each decision bar of the day."""
        sessions = np.flatnonzero(found.windows.days == day)
        broken_rows = np.flatnonzero(np.isin(found.broken, sessions))
        breaks = found.breaks[sessions]
        decisions = np.unique(np.concatenate([breaks, trades[broken_rows]["entry_bar"].ravel()]))
        day_start = int(self.series.days.searchsorted(day))
        for bar in decisions[decisions >= 0].tolist():
            # Relative volume needs the history before the day, and is known at a break.
            cut = _Cut(day, bar, 0 if bar in breaks else day_start, sessions, broken_rows)
            known = self.series.part(cut.origin, bar + 1)
            now = find_session_breaks(known, found.windows.part(sessions))
            self._compare_sessions(cut, found, now)
            self._compare_trades(cut, found, trades, now, run_grid(known, now, self.instrument, self.grid))

    def _compare_sessions(self, cut: _Cut, full: SessionBreaks, now: SessionBreaks) -> None:
        """Ranges, breaks and relative volumes known at the cut; `now` was computed from the bars up to it alone."""
        for place, session in enumerate(cut.sessions):
            label = full.windows.label_names[full.windows.labels[session]]
            if full.windows.range_ends[session] <= self.series.minutes[cut.bar] + 1:
                for name in ("has_range", "orb_high", "orb_low"):
                    self.comparison.check(cut.day, label, name, getattr(full, name)[session], getattr(now, name)[place])
            is_known = 0 <= full.breaks[session] <= cut.bar
            known_break = full.breaks[session] if is_known else -1
            self.comparison.check(cut.day, label, "break bar", known_break, cut.in_series(now.breaks[place]))
            if is_known:
                self.comparison.check(cut.day, label, "break_dir", full.directions[session], now.directions[place])
            if is_known and cut.origin == 0:
                volumes = (full.relative_volumes[session], now.relative_volumes[place])
                self.comparison.check(cut.day, label, "rel_volume", *volumes)

    def _compare_trades(
        self,
        cut: _Cut,
        full: SessionBreaks,
        full_trades: npt.NDArray[Any],
        now: SessionBreaks,
        trades: npt.NDArray[Any],
    ) -> None:
        """Entries made by the cut, and whole trades that had ended by it."""
        row_now = {int(cut.sessions[place]): row for row, place in enumerate(now.broken)}
        for row in cut.broken_rows:
            session = int(full.broken[row])
            if session not in row_now:
                continue  # not broken yet, as _compare_sessions has seen
            label = full.windows.label_names[full.windows.labels[session]]
            expected, seen = full_trades[row], trades[row_now[session]].copy()
            for name in ("entry_bar", "exit_bar"):
                seen[name] = cut.in_series(seen[name])
            entered = (expected["outcome"] != 0) & (expected["entry_bar"] <= cut.bar)
            self.comparison.check_arrays(cut.day, label, "entries", entered, seen["outcome"] != 0)
            closed = entered & (expected["exit_bar"] <= cut.bar)
            for mask, fields in ((entered, _ENTRY_FIELDS), (closed, _ALL_FIELDS)):
                for name in fields:
                    self.comparison.check_arrays(cut.day, label, name, expected[name][mask], seen[name][mask])


@dataclass(frozen=True)
class _Cut:
    """The series ends behind `bar`; computed again from bar `origin` on.

    Attributes:
        sessions: the day's sessions, as indices into the windows; broken_rows: the day's rows of the trades.
    """

    day: int
    bar: int
    origin: int
    sessions: Int64Array
    broken_rows: Int64Array

    def in_series(self, index: Any) -> Any:
        """Bar indices of the recomputed part as indices of the whole series; -1 stays."""
        return np.where(np.asarray(index) >= 0, np.asarray(index) + self.origin, index)[()]


def _decoded(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _plain(column: pd.Series[Any]) -> npt.NDArray[Any]:
    """Values that compare with `!=`, missing ones as one that differs from itself or as an empty string."""
    if isinstance(column.dtype, pd.CategoricalDtype | pd.StringDtype) or column.dtype == object:
        return column.astype(object).where(column.notna(), "").to_numpy(object)
    if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
        return column.to_numpy("datetime64[us]")
    return column.to_numpy(np.float64, na_value=np.nan)
