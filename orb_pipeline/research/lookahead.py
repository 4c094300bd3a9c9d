"""The check against look-ahead: cut off what comes after a decision, compute again, and expect the known to stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from orb_pipeline.market.trading_day import Int64Array
from orb_pipeline.research.encoding import NO_TRADE, NOWHERE
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.findings import Comparison, Findings, sampled
from orb_pipeline.research.grid import SessionBreaks, find_session_breaks, run_grid
from orb_pipeline.research.outcomes import outcomes_table
from orb_pipeline.research.study import Study

WHOLE_DAY_CUTS = 2  # each recomputes all history before it; the last one is the whole data set
_ENTRY_FIELDS = ["entry_bar", "entry", "stop", "target"]
_ALL_FIELDS = [*_ENTRY_FIELDS, "outcome", "exit_bar", "exit", "adverse", "favourable", "pnl_r", "mae_r", "mfe_r"]


def find_feature_lookahead(study: Study, features: pd.DataFrame, days: int) -> Findings:
    """Recompute features with the future cut off, and list what changes.

    Whole days: everything after a few days is cut, and every row up to there must stand as stored. Inside the day, on
    `days` sampled days: cut behind each break bar; ranges, breaks and relative volumes known by then must be the same,
    and no break may be known that comes later.
    """
    check = _Check(study, Comparison())
    for day, known in check.whole_day_cuts():
        recomputed = build_daily_features(known)
        for column in recomputed.columns:
            stored = _plain(features[column].iloc[: len(recomputed)])
            check.comparison.check_arrays(day, "", column, stored, _plain(recomputed[column]))
    for cut in check.cuts(days, lambda _, breaks: breaks):
        known_bars = study.series.part(0, cut.bar + 1)  # relative volume looks back before the day
        check.compare_sessions(cut, find_session_breaks(known_bars, study.windows.part(cut.sessions)))
    return check.comparison.findings()


def find_outcome_lookahead(study: Study, outcomes: pa.Table, days: int) -> Findings:
    """Recompute outcomes with the future cut off, and list what changes.

    Whole days: as for features. Inside the day, on `days` sampled days: cut behind each break, confirm and fill bar;
    entries made by then, and exits reached by then, must be the same, and no entry may be known that comes later.
    """
    check = _Check(study, Comparison())
    for day, known in check.whole_day_cuts():
        recomputed = outcomes_table(known, known.trades())
        for column in recomputed.column_names:
            stored = outcomes[column].slice(0, len(recomputed))
            plain = stored.cast(_decoded(stored.type))
            same = plain.equals(recomputed[column].cast(plain.type))
            check.comparison.check(day, "", f"{column} up to this day", True, same)
    trades = study.trades()
    fills = trades["entry_bar"].reshape(len(trades), -1)
    confirms = _confirm_bars(study)
    for cut in check.cuts(
        days, lambda rows, breaks: np.concatenate([breaks, confirms[rows].ravel(), fills[rows].ravel()])
    ):
        known_bars = study.series.part(cut.origin, cut.bar + 1)
        now = find_session_breaks(known_bars, study.windows.part(cut.sessions))
        check.compare_trades(cut, trades, now, run_grid(known_bars, now, study.instrument, study.grid))
    return check.comparison.findings()


def _confirm_bars(study: Study) -> Int64Array:
    """[breaks, ...] the confirm bar for each count of the grid: where E2 enters, whether the grid holds E2 or not."""
    confirming = replace(study, grid=study.grid.model_copy(update={"entry_models": ("E2",)}))
    return np.asarray(confirming.trades()["entry_bar"])


@dataclass(frozen=True)
class _Cut:
    """The series ends behind `bar`.

    Attributes:
        origin: the day's first bar.
        sessions: the day's sessions, as indices into the windows; broken_rows: the day's rows of the trades.
    """

    day: int
    bar: int
    origin: int
    sessions: Int64Array
    broken_rows: Int64Array


@dataclass(frozen=True)
class _Check:
    """The whole study, which knows all its future, and the comparison with parts that do not."""

    full: Study
    comparison: Comparison

    def whole_day_cuts(self) -> Iterator[tuple[int, Study]]:
        """(day, study of all bars up to its end); at last all bars, so everything stored is computed again once."""
        days = self.full.series.days
        for day in sampled(days, WHOLE_DAY_CUTS + 1)[1:]:
            yield int(day), self.full.part(0, int(days.searchsorted(day, side="right")))

    def cuts(self, days: int, decisions: Callable[[Int64Array, Int64Array], Int64Array]) -> Iterator[_Cut]:
        """Behind each bar that `decisions` names, given the rows of the day's trades and the day's break bars."""
        breaks = self.full.breaks
        for day in sampled(breaks.windows.days[breaks.broken], days):
            sessions = np.flatnonzero(breaks.windows.days == day)
            rows = np.flatnonzero(np.isin(breaks.broken, sessions))
            bars = np.unique(decisions(rows, breaks.breaks[sessions]))
            origin = int(self.full.series.days.searchsorted(day))
            for bar in bars[bars >= 0].tolist():
                yield _Cut(int(day), bar, origin, sessions, rows)

    def compare_sessions(self, cut: _Cut, now: SessionBreaks) -> None:
        """Ranges, breaks and relative volumes known at the cut; `now` was computed from all bars up to it."""
        full = self.full.breaks
        for place, session in enumerate(cut.sessions):
            label = full.windows.label_names[full.windows.labels[session]]
            if full.windows.range_ends[session] <= self.full.series.minutes[cut.bar] + 1:
                for name in ("has_range", "orb_high", "orb_low"):
                    self.comparison.check(cut.day, label, name, getattr(full, name)[session], getattr(now, name)[place])
            is_known = 0 <= full.breaks[session] <= cut.bar
            self.comparison.check(
                cut.day, label, "break", full.breaks[session] if is_known else NOWHERE, now.breaks[place]
            )
            if is_known:
                for name in ("directions", "relative_volumes"):
                    self.comparison.check(cut.day, label, name, getattr(full, name)[session], getattr(now, name)[place])

    def compare_trades(
        self, cut: _Cut, full_trades: npt.NDArray[Any], now: SessionBreaks, trades: npt.NDArray[Any]
    ) -> None:
        """Entries made by the cut, and whole trades that had ended by it; `now` counts bars from the cut's origin."""
        full = self.full.breaks
        row_now = {int(cut.sessions[place]): row for row, place in enumerate(now.broken)}
        for row in cut.broken_rows:
            session = int(full.broken[row])
            label = full.windows.label_names[full.windows.labels[session]]
            is_known = full.breaks[session] <= cut.bar
            self.comparison.check(cut.day, label, "is broken", bool(is_known), session in row_now)
            if session not in row_now:
                continue
            expected, seen = full_trades[row], trades[row_now[session]].copy()
            for name in ("entry_bar", "exit_bar"):
                seen[name][seen["outcome"] != NO_TRADE] += cut.origin
            entered = (expected["outcome"] != NO_TRADE) & (expected["entry_bar"] <= cut.bar)
            self.comparison.check_arrays(cut.day, label, "entries", entered, seen["outcome"] != NO_TRADE)
            closed = entered & (expected["exit_bar"] <= cut.bar)
            for mask, fields in ((entered, _ENTRY_FIELDS), (closed, _ALL_FIELDS)):
                for name in fields:
                    self.comparison.check_arrays(cut.day, label, name, expected[name][mask], seen[name][mask])


def _decoded(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _plain(column: pd.Series[Any]) -> npt.NDArray[Any]:
    """Values that compare with `!=`, missing ones as one that differs from itself or as an empty string."""
    if isinstance(column.dtype, pd.CategoricalDtype | pd.StringDtype) or column.dtype == object:
        return column.astype(object).where(column.notna(), "").to_numpy(object)
    if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
        return column.to_numpy("datetime64[us]")
    return column.to_numpy(np.float64, na_value=np.nan)
