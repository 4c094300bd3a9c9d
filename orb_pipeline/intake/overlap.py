"""A file's bars against those that have landed: which are new, which are the same, which disagree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from orb_pipeline.intake.landed import read_batches
from orb_pipeline.market.bars import Bars, BoolArray, CheckedFile, bar_keys
from orb_pipeline.market.trading_day import Int64Array, stamps_of
from orb_pipeline.storage.lake import Lake

WINDOW_ROWS = 500_000  # bars compared at a time, for the sake of memory
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
    """Compare with the batches of ledger rows `files`, window by window; only the file's own span is read."""
    bars = checked.bars
    is_same, is_different = np.zeros(len(bars), dtype=bool), np.zeros(len(bars), dtype=bool)
    parts = []
    for first, last in _windows(bars.minutes):
        inside = np.flatnonzero((bars.minutes >= first) & (bars.minutes <= last))
        landed = _landed_between(lake, files, symbol, first, last)
        if landed is None or len(inside) == 0:
            continue
        rows = _matching_rows(landed, bars.take(inside), checked.contracts)
        found = rows >= 0
        matched, rows = inside[found], rows[found]
        is_equal = np.ones(len(matched), dtype=bool)
        for name in _VALUES:
            is_equal &= landed.column(name).to_numpy()[rows] == getattr(bars, name)[matched]
        is_same[matched[is_equal]] = True
        is_different[matched[~is_equal]] = True
        old = landed.select(["ts_utc", "source_symbol", *_VALUES]).take(pa.array(rows[~is_equal])).to_pandas()
        parts.append(old.set_axis(matched[~is_equal]))
    landed_rows = pd.concat(parts).sort_index() if parts else pd.DataFrame()
    return Overlap(is_same, is_different, landed_rows)


def _windows(minutes: Int64Array) -> list[tuple[int, int]]:
    """First and last minute of spans that together hold all `minutes`, at most about WINDOW_ROWS in each."""
    if len(minutes) == 0:
        return []
    count = -(-len(minutes) // WINDOW_ROWS)
    starts = np.unique(np.quantile(minutes, np.arange(count) / count).astype(np.int64)).tolist()
    ends = [start - 1 for start in starts[1:]] + [int(minutes.max())]
    return list(zip(starts, ends, strict=True))


def _landed_between(lake: Lake, files: pd.DataFrame, symbol: str, first: int, last: int) -> Any | None:
    """Landed bars of the minutes `first` to `last` as an arrow table; None where there are none."""
    start, end = stamps_of(np.array([first, last]))
    touched = files[(files["first_ts"] <= end) & (files["last_ts"] >= start)]
    if touched.empty:
        return None
    where = (pc.field("ts_utc") >= start) & (pc.field("ts_utc") <= end)
    landed = read_batches(lake, touched, symbol, where)
    return landed if landed.num_rows else None


def _matching_rows(landed: Any, bars: Bars, contracts: tuple[str, ...]) -> Int64Array:
    """For each bar the landed row of the same minute and contract; -1 where there is none."""
    codes = landed.column("source_symbol").combine_chunks()
    numbers = {name: number for number, name in enumerate(contracts)}
    of_code = np.array([numbers.get(name, len(numbers)) for name in codes.dictionary.to_pylist()], dtype=np.int32)
    minutes = landed.column("ts_utc").cast(pa.int64()).to_numpy() // 60_000_000
    keys = bar_keys(minutes, of_code[codes.indices.to_numpy()])
    order = np.argsort(keys, kind="stable")
    sought = bar_keys(bars.minutes, bars.contracts)
    rows = order[np.minimum(np.searchsorted(keys, sought, sorter=order), len(keys) - 1)]
    return np.where(keys[rows] == sought, rows, -1)
