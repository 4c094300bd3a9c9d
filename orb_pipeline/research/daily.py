"""The daily series of strategies (RULES.md section 9): what each made on every trading day, in R."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from orb_pipeline.catalogue.models import Grid, Instrument
from orb_pipeline.errors import InputError
from orb_pipeline.research.eligibility import eligibility

Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class DailySeries:
    """Two frames of one shape: a row for each trading day (datetime64, in order), a column for each strategy_id.

    Attributes:
        pnl_r: R of the day's trade; 0 where the day was eligible and no trade filled; NaN where it was not eligible.
        traded: whether a trade filled.
    """

    pnl_r: pd.DataFrame
    traded: pd.DataFrame


def daily_series(
    outcomes: pa.Table, features: pd.DataFrame, strategies: pd.DataFrame, instrument: Instrument, grid: Grid
) -> DailySeries:
    """The series of some strategies of one instrument, over every trading day of `features`.

    Args:
        outcomes: `orb_outcomes`, at least trading_day, orb_label and pnl_r.
        features: the `daily_features` that they were built from.
        strategies: strategy_id, orb_label, entry_model, rr_target, confirm_bars, filter_type; gives the columns' order.

    Raises:
        InputError: outcomes and features do not belong together, or the grid does not hold a strategy.
    """
    wanted = _Wanted.of(strategies, instrument, grid)
    sessions = _Sessions.of(outcomes, features, instrument, grid)
    shape = (len(strategies), len(sessions.days))
    pnl_r, traded = np.empty(shape), np.empty(shape, dtype=np.bool_)
    for label in np.unique(wanted.labels):
        rows = np.flatnonzero(wanted.labels == label)
        results, filled, allowed = sessions.of_label(label)
        is_eligible = allowed[wanted.filters[rows]]
        pnl_r[rows] = np.where(is_eligible, results[wanted.places[rows]], np.nan)
        traded[rows] = is_eligible & filled[wanted.places[rows]]
    columns = pd.Index(strategies["strategy_id"].astype(object), name=None)
    return DailySeries(
        pd.DataFrame(pnl_r.T, index=sessions.days, columns=columns, copy=False),
        pd.DataFrame(traded.T, index=sessions.days, columns=columns, copy=False),
    )


def combine(series: Sequence[DailySeries]) -> DailySeries:
    """The series of several instruments side by side, over the days of any; NaN and False where one has no such day."""
    no_days = np.empty(0, dtype="datetime64[s]")
    days = _day_index(np.unique(np.concatenate([no_days, *(part.pnl_r.index.to_numpy() for part in series)])))
    if not series:
        return DailySeries(pd.DataFrame(index=days, dtype=np.float64), pd.DataFrame(index=days, dtype=np.bool_))
    return DailySeries(
        pd.concat([part.pnl_r.reindex(days) for part in series], axis=1),
        pd.concat([part.traded.reindex(days, fill_value=False) for part in series], axis=1),
    )


def _day_index(days: npt.NDArray[np.datetime64]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(days.astype("datetime64[s]"), name="trading_day")


@dataclass(frozen=True)
class _Wanted:
    """One entry a strategy: its session, and its places among the grid's combinations and filters."""

    labels: npt.NDArray[Any]
    places: Places
    filters: Places

    @classmethod
    def of(cls, strategies: pd.DataFrame, instrument: Instrument, grid: Grid) -> _Wanted:
        names = ["entry_model", "confirm_bars", "rr_target", "filter_type"]
        axes = zip(strategies["strategy_id"], *(strategies[name] for name in names), strict=True)
        places, filters = [], []
        for strategy_id, entry_model, confirm_bars, rr_target, filter_type in axes:
            try:
                places.append(grid.place_of(entry_model, confirm_bars, rr_target))
                filters.append(grid.filters.index(filter_type))
            except ValueError:
                message = (
                    f"The grid does not hold strategy {strategy_id}, so orb_outcomes have no trade of it. "
                    f"Retire what the grid lost: run `orb run --instrument {instrument.symbol}`."
                )
                raise InputError(message) from None
        labels = strategies["orb_label"].astype(object).to_numpy()
        return cls(labels, np.array(places, dtype=np.intp), np.array(filters, dtype=np.intp))


@dataclass(frozen=True)
class _Sessions:
    """The rows of `daily_features`, each with its day, its block of outcomes and the filters that let it through.

    Attributes:
        days: trading days in order.
        labels, day_places, broken, allowed: one entry a row; allowed is [rows, filters].
        results: [broken rows, combinations], R, NaN where no trade filled.
    """

    days: pd.DatetimeIndex
    labels: npt.NDArray[Any]
    day_places: Places
    broken: BoolArray
    allowed: BoolArray
    results: Float64Array

    @classmethod
    def of(cls, outcomes: pa.Table, features: pd.DataFrame, instrument: Instrument, grid: Grid) -> _Sessions:
        _check_they_belong_together(outcomes, features, instrument, grid)
        days, day_places = np.unique(features["trading_day"].to_numpy("datetime64[s]"), return_inverse=True)
        results = np.asarray(outcomes["pnl_r"].to_numpy(zero_copy_only=False), dtype=np.float64)
        return cls(
            _day_index(days),
            features["orb_label"].astype(object).to_numpy(),
            day_places,
            features["break_dir"].notna().to_numpy(),
            eligibility(features, instrument, grid),
            results.reshape(-1, grid.combinations),
        )

    def of_label(self, label: str) -> tuple[Float64Array, BoolArray, BoolArray]:
        """Of a session: R (0: no trade) and what filled [combinations, days], and what is eligible [filters, days]."""
        mine = self.labels == label
        blocks = mine[self.broken]
        results = np.full((self.results.shape[1], len(self.days)), np.nan)
        results[:, self.day_places[mine & self.broken]] = self.results[blocks].T
        filled = ~np.isnan(results)
        allowed = np.zeros((self.allowed.shape[1], len(self.days)), dtype=np.bool_)
        allowed[:, self.day_places[mine]] = self.allowed[mine].T
        return np.where(filled, results, 0.0), filled, allowed


def _check_they_belong_together(outcomes: pa.Table, features: pd.DataFrame, instrument: Instrument, grid: Grid) -> None:
    broken = features.loc[features["break_dir"].notna(), ["trading_day", "orb_label"]]
    if len(outcomes) == len(broken) * grid.combinations:
        heads = pa.array(np.arange(0, len(outcomes), grid.combinations))
        found = outcomes.select(["trading_day", "orb_label"]).take(heads).to_pandas(date_as_object=False)
        same_days = found["trading_day"].to_numpy("datetime64[D]") == broken["trading_day"].to_numpy("datetime64[D]")
        same_labels = found["orb_label"].astype(object).to_numpy() == broken["orb_label"].astype(object).to_numpy()
        if np.all(same_days & same_labels):
            return
    message = (
        f"orb_outcomes of {instrument.symbol} have {len(outcomes)} rows that are not {grid.combinations} for each of "
        f"the {len(broken)} breaks in daily_features. One of them is stale: "
        f"run `orb run --instrument {instrument.symbol}`."
    )
    raise InputError(message)
