"""A file's bars against those that have landed: which are new, which are the same, which disagree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from orb_pipeline.intake.landed import read_batches
from orb_pipeline.market.bars import BoolArray, CheckedFile, bar_keys
from orb_pipeline.market.trading_day import Int64Array, stamps_of
from orb_pipeline.storage.lake import Lake

_VALUES = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Overlap:
    """A file's bars that have landed already.

    Attributes:
        is_same: mask over the file's bars: landed with the same values.
        is_different: mask: landed with other values.
        landed: of the different bars, the landed rows: ts_utc, source_symbol and values, in the file's order.
    """

    is_same: BoolArray
    is_different: BoolArray
    landed: pd.DataFrame

    @property
    def is_new(self) -> BoolArray:
        return ~(self.is_same | self.is_different)


def find_overlap(lake: Lake, files: pd.DataFrame, symbol: str, checked: CheckedFile) -> Overlap:
    """Compare with the batches of ledger rows `files` whose span the file's span touches; only that span is read."""
    bars = checked.bars
    nothing = np.zeros(len(bars), dtype=bool)
    if len(bars) == 0 or files.empty:
        return Overlap(nothing, nothing, pd.DataFrame())
    first, last = stamps_of(np.array([bars.minutes.min(), bars.minutes.max()]))
    touched = files[(files["first_ts"] <= last) & (files["last_ts"] >= first)]
    if touched.empty:
        return Overlap(nothing, nothing, pd.DataFrame())
    where = (pc.field("ts_utc") >= first) & (pc.field("ts_utc") <= last)
    landed = read_batches(lake, touched, symbol, where)
    positions = _positions(landed, checked)
    found = np.flatnonzero(positions >= 0)
    is_equal = np.ones(len(found), dtype=bool)
    for name in _VALUES:
        is_equal &= landed.column(name).to_numpy()[positions[found]] == getattr(bars, name)[found]
    is_same, is_different = nothing.copy(), nothing.copy()
    is_same[found[is_equal]] = True
    is_different[found[~is_equal]] = True
    rows = landed.take(pa.array(positions[found[~is_equal]])).select(["ts_utc", "source_symbol", *_VALUES])
    return Overlap(is_same, is_different, rows.to_pandas())


def _positions(landed: Any, checked: CheckedFile) -> Int64Array:
    """For each of the file's bars the landed row of the same minute and contract; -1 where there is none."""
    codes = landed.column("source_symbol").combine_chunks()
    numbers = {name: number for number, name in enumerate(checked.contracts)}
    absent = len(numbers)
    of_code = np.array([numbers.get(name, absent) for name in codes.dictionary.to_pylist()], dtype=np.int32)
    minutes = landed.column("ts_utc").cast(pa.int64()).to_numpy() // 60_000_000
    keys = bar_keys(minutes, of_code[codes.indices.to_numpy()])
    order: npt.NDArray[np.intp] = np.argsort(keys, kind="stable")
    sought = bar_keys(checked.bars.minutes, checked.bars.contracts)
    nearest = np.minimum(np.searchsorted(keys, sought, sorter=order), len(keys) - 1)
    if len(keys) == 0:
        return np.full(len(sought), -1, dtype=np.int64)
    rows = order[nearest]
    return np.where(keys[rows] == sought, rows, -1)
