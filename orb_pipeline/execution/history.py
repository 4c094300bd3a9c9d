"""Landed bars as days the engine can be fed with: each day's bars, and what was known before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import merge

import numpy as np

from orb_pipeline.execution.context import AccountDay, DayContext, MarketDay, SessionWindow
from orb_pipeline.market.sessions import local_minutes_of_day
from orb_pipeline.market.trading_day import MINUTES_PER_DAY, Int64Array, day_open, day_starts
from orb_pipeline.research.series import Windows
from orb_pipeline.research.study import Study
from orb_pipeline.rules.bars import Bar
from orb_pipeline.rules.filters import VOLUME_LOOKBACK


class VolumeIndex:
    """Volumes of a bar series by minute of the local day."""

    def __init__(self, local_minutes: Int64Array, volume: Int64Array) -> None:
        self._order = np.argsort(local_minutes, kind="stable")  # bar indices, minute by minute in order of time
        self._volume = volume[self._order]
        self._starts = np.searchsorted(local_minutes[self._order], np.arange(MINUTES_PER_DAY + 1))

    def before(self, bar: int, local_minute: int) -> list[int]:
        """Of the latest bars with an index below `bar`, in order of time."""
        first, last = self._starts[local_minute], self._starts[local_minute + 1]
        end = first + int(np.searchsorted(self._order[first:last], bar))
        volumes: list[int] = self._volume[max(first, end - VOLUME_LOOKBACK) : end].tolist()
        return volumes


@dataclass(frozen=True)
class VolumesBefore:
    """What a day knows of volumes: those of bars with an index below its first."""

    index: VolumeIndex
    first_bar: int

    def at(self, local_minute: int) -> Sequence[int]:
        return self.index.before(self.first_bar, int(local_minute))


class History:
    """One instrument's landed bars, cut into trading days.

    Args:
        study: bars of the front month under their sessions.
        front_months: contract of each trading day (days since the epoch); a day that is missing here is named by the
            instrument.
    """

    def __init__(self, study: Study, front_months: Mapping[int, str] | None = None) -> None:
        self.study = study
        self._front_months = front_months or {}
        series = study.series
        starts = day_starts(series.days)
        self.days = series.days[starts]
        ends = np.append(starts, len(series))[1:]
        self._bars = dict(zip(self.days.tolist(), zip(starts.tolist(), ends.tolist(), strict=True), strict=True))
        self._windows = windows_by_day(study.windows)

    @property
    def symbol(self) -> str:
        return self.study.instrument.symbol

    def bars(self, day: int) -> list[Bar]:
        """The day's bars in order of time; none where it has none."""
        first, last = self._bars.get(day, (0, 0))
        series = self.study.series
        columns = (series.minutes, series.open, series.high, series.low, series.close, series.volume)
        return list(map(Bar._make, zip(*(column[first:last].tolist() for column in columns), strict=True)))

    def market_day(self, day: int) -> MarketDay:
        return MarketDay(
            front_month=self._front_months.get(day, self.symbol),
            windows=self._windows.get(day, ()),
            local_minutes=self._local_minutes[int(np.searchsorted(self.days, day))],
            history=VolumesBefore(self._volumes, self._bars[day][0]),
        )

    def has(self, day: int) -> bool:
        return day in self._bars

    @cached_property
    def _volumes(self) -> VolumeIndex:
        return VolumeIndex(self.study.series.local_minutes, self.study.series.volume)

    @cached_property
    def _local_minutes(self) -> Int64Array:
        """[days, minutes of the day]."""
        minutes = day_open(self.days)[:, None] + np.arange(MINUTES_PER_DAY)
        return local_minutes_of_day(self.study.session_set.zone, minutes.ravel()).reshape(minutes.shape)


def days_of(histories: Iterable[History], first: int | None = None, last: int | None = None) -> list[int]:
    """Trading days on which at least one of them has bars, from `first` to `last`."""
    days: Int64Array = np.unique(np.concatenate([np.empty(0, np.int64), *(history.days for history in histories)]))
    low, high = -np.inf if first is None else first, np.inf if last is None else last
    return [day for day in days.tolist() if low <= day <= high]


def context_of(
    histories: Mapping[str, History], day: int, account: AccountDay, flat_by: int | None = None
) -> DayContext:
    """What is known before `day` opens; instruments without a bar on it are left out."""
    markets = {symbol: history.market_day(day) for symbol, history in histories.items() if history.has(day)}
    return DayContext(day, markets, account, flat_by)


def bars_in_order(histories: Mapping[str, History], day: int) -> Iterator[tuple[str, Bar]]:
    """The day's bars of all instruments in order of time, within a minute in the order of the symbols."""
    streams = [_labelled(symbol, histories[symbol].bars(day)) for symbol in sorted(histories)]
    if len(streams) == 1:
        return streams[0]
    return merge(*streams, key=lambda item: (item[1].minute, item[0]))


def _labelled(symbol: str, bars: Iterable[Bar]) -> Iterator[tuple[str, Bar]]:
    return ((symbol, bar) for bar in bars)


def windows_by_day(windows: Windows) -> dict[int, tuple[SessionWindow, ...]]:
    """Trading day -> its sessions in order of time."""
    ends = np.minimum(windows.range_ends, day_open(windows.days + 1))
    by_day: dict[int, list[SessionWindow]] = {}
    columns = (windows.days, windows.labels, windows.starts, ends, windows.deadlines)
    for day, label, start, end, deadline in zip(*(column.tolist() for column in columns), strict=True):
        by_day.setdefault(day, []).append(SessionWindow(windows.label_names[label], start, end, deadline))
    return {day: tuple(sessions) for day, sessions in by_day.items()}
