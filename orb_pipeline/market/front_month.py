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
    return Choice.before_all(landed).bars(landed)


@dataclass(frozen=True)
class Choice:
    """How far the choice of front months has come: what days so far leave to those that follow.

    Attributes:
        contracts: all that have landed so far.
        reference: bars of the last day that can choose, of every contract; all bars so far where none can. Columns of
            storage.tables.LANDED_BARS.
        last_expiry: of the last front month that was traded, as an ordinal; 0 before there was one.
        since: the first day (days since the epoch) after one that can choose; None: none could yet.
    """

    contracts: frozenset[str]
    reference: pd.DataFrame
    last_expiry: int = 0
    since: int | None = None

    @classmethod
    def before_all(cls, landed: pd.DataFrame) -> Choice:
        """Before anything has landed; of `landed` only the columns count."""
        return cls(frozenset(), landed.iloc[:0])

    @property
    def front_month(self) -> str | None:
        """Of the day that follows, should it trade; None where nothing is known yet."""
        if len(self.contracts) <= 1:
            return next(iter(self.contracts), None)
        traded = _Traded.of(self.reference)
        following = _front_months(traded, self.last_expiry).following
        return None if following == _NONE else traded.names[following]

    def bars(self, landed: pd.DataFrame) -> pd.DataFrame:
        """Of `landed`, bars of whole days that follow, those of their day's front month."""
        if len(self._contracts_with(landed)) <= 1:
            return landed
        traded = _Traded.of(self._joined(landed))
        front = _front_months(traded, self.last_expiry).front
        is_front = traded.ranks == front[traded.places]
        bars: pd.DataFrame = landed[is_front[len(self.reference) :]].reset_index(drop=True)
        return bars

    def after(self, landed: pd.DataFrame) -> Choice:
        """After `landed`, bars of whole days that follow."""
        if landed.empty:
            return self
        joined = self._joined(landed)
        traded = _Traded.of(joined)
        found = _front_months(traded, self.last_expiry)
        contracts = self._contracts_with(landed)
        if found.reference is None:
            return Choice(contracts, joined, found.last_expiry)
        since = int(traded.days[traded.can_choose][0]) + 1 if self.since is None else self.since
        reference = joined[traded.places == found.reference].reset_index(drop=True)
        return Choice(contracts, reference, found.last_expiry, since)

    def of_chosen_days(self, bars: pd.DataFrame) -> pd.DataFrame:
        """Of `bars`, earlier ones of a contract that was the only one, those of days that a choice was possible for."""
        if self.since is None:
            return bars.iloc[:0]
        chosen: pd.DataFrame = bars[day_numbers(minutes_of(bars["ts_utc"])) >= self.since]
        return chosen

    def _joined(self, landed: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([self.reference, landed], ignore_index=True) if len(self.reference) else landed

    def _contracts_with(self, landed: pd.DataFrame) -> frozenset[str]:
        return self.contracts | frozenset(landed["source_symbol"].unique())


@dataclass(frozen=True)
class _Traded:
    """What was traded on each day of each contract.

    Attributes:
        names: contracts by rank: by expiry, then name; so the first of the highest volumes is the one a tie goes to.
        expiries: of each, an ordinal.
        days: since the epoch, in order.
        bar_counts, volumes: [days, contracts].
        ranks, places: of each bar, its contract's rank and its day's position among all days.
    """

    names: list[str]
    expiries: Int64Array
    days: Int64Array
    bar_counts: Int64Array
    volumes: npt.NDArray[np.float64]
    ranks: Int64Array
    places: Int64Array

    @property
    def can_choose(self) -> npt.NDArray[np.bool_]:
        """[days]: whether the day has enough bars to choose the front month of those after it."""
        enough: npt.NDArray[np.bool_] = self.bar_counts.sum(axis=1) >= MIN_BARS_OF_REFERENCE_DAY
        return enough

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
        by_day = volumes.reshape(shape).astype(np.float64)
        return cls(ordered, expiries, days[starts], bar_counts, by_day, ranks, places)


def _ranks(names: list[str], symbol: str) -> tuple[Int64Array, list[str], Int64Array]:
    """Of each contract its position in the order of expiry, then name; names and expiries (ordinals) in that order."""
    expiries = [expiry_of(name, symbol).toordinal() for name in names]
    order = sorted(range(len(names)), key=lambda index: (expiries[index], names[index]))
    ranks = np.empty(len(names), dtype=np.int64)
    ranks[order] = np.arange(len(names))
    return ranks, [names[index] for index in order], np.array([expiries[index] for index in order], dtype=np.int64)


@dataclass(frozen=True)
class _FrontMonths:
    """The choice, day by day.

    Attributes:
        front: rank of each day's front month, _NONE where it has none.
        following: that of the day that follows, should it trade.
        reference: position of the last day that can choose; None where none can.
        last_expiry: of the last front month that was traded.
    """

    front: Int64Array
    following: int
    reference: int | None
    last_expiry: int


def _front_months(traded: _Traded, last_expiry: int) -> _FrontMonths:
    """Of all days, the first of which comes after a front month that expires at `last_expiry`."""
    front = np.full(len(traded.bar_counts), _NONE)
    reference, chosen = None, _NONE
    for day, (bar_counts, can_choose) in enumerate(zip(traded.bar_counts, traded.can_choose, strict=True)):
        if chosen != _NONE and bar_counts[chosen]:
            front[day], last_expiry = chosen, int(traded.expiries[chosen])
        if can_choose:
            reference = day
        if reference is not None:
            chosen = _choice(traded, reference, last_expiry)
    return _FrontMonths(front, chosen, reference, last_expiry)


def _choice(traded: _Traded, reference: int, last_expiry: int) -> int:
    """The contract with the highest volume on the reference day, of those that expire no earlier than the last one."""
    candidates = np.flatnonzero((traded.bar_counts[reference] > 0) & (traded.expiries >= last_expiry))
    return int(candidates[np.argmax(traded.volumes[reference][candidates])]) if len(candidates) else _NONE
