"""What every file format offers: its columns, and its rows as they stand, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from orb_pipeline.market.trading_day import Int64Array

CHUNK_ROWS = 262_144  # rows held as raw values at a time


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file where it does not say so itself.

    Attributes:
        timezone: zone of stamps without an offset: an IANA name, or an offset such as +10:00.
        delimiter: of a text file; None: recognised.
        columns: column name in the file by role (stamp, date, time, open, high, low, close, volume, contract). In a
            text file without header, columns are named by position: "1", "2", ...
        stamp_format: how stamps are written, in the directives of strptime (date and time, if two columns, joined by
            a space); None: recognised.
        header: whether a text file's first line names its columns; None: recognised.
    """

    timezone: str | None = None
    delimiter: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    header: bool | None = None
    stamp_format: str | None = None


@dataclass(frozen=True)
class Columns:
    """Names, in the file, of the columns that make a bar.

    Attributes:
        stamp: one column, or a date and a time.
        contract: in the order in which they are asked; empty where the file names no contract.
        is_utc: the stamp column's name says UTC.
        is_fixed_point: prices without a point count billionths, as Databento writes them unless asked otherwise.
    """

    stamp: tuple[str, ...]
    open: str
    high: str
    low: str
    close: str
    volume: str
    contract: tuple[str, ...] = ()
    simulated: str | None = None
    is_utc: bool = False
    is_fixed_point: bool = False

    @property
    def prices(self) -> tuple[str, str, str, str]:
        return self.open, self.high, self.low, self.close


@dataclass(frozen=True)
class DamagedLine:
    """A line of a text file that does not split into the file's columns."""

    row_number: int
    text: str


@dataclass(frozen=True)
class RawChunk:
    """Consecutive rows as they stand in the file.

    Attributes:
        row_numbers: as an editor counts: in a text file the first line is 1, elsewhere the first row is.
        table: arrow table; columns named as in the file, values of the file's own types (text in a text file).
        damaged: lines between these rows that could not be split.
    """

    row_numbers: Int64Array
    table: Any
    damaged: tuple[DamagedLine, ...] = ()


def plain(column: Any) -> Any:
    """An arrow column with its values in place: no dictionary, one kind of text."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    is_text = pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type)
    return column.cast(pa.string()) if is_text else column


class BarFile(Protocol):
    """A file of bars. Reading it twice gives the same rows."""

    path: Path
    columns: Columns

    def chunks(self) -> Iterator[RawChunk]:
        """All rows, in the file's order."""
        ...
