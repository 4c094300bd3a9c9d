"""Bars that are there already, as a feed replays them: from a home's landed bars, or from a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from orb_pipeline.catalogue import Instrument
from orb_pipeline.errors import InputError, MissingDataError
from orb_pipeline.feeds.feed import FeedBar
from orb_pipeline.intake.landed import landed_files, read_batches
from orb_pipeline.intake.ledger import nothing_landed
from orb_pipeline.market.bars import CheckedFile, check_file
from orb_pipeline.market.formats.raw import ReadOptions
from orb_pipeline.market.formats.registry import open_bar_file
from orb_pipeline.market.ticks import to_ticks
from orb_pipeline.market.trading_day import minutes_of, stamps_of
from orb_pipeline.settings import Home
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.warehouse import Warehouse

Columns = Sequence[Sequence[int]]
_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True)
class Span:
    """Minutes from `first` to, exclusively, `end`; None: open."""

    first: int | None = None
    end: int | None = None

    def holds(self, minute: int) -> bool:
        return (self.first is None or minute >= self.first) and (self.end is None or minute < self.end)


@dataclass(frozen=True)
class History:
    """Bars in order of minute and contract, as columns: minute, open, high, low, close in ticks, volume."""

    contracts: Sequence[str]
    columns: Columns
    tick: Decimal
    simulated: bool

    def __len__(self) -> int:
        return len(self.contracts)

    def after(self, minute: int | None) -> Iterator[FeedBar]:
        """The bars of minutes later than `minute`, one by one."""
        start = 0 if minute is None else int(np.searchsorted(np.asarray(self.columns[0]), minute, side="right"))
        tick = self.tick
        rows = zip(self.contracts[start:], *(column[start:] for column in self.columns), strict=True)
        for contract, at, opened, high, low, closed, volume in rows:
            yield FeedBar(at, contract, opened * tick, high * tick, low * tick, closed * tick, volume)


def landed_history(home: Home, instrument: Instrument, span: Span) -> History:
    """All outright contracts that landed in a home, of the minutes `span` holds.

    Raises:
        MissingDataError: nothing of the instrument has landed there, or nothing in the span.
    """
    if not home.warehouse.exists():
        message = f"{home.root} is no home: it has no {home.warehouse.name}. {nothing_landed(instrument.symbol)}"
        raise MissingDataError(message)
    files = landed_files(Warehouse(home.warehouse), instrument.symbol)
    if files.empty:
        raise MissingDataError(nothing_landed(instrument.symbol))
    table = read_batches(Lake(home.lake_url), files, instrument.symbol, _where(span))
    if table.num_rows == 0:
        raise MissingDataError(_nothing_inside(f"{home.root}", instrument.symbol, span))
    return _of_frame(table.to_pandas(), instrument, simulated=bool(files["simulated"].any()))


def file_history(path: Path, instrument: Instrument, options: ReadOptions, span: Span) -> History:
    """The sound bars of a file in any format the intake knows, of the minutes `span` holds.

    Raises:
        InputError: the file cannot be read, holds a bad row, or nothing in the span.
    """
    checked = check_file(open_bar_file(path, options), instrument, options)
    if len(checked.refused):
        message = (
            f"{path}: {len(checked.refused)} of {checked.read_rows} rows are no bars, the first of them row "
            f"{checked.refused.row_numbers[0]}. A replay takes sound files only: `orb ingest` names the reasons."
        )
        raise InputError(message)
    history = of_checked(checked, instrument, span)
    if not len(history):
        raise InputError(_nothing_inside(str(path), instrument.symbol, span))
    return history


def of_checked(checked: CheckedFile, instrument: Instrument, span: Span | None = None) -> History:
    """The sound bars of a checked file."""
    bars = checked.bars
    if span is not None:
        bars = bars.take(np.array([span.holds(minute) for minute in bars.minutes.tolist()], dtype=bool))
    names = np.array(checked.contracts, dtype=object)[bars.contracts]
    order = np.lexsort((names.astype(str), bars.minutes))
    ticks = [to_ticks(getattr(bars, name)[order], instrument.tick)[0].tolist() for name in _PRICES]
    columns = (bars.minutes[order].tolist(), *ticks, bars.volume[order].tolist())
    return History(names[order].tolist(), columns, instrument.tick, checked.simulated_rows > 0)


def _of_frame(frame: pd.DataFrame, instrument: Instrument, *, simulated: bool) -> History:
    ticks = [to_ticks(frame[name].to_numpy(), instrument.tick)[0].tolist() for name in _PRICES]
    columns = (minutes_of(frame["ts_utc"]).tolist(), *ticks, frame["volume"].tolist())
    return History(frame["source_symbol"].astype(str).tolist(), columns, instrument.tick, simulated)


def _where(span: Span) -> pc.Expression | None:
    conditions = []
    if span.first is not None:
        conditions.append(pc.field("ts_utc") >= stamps_of(np.array([span.first]))[0])
    if span.end is not None:
        conditions.append(pc.field("ts_utc") < stamps_of(np.array([span.end]))[0])
    if not conditions:
        return None
    return conditions[0] if len(conditions) == 1 else conditions[0] & conditions[1]


def _nothing_inside(where: str, symbol: str, span: Span) -> str:
    first = "the beginning" if span.first is None else str(stamps_of(np.array([span.first]))[0])
    end = "the end" if span.end is None else str(stamps_of(np.array([span.end]))[0])
    return f"{where} holds no bar of {symbol} from {first} to {end}. Give days it has bars of: `orb status` shows them."
