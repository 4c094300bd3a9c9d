"""What is known of a market before a trading day opens, worked out from the bars of the days before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from orb_pipeline.catalogue import Grid, SessionSet
from orb_pipeline.execution.context import MarketDay
from orb_pipeline.execution.history import VolumeIndex, windows_by_day
from orb_pipeline.market.front_month import front_month_bars, next_front_month
from orb_pipeline.market.sessions import local_minutes_of_day
from orb_pipeline.market.trading_day import MINUTES_PER_DAY, day_open, minutes_of
from orb_pipeline.research.series import Windows


@dataclass(frozen=True)
class _VolumesOf:
    """Volumes of the front-month series; the series is looked at when a filter first asks."""

    landed: pd.DataFrame
    zone: str

    def at(self, local_minute: int) -> Sequence[int]:
        index, count = self._index
        return index.before(count, int(local_minute))

    @cached_property
    def _index(self) -> tuple[VolumeIndex, int]:
        bars = front_month_bars(self.landed)
        local_minutes = local_minutes_of_day(self.zone, minutes_of(bars["ts_utc"]))
        return VolumeIndex(local_minutes, bars["volume"].to_numpy(np.int64)), len(bars)


def market_before(landed: pd.DataFrame, day: int, session_set: SessionSet, grid: Grid) -> MarketDay:
    """The market of trading day `day` (days since the epoch) as it can be known before its first bar.

    Args:
        landed: bars of all outright contracts of the days before, columns of storage.tables.LANDED_BARS, by `ts_utc`.
    """
    number = np.array([day])
    minutes = day_open(day) + np.arange(MINUTES_PER_DAY)
    return MarketDay(
        front_month=next_front_month(landed),
        windows=windows_by_day(Windows.on(number, session_set, grid)).get(day, ()),
        local_minutes=local_minutes_of_day(session_set.zone, minutes),
        history=_VolumesOf(landed, session_set.zone),
    )
