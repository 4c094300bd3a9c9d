"""The front month of each trading day, fixed before the day opens (RULES.md section 2)."""

from __future__ import annotations

from dataclasses import dataclass

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
    if landed["source_symbol"].nunique() <= 1:
        return landed
    traded = _Traded.of(landed)
    front, _ = _front_months(traded)
    bars: pd.DataFrame = landed[traded.ranks == front[traded.places]].reset_index(drop=True)
    return bars


def next_front_month(landed: pd.DataFrame) -> str | None:
    """The front month of the trading day after all those of `landed` (columns as above), if it trades that day.

    None where nothing is known yet. Where only one contract has ever landed it is that one.
    """
    contracts = landed["source_symbol"].unique()
    if len(contracts) <= 1:
        return str(contracts[0]) if len(contracts) else None
    traded = _Traded.of(landed)
    _, following = _front_months(traded)
    return None if following == _NONE else traded.names[following]


@dataclass(frozen=True)
class _Traded:
    """What was traded on each day of each contract.

    Attributes:
        names: contracts by rank: by expiry, then name; so the first of the highest volumes is the one a tie goes to.
        expiries: of each, an ordinal.
        bar_counts, volumes: [days, contracts], days in order of time.
        ranks, places: of each bar, its contract's rank and its day's position among all days.
    """

    names: list[str]
    expiries: Int64Array
    bar_counts: Int64Array
    volumes: npt.NDArray[np.float64]
    ranks: Int64Array
    places: Int64Array

    @classmethod
    def of(cls, landed: pd.DataFrame) -> _Traded:
        numbers, names = pd.factorize(landed["source_symbol"])
        days = day_numbers(minutes_of(landed["ts_utc"]))
        starts = day_starts(days)
        places = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(days)))
        rank_of, ordered, expiries = _ranks(names.astype(str).tolist(), str(landed["symbol"].iloc[0]))
        ranks = rank_of[numbers]
        cells = places * len(names) + ranks
        shape = (len(starts), len(names))
        bar_counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
        volumes = np.bincount(cells, weights=landed["volume"].to_numpy(np.float64), minlength=bar_counts.size)
        return cls(ordered, expiries, bar_counts, volumes.reshape(shape).astype(np.float64), ranks, places)


def _ranks(names: list[str], symbol: str) -> tuple[Int64Array, list[str], Int64Array]:
    """Of each contract its position in the order of expiry, then name; names and expiries (ordinals) in that order."""
    expiries = [expiry_of(name, symbol).toordinal() for name in names]
    order = sorted(range(len(names)), key=lambda index: (expiries[index], names[index]))
    ranks = np.empty(len(names), dtype=np.int64)
    ranks[order] = np.arange(len(names))
    return ranks, [names[index] for index in order], np.array([expiries[index] for index in order], dtype=np.int64)


def _front_months(traded: _Traded) -> tuple[Int64Array, int]:
    """Rank of each day's front month, _NONE where it has none; and that of the day that follows, should it trade."""
    front = np.full(len(traded.bar_counts), _NONE)
    last_expiry, reference, chosen = 0, None, _NONE
    for day, bar_counts in enumerate(traded.bar_counts):
        if chosen != _NONE and bar_counts[chosen]:
            front[day], last_expiry = chosen, int(traded.expiries[chosen])
        if bar_counts.sum() >= MIN_BARS_OF_REFERENCE_DAY:
            reference = day
        if reference is not None:
            chosen = _choice(traded, reference, last_expiry)
    return front, chosen


def _choice(traded: _Traded, reference: int, last_expiry: int) -> int:
    """The contract with the highest volume on the reference day, of those that expire no earlier than the last one."""
    candidates = np.flatnonzero((traded.bar_counts[reference] > 0) & (traded.expiries >= last_expiry))
    return int(candidates[np.argmax(traded.volumes[reference][candidates])]) if len(candidates) else _NONE
