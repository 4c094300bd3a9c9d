"""Bars that had landed before the tape began, kept in memory from step to step."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import numpy as np
import pandas as pd

from orb_pipeline.intake.landed import landed_files, read_batches
from orb_pipeline.intake.tape import Mark
from orb_pipeline.market.trading_day import day_open, stamps_of
from orb_pipeline.orchestration.builds import LANDED_BARS as LANDED_BARS_INPUT
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.storage.tables import LANDED_BARS


class LandedBars:
    """Landed bars of every instrument up to the batches that a base of the tape names."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._held: dict[str, tuple[int, pd.DataFrame]] = {}

    def up_to(self, base: Mark, symbol: str) -> pd.DataFrame:
        """Columns of storage.tables.LANDED_BARS, by `ts_utc`, then contract; none where nothing had landed.

        Raises:
            MissingDataError: the lake no longer holds what the ledger says.
        """
        last = base.batches.get(symbol, 0)
        held, frame = self._held.get(symbol, (0, _NOTHING))
        if held != last:
            frame = self._read(symbol, held if held < last else 0, last, frame)
            self._held[symbol] = last, frame
        return frame

    def before(self, base: Mark, symbol: str, day: int) -> pd.DataFrame:
        """Of these the bars of trading days before `day` (days since the epoch)."""
        frame = self.up_to(base, symbol)
        return frame.iloc[: int(frame["ts_utc"].searchsorted(_stamp(day)))]

    def since(self, base: Mark, symbol: str, day: int) -> pd.DataFrame:
        """The others: those of trading day `day` and later."""
        frame = self.up_to(base, symbol)
        return frame.iloc[int(frame["ts_utc"].searchsorted(_stamp(day))) :]

    def _read(self, symbol: str, held: int, last: int, frame: pd.DataFrame) -> pd.DataFrame:
        """Batches after `held`, put behind `frame` where they follow it, else all read anew."""
        ledger = landed_files(self._workshop.warehouse, symbol)
        added = ledger[(ledger["batch"] > held) & (ledger["batch"] <= last)]
        new: pd.DataFrame = read_batches(self._workshop.lake, added, symbol).to_pandas()
        if held == 0 or frame.empty or new.empty:
            return new if held == 0 else pd.concat([frame, new], ignore_index=True)
        if new["ts_utc"].iloc[0] > frame["ts_utc"].iloc[-1]:
            return pd.concat([frame, new], ignore_index=True)
        whole: pd.DataFrame = read_batches(self._workshop.lake, ledger[ledger["batch"] <= last], symbol).to_pandas()
        return whole


def last_batches(workshop: Workshop) -> Mapping[str, int]:
    """Instrument -> number of the batch that landed last."""
    files = landed_files(workshop.warehouse)
    return {str(symbol): int(batch) for symbol, batch in files.groupby("instrument")["batch"].max().items()}


def batches_through(workshop: Workshop, base: Mark, day: int) -> Mapping[str, int]:
    """Instrument -> its last landed batch before one, since `base`, that has bars of trading days after `day`.

    A faster account lands days that a slower one has yet to trade from the tape.
    """
    files = landed_files(workshop.warehouse)
    files["is_since"] = files["batch"] > files["instrument"].map(lambda symbol: base.batches.get(symbol, 0))
    later = files[files["is_since"] & (files["last_ts"] >= _stamp(day + 1))]
    first_later = later.groupby("instrument")["batch"].min()
    return {symbol: int(first_later.get(symbol, last + 1)) - 1 for symbol, last in last_batches(workshop).items()}


def batches_of(contents: Mapping[str, str]) -> dict[str, int]:
    """Instrument -> last landed batch, as a paper day's contents have it; empty where the day does not say."""
    names = (name.partition(":") for name in contents)
    return {symbol: int(contents[f"{of}:{symbol}"]) for of, _, symbol in names if of == LANDED_BARS_INPUT}


def landed_contents(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """What has landed by now, as a paper day's contents have it."""
    rows = connection.execute("select instrument, max(batch) from landed_files group by all order by all").fetchall()
    return {f"{LANDED_BARS_INPUT}:{symbol}": str(batch) for symbol, batch in rows}


def _stamp(day: int) -> pd.Timestamp:
    return stamps_of(np.atleast_1d(day_open(day)))[0]


_NOTHING: pd.DataFrame = LANDED_BARS.empty_table().to_pandas()
