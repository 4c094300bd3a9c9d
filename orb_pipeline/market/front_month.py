"""The front month of each trading day, fixed before the day opens (RULES.md section 2)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from orb_pipeline.market.contracts import expiry_of
from orb_pipeline.market.trading_day import Int64Array, day_numbers, day_starts, minutes_of

MIN_BARS_OF_REFERENCE_DAY = 120  # of all outright contracts; a day with fewer does not choose the front month
_NONE = -1


def front_month_bars(landed: pd.DataFrame) -> pd.DataFrame:
    """The bars of `landed` that belong to their trading day's front month.

    Args:
        landed: bars of one instrument's outright contracts, columns of storage.tables.LANDED_BARS, sorted by `ts_utc`.

    Returns:
        the same columns; days without a front month have no rows.
    """
    if landed.empty:
        return landed
    numbers, names = pd.factorize(landed["source_symbol"])
    if len(names) == 1:
        return landed
    days = day_numbers(minutes_of(landed["ts_utc"]))
    starts = day_starts(days)
    places = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(days)))  # of each bar's day among all days
    ranks, expiries = _ranks(names.astype(str).tolist(), str(landed["symbol"].iloc[0]))
    cells = places * len(names) + ranks[numbers]
    shape = (len(starts), len(names))
    bar_counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
    volumes = np.bincount(cells, weights=landed["volume"].to_numpy(np.float64), minlength=bar_counts.size)
    is_front = ranks[numbers] == _front_months(bar_counts, volumes.reshape(shape), expiries)[places]
    bars: pd.DataFrame = landed[is_front].reset_index(drop=True)
    return bars


def _ranks(names: list[str], symbol: str) -> tuple[Int64Array, Int64Array]:
    """Position of each contract in the order of expiry, then name; and the expiry (an ordinal) at each position."""
    expiries = np.array([expiry_of(name, symbol).toordinal() for name in names], dtype=np.int64)
    order = sorted(range(len(names)), key=lambda index: (expiries[index], names[index]))
    ranks = np.empty(len(names), dtype=np.int64)
    ranks[order] = np.arange(len(names))
    return ranks, expiries[order]


def _front_months(bar_counts: Int64Array, volumes: npt.NDArray[Any], expiries: Int64Array) -> Int64Array:
    """Rank of each day's front month, _NONE where it has none.

    Args:
        bar_counts, volumes: [days, contracts], days in order of time, contracts by rank: by expiry, then name; so the
            first of the highest volumes is also the one a tie goes to.
    """
    front = np.full(len(bar_counts), _NONE)
    last_expiry, reference = 0, None
    for day, traded in enumerate(bar_counts):
        if reference is not None:
            candidates = np.flatnonzero((bar_counts[reference] > 0) & (expiries >= last_expiry))
            chosen = candidates[np.argmax(volumes[reference][candidates])] if len(candidates) else _NONE
            if chosen != _NONE and traded[chosen]:
                front[day], last_expiry = chosen, expiries[chosen]
        if traded.sum() >= MIN_BARS_OF_REFERENCE_DAY:
            reference = day
    return front
