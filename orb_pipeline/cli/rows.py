"""Rows as a table for people, or as CSV, JSON and Parquet for scripts. Times are ISO 8601 with their offset."""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
import sys
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from orb_pipeline.cli.console import console, say, show, table
from orb_pipeline.cli.console import out as terminal
from orb_pipeline.cli.output_file import output_file

_TABLE_LIMIT = 1_000  # a person's eye; --format csv has them all
_BATCH = 20_000


def to_stdout(rows: pa.Table, form: str) -> None:
    if form == "table":
        _table(rows, terminal)
    else:
        _write_text(rows, form, sys.stdout)
        sys.stdout.flush()


def to_file(rows: pa.Table, form: str, path: Path) -> None:
    """Write `path` whole or not at all."""
    with output_file(path) as temporary:
        if form == "parquet":
            pq.write_table(rows, temporary, compression="zstd")
            return
        with temporary.open("w", encoding="utf-8", newline="") as handle:
            if form == "table":
                _table(rows, console(handle))
            else:
                _write_text(rows, form, handle)


def plain(value: Any) -> Any:
    """A value as JSON knows it: times and days in ISO 8601, not-a-number as null."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case list():
            return [plain(item) for item in value]
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
        case None | bool() | int() | str():
            return value
        case _:
            return str(value)


def _write_text(rows: pa.Table, form: str, handle: TextIO) -> None:
    if form == "json":
        _write_json(rows, handle)
    else:
        _write_csv(rows, handle)


def _write_csv(rows: pa.Table, handle: TextIO) -> None:
    writer = csv.writer(handle, lineterminator="\n")
    writer.writerow(rows.column_names)
    for row in _rows(rows):
        writer.writerow([_cell(value) for value in row])


def _write_json(rows: pa.Table, handle: TextIO) -> None:
    handle.write("[")
    for number, row in enumerate(_rows(rows)):
        handle.write(",\n " if number else "\n ")
        named = {name: plain(value) for name, value in zip(rows.column_names, row, strict=True)}
        handle.write(json.dumps(named, ensure_ascii=False))
    handle.write("\n]\n" if rows.num_rows else "]\n")


def _cell(value: Any) -> Any:
    """A value as a CSV cell: empty for NULL, JSON for lists and structures."""
    value = plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _table(rows: pa.Table, on: Console) -> None:
    numbers = [field.name for field in rows.schema if _is_number(field.type)]
    lines = ([_shown(value) for value in row] for row in islice(_rows(rows), _TABLE_LIMIT))
    show(table(rows.column_names, lines, right=numbers), on=on)
    if rows.num_rows > _TABLE_LIMIT:
        say(f"{_TABLE_LIMIT:,} of {rows.num_rows:,} rows shown; `--format csv` gives all of them.")


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:.6g}" if abs(value) < 1 else f"{value:.10g}"
        case dt.datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S%z").replace("+0000", "Z")
        case _:
            return str(plain(value))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _rows(rows: pa.Table) -> Iterator[tuple[Any, ...]]:
    for batch in rows.to_batches(max_chunksize=_BATCH):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
