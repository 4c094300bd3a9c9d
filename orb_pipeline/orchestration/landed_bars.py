"""Landed bars as a trading day needs them: its own, and what it can look back on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from orb_pipeline.execution.look_back import LookBack
from orb_pipeline.intake.landed import landed_files, read_batches
from orb_pipeline.market.trading_day import day_number, day_open, minutes_of, stamps_of
from orb_pipeline.orchestration.workshop import Workshop


@dataclass(frozen=True)
class _Held:
    """A look-back at the days before `day`, of batches up to `last_batch`."""

    last_batch: int
    day: int
    look_back: LookBack


class LandedBars:
    """The landed bars of a home's instruments, up to batches that are named.

    What is looked back on is carried from day to day, so that a day costs a day, however many years have landed. Only a
    batch with bars of earlier days has them all read anew.
    """

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._held: dict[str, _Held] = {}

    def look_back(self, symbol: str, day: int, last_batch: int) -> LookBack:
        """What trading day `day` (days since the epoch) can look back on.

        Raises:
            MissingDataError: the lake no longer holds what the ledger says.
            ConfigurationError: the instrument is unknown.
        """
        held = self._held.get(symbol)
        if held is None or (held.last_batch, held.day) != (last_batch, day):
            files = self._files(symbol, last_batch)
            if held is None or not _follows(held, files, last_batch, day):
                look_back = look_back_before(self._workshop, symbol, files, day)
            else:
                look_back = held.look_back.after(bars_between(self._workshop, symbol, files, held.day, day))
            held = self._held[symbol] = _Held(last_batch, day, look_back)
        return held.look_back

    def last_days(self, symbol: str, count: int, last_batch: int) -> pd.DataFrame:
        """Bars of the last day that has any, and of the `count` - 1 days of the calendar before it.

        Columns of storage.tables.LANDED_BARS, by `ts_utc`, then contract.
        """
        files = self._files(symbol, last_batch)
        last = day_number(int(minutes_of(files["last_ts"].nlargest(1))[0])) if len(files) else 0
        return bars_between(self._workshop, symbol, files, last - count + 1, last + 1)

    def _files(self, symbol: str, last_batch: int) -> pd.DataFrame:
        files = landed_files(self._workshop.warehouse, symbol)
        return files[files["batch"] <= last_batch]


def look_back_before(workshop: Workshop, symbol: str, files: pd.DataFrame, day: int) -> LookBack:
    """What trading day `day` can look back on where these rows of the ledger are all that has landed."""
    before = read_batches(workshop.lake, files, symbol, pc.field("ts_utc") < start_of(day)).to_pandas()
    return LookBack.of(before, workshop.catalogue.sessions_of(symbol).zone)


def bars_between(workshop: Workshop, symbol: str, files: pd.DataFrame, day: int, end: int) -> pd.DataFrame:
    """Bars of trading days [`day`, `end`) in these rows of the ledger; columns of storage.tables.LANDED_BARS."""
    first, after = start_of(day), start_of(end)
    overlapping = files[(files["last_ts"] >= first) & (files["first_ts"] < after)]
    is_between = (pc.field("ts_utc") >= first) & (pc.field("ts_utc") < after)
    bars: pd.DataFrame = read_batches(workshop.lake, overlapping, symbol, is_between).to_pandas()
    return bars


def start_of(day: int) -> pd.Timestamp:
    """The first minute of a trading day."""
    return stamps_of(np.atleast_1d(day_open(day)))[0]


def _follows(held: _Held, files: pd.DataFrame, last_batch: int, day: int) -> bool:
    """Whether all that has landed since is of days that were not looked back on yet."""
    if last_batch < held.last_batch or day < held.day:
        return False
    return bool((files.loc[files["batch"] > held.last_batch, "first_ts"] >= start_of(held.day)).all())
