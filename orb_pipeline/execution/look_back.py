"""What a trading day can look back on, carried from day to day.

The rules look back twice: at the days that choose the front month (RULES.md section 2), and at earlier bars of the same
minute of day, which a break's volume is measured against (section 6). What they can still see of any number of years
are a few weeks of bars. A day traded on these is the day traded on all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from orb_pipeline.execution.history import VolumeIndex, VolumesBefore
from orb_pipeline.market.front_month import Choice
from orb_pipeline.market.sessions import local_minutes_of_day
from orb_pipeline.market.trading_day import Int64Array, minutes_of
from orb_pipeline.rules.filters import VOLUME_LOOKBACK


@dataclass(frozen=True)
class LookBack:
    """One instrument's earlier days, as far as a later day can see them.

    Attributes:
        zone: of its sessions.
        choice: how the front month is chosen from here on.
        bars: of the front months, by `ts_utc`: of each minute of the local day the last ones.
    """

    zone: str
    choice: Choice
    bars: pd.DataFrame

    @classmethod
    def of(cls, landed: pd.DataFrame, zone: str) -> LookBack:
        """After `landed`: bars of all outright contracts, columns of storage.tables.LANDED_BARS, by `ts_utc`."""
        return cls(zone, Choice.before_all(landed), landed.iloc[:0]).after(landed)

    def after(self, landed: pd.DataFrame) -> LookBack:
        """After `landed` too, bars of whole days that follow."""
        if landed.empty:
            return self
        choice, front, known = self.choice.after(landed), self.choice.bars(landed), self.bars
        if len(self.choice.contracts) == 1 and len(choice.contracts) > 1:  # what needed no choice has needed one
            known = choice.of_chosen_days(known)
        bars = pd.concat([known, front], ignore_index=True) if len(known) else front
        recent = bars.iloc[_last_of_each(self._local_minutes(bars))].reset_index(drop=True)
        return replace(self, choice=choice, bars=recent)

    @property
    def front_month(self) -> str | None:
        """Of the day that follows, should it trade; None where nothing is known yet."""
        return self.choice.front_month

    @cached_property
    def volumes(self) -> VolumesBefore:
        """What the day that follows knows of volumes."""
        index = VolumeIndex(self._local_minutes(self.bars), self.bars["volume"].to_numpy(np.int64))
        return VolumesBefore(index, len(self.bars))

    def _local_minutes(self, bars: pd.DataFrame) -> Int64Array:
        return local_minutes_of_day(self.zone, minutes_of(bars["ts_utc"]))


def _last_of_each(local_minutes: Int64Array) -> Int64Array:
    """Indices, in order, of the last bars of each minute of day that relative volume can look back on."""
    order = np.argsort(local_minutes, kind="stable")
    ends = np.searchsorted(local_minutes[order], local_minutes[order], side="right")
    return np.sort(order[ends - np.arange(len(order)) <= VOLUME_LOOKBACK])
