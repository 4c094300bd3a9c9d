"""A front-month bar series as arrays of whole ticks: what features, kernel and checks compute on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from orb_pipeline.catalogue.models import Grid, Instrument, SessionSet
from orb_pipeline.errors import InputError
from orb_pipeline.market.sessions import SessionTimes, local_minutes_of_day, session_times
from orb_pipeline.market.ticks import to_ticks
from orb_pipeline.market.trading_day import Int64Array, day_numbers, day_starts, minutes_of


@dataclass(frozen=True)
class BarSeries:
    """Bars in order of time, one a minute; all arrays int64 of the same length.

    Attributes:
        minutes: open times, minutes since the epoch, UTC.
        open, high, low, close: whole ticks.
        volume: whole contracts.
        days: trading day of each bar, days since the epoch.
        local_minutes: minute of day of each bar in the zone of the session set.
    """

    minutes: Int64Array
    open: Int64Array
    high: Int64Array
    low: Int64Array
    close: Int64Array
    volume: Int64Array
    days: Int64Array
    local_minutes: Int64Array

    @classmethod
    def of(cls, bars: pd.DataFrame, instrument: Instrument, session_set: SessionSet) -> BarSeries:
        """The series of a `bars_1m` frame.

        Raises:
            InputError: bars out of order or doubled, or a price off the tick grid.
        """
        minutes = minutes_of(bars["ts_utc"])
        unordered = np.flatnonzero(np.diff(minutes) <= 0)
        if len(unordered):
            first = bars["ts_utc"].iloc[int(unordered[0]) + 1]
            message = (
                f"bars_1m of {instrument.symbol}: the bar at {first} is out of order or doubled; expected one bar a "
                f"minute in order. Make it again: `orb run --instrument {instrument.symbol} --to bars_1m`."
            )
            raise InputError(message)
        prices = {name: _ticks(bars, name, instrument) for name in ("open", "high", "low", "close")}
        return cls(
            minutes=minutes,
            **prices,
            volume=bars["volume"].to_numpy(np.int64),
            days=day_numbers(minutes),
            local_minutes=local_minutes_of_day(session_set.zone, minutes),
        )

    def __len__(self) -> int:
        return len(self.minutes)

    def part(self, first: int, last: int) -> BarSeries:
        """Bars [first, last), without copying."""
        return BarSeries(**{name: getattr(self, name)[first:last] for name in self.__dataclass_fields__})


@dataclass(frozen=True)
class Windows:
    """Every session of every trading day that has bars, in order of time. All arrays have one entry a session.

    Attributes:
        days: trading day, days since the epoch.
        labels: index into `label_names`.
        starts, range_ends, deadlines: minutes since the epoch; a break counts in [range_end, deadline).
    """

    label_names: tuple[str, ...]
    days: Int64Array
    labels: Int64Array
    starts: Int64Array
    range_ends: Int64Array
    deadlines: Int64Array

    @classmethod
    def of(cls, series: BarSeries, session_set: SessionSet, grid: Grid) -> Windows:
        return cls.on(series.days[day_starts(series.days)], session_set, grid)

    @classmethod
    def on(cls, days: Int64Array, session_set: SessionSet, grid: Grid) -> Windows:
        """Of these trading days (days since the epoch), which may have no bar yet."""
        times: SessionTimes = session_times(session_set, days)
        day_index, labels = np.nonzero(times.starts >= 0)
        starts = times.starts[day_index, labels]
        order = np.lexsort((starts, day_index))
        day_index, labels, starts = day_index[order], labels[order], starts[order]
        return cls(
            label_names=times.labels,
            days=days[day_index],
            labels=labels.astype(np.int64),
            starts=starts,
            range_ends=starts + grid.orb_minutes,
            deadlines=times.deadlines[day_index, labels],
        )

    def part(self, sessions: Int64Array) -> Windows:
        """Some of the sessions."""
        columns = {
            name: getattr(self, name)[sessions] for name in ("days", "labels", "starts", "range_ends", "deadlines")
        }
        return Windows(label_names=self.label_names, **columns)


def _ticks(bars: pd.DataFrame, column: str, instrument: Instrument) -> Int64Array:
    ticks, on_grid = to_ticks(bars[column], instrument.tick)
    if not on_grid.all():
        row = int(np.flatnonzero(~on_grid)[0])
        message = (
            f"bars_1m of {instrument.symbol}: {column} {bars[column].iloc[row]} at {bars['ts_utc'].iloc[row]} is off "
            f"the tick grid of {instrument.tick}. Correct the tick in instruments.yaml or ingest the bars again."
        )
        raise InputError(message)
    return ticks
