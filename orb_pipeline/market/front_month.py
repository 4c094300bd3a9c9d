"""The front month of each trading day, fixed before the day opens (RULES.md section 2)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from orb_pipeline.market.contracts import expiry_of
from orb_pipeline.market.trading_day import Int64Array, day_numbers, minutes_of

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
    ranks, expiries = _ranks(names.astype(str).tolist(), str(landed["symbol"].iloc[0]))
    front = _front_months(days, ranks[numbers], landed["volume"].to_numpy(), expiries)
    unique_days, day_positions = np.unique(days, return_inverse=True)
    chosen = np.array([front.get(int(day), _NONE) for day in unique_days])
    is_front = ranks[numbers] == chosen[day_positions]
    bars: pd.DataFrame = landed[is_front].reset_index(drop=True)
    return bars


def _ranks(names: list[str], symbol: str) -> tuple[Int64Array, Int64Array]:
    """Position of each contract in the order of expiry, then name; and the expiry (an ordinal) at each position."""
    expiries = np.array([expiry_of(name, symbol).toordinal() for name in names], dtype=np.int64)
    order = sorted(range(len(names)), key=lambda index: (expiries[index], names[index]))
    ranks = np.empty(len(names), dtype=np.int64)
    ranks[order] = np.arange(len(names))
    return ranks, expiries[order]


def _front_months(
    days: Int64Array, ranks: Int64Array, volumes: npt.NDArray[np.int64], expiries: Int64Array
) -> dict[int, int]:
    """Rank of the front month of each trading day that has one.

    Ranks order contracts by expiry, then name, so the first of the highest volumes is also the one a tie goes to.
    """
    grouped = pd.DataFrame({"day": days, "rank": ranks, "volume": volumes}).groupby(["day", "rank"])["volume"]
    table = grouped.agg(["sum", "size"]).reset_index()
    table_days, first = np.unique(table["day"].to_numpy(), return_index=True)
    of_day = np.append(first, len(table))
    traded, traded_volumes, bars = (table[column].to_numpy() for column in ("rank", "sum", "size"))
    front: dict[int, int] = {}
    last_expiry, reference = 0, slice(0, 0)
    for index, day in enumerate(table_days.tolist()):
        today = slice(of_day[index], of_day[index + 1])
        candidates = traded[reference]
        eligible = expiries[candidates] >= last_expiry
        if eligible.any():
            chosen = candidates[eligible][np.argmax(traded_volumes[reference][eligible])]
            if chosen in traded[today]:
                front[day] = int(chosen)
                last_expiry = expiries[chosen]
        if bars[today].sum() >= MIN_BARS_OF_REFERENCE_DAY:
            reference = today
    return front
