"""Refused rows with the values they had in the file, and their table in the warehouse."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from orb_pipeline.market.bars import Refused
from orb_pipeline.market.formats.raw import BarFile, RawChunk
from orb_pipeline.market.reasons import REASONS


@dataclass(frozen=True)
class Rejection:
    row_number: int
    reason: str
    raw: str  # JSON of the row's values as they stood in the file


def with_raw_values(file: BarFile, refused: Refused, limit: int | None = None) -> list[Rejection]:
    """The first `limit` refused rows, read from the file once more (few are refused, so none is kept)."""
    reasons = dict(zip(refused.row_numbers[:limit].tolist(), refused.reasons[:limit].tolist(), strict=True))
    if not reasons:
        return []
    last_row = max(reasons)
    rejections: list[Rejection] = []
    for chunk in file.chunks():
        rejections += [
            Rejection(row_number, REASONS[reasons[row_number]].value, raw)
            for row_number, raw in _raw_values(chunk, reasons)
        ]
        if len(chunk.row_numbers) and chunk.row_numbers[-1] >= last_row:
            break
    return sorted(rejections, key=lambda rejection: rejection.row_number)


def record_rejections(
    connection: duckdb.DuckDBPyConnection,
    rejections: list[Rejection],
    *,
    instrument: str,
    source_file: str,
    source_hash: str,
    file_landed: bool,
    at: dt.datetime,
) -> None:
    """Put `rejections` in place of those recorded for the same source before."""
    where = [instrument, source_hash]
    connection.execute("delete from rejected_bars where instrument = ? and source_hash = ?", where)
    if not rejections:
        return
    rows = pa.table(
        {
            "row_number": pa.array([rejection.row_number for rejection in rejections], pa.int64()),
            "reason": pa.array([rejection.reason for rejection in rejections], pa.string()),
            "raw": pa.array([rejection.raw for rejection in rejections], pa.string()),
        }
    )
    connection.register("new_rejections", rows)
    connection.execute(
        "insert into rejected_bars by name select ? as instrument, ? as source_file, ? as source_hash, row_number, "
        "reason, raw, ? as file_landed, ? as rejected_at from new_rejections",
        [instrument, source_file, source_hash, file_landed, at],
    )
    connection.unregister("new_rejections")


def _raw_values(chunk: RawChunk, wanted: Mapping[int, int]) -> Iterator[tuple[int, str]]:
    """Row number and values of the chunk's `wanted` rows."""
    positions = np.flatnonzero(np.isin(chunk.row_numbers, np.fromiter(wanted, dtype=np.int64)))
    rows = chunk.table.take(pa.array(positions)).to_pylist()
    for row_number, row in zip(chunk.row_numbers[positions].tolist(), rows, strict=True):
        yield row_number, json.dumps({name: _plain(value) for name, value in row.items()}, ensure_ascii=False)
    for line in chunk.damaged:
        if line.row_number in wanted:
            yield line.row_number, json.dumps({"line": line.text}, ensure_ascii=False)


def _plain(value: object) -> object:
    """A value JSON can hold; times and what JSON has no number for become text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)
