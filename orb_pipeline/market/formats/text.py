"""Bars as delimited text: with a header, or in the layouts vendors ship without one.

Without a header, lines of six values are `stamp, open, high, low, close, volume` (HistData, `YYYYMMDD HHMMSS`) and
lines of seven `date, time, open, high, low, close, volume` (generic ASCII, `YYYY.MM.DD,HH:MM`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from orb_pipeline.errors import InputError
from orb_pipeline.market.formats.columns import is_column_name, recognise_columns
from orb_pipeline.market.formats.raw import DamagedLine, RawChunk, ReadOptions

ENDINGS = (".csv", ".txt", ".tsv")
DELIMITERS = (";", "\t", "|", ",")
BLOCK_BYTES = 8 * 2**20
_BARE_LAYOUTS = {
    6: ("stamp", "open", "high", "low", "close", "volume"),
    7: ("date", "time", "open", "high", "low", "close", "volume"),
}
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class _Layout:
    """Where the data begin, and how a line splits."""

    delimiter: str
    names: tuple[str, ...]
    first_line: int
    first_byte: int


class TextBars:
    """A text file of bars; row numbers are line numbers, the first line (a header, too) is 1.

    Raises:
        InputError: the delimiter is not recognised, or a column of a bar is missing.
    """

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.path = path
        self._layout, has_header = _sniff(path, options)
        given = dict(options.columns)
        if not has_header and not given:
            given = _bare_columns(path, self._layout.names)
        self.columns = recognise_columns(path, self._layout.names, given)

    def chunks(self) -> Iterator[RawChunk]:
        line = self._layout.first_line
        with self.path.open("rb") as file:
            file.seek(self._layout.first_byte)
            for block in _blocks(file):
                lines = block.count(b"\n") + (not block.endswith(b"\n"))
                yield self._parse(block, line, lines)
                line += lines

    def _parse(self, block: bytes, first_line: int, lines: int) -> RawChunk:
        table = self._parse_clean(block)
        if table is not None and table.num_rows == lines:
            return RawChunk(np.arange(first_line, first_line + lines, dtype=np.int64), table)
        return self._parse_line_by_line(block, first_line)

    def _parse_clean(self, block: bytes) -> Any | None:
        """The block as a table of text; None where some line does not split into the columns."""
        names = list(self._layout.names)
        try:
            return pacsv.read_csv(
                pa.BufferReader(block),
                read_options=pacsv.ReadOptions(column_names=names, use_threads=False, block_size=len(block) + 1),
                parse_options=pacsv.ParseOptions(delimiter=self._layout.delimiter),
                convert_options=pacsv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid:
            return None

    def _parse_line_by_line(self, block: bytes, first_line: int) -> RawChunk:
        """Blank lines are passed over, lines with too few or too many values set apart."""
        numbers: list[int] = []
        rows: list[list[str]] = []
        damaged: list[DamagedLine] = []
        for number, line in enumerate(block.decode("utf-8", errors="replace").split("\n"), start=first_line):
            if not line.strip():
                continue
            values = _split(line.rstrip("\r"), self._layout.delimiter)
            if len(values) == len(self._layout.names):
                numbers.append(number)
                rows.append(values)
            else:
                damaged.append(DamagedLine(number, line.rstrip("\r")))
        columns = list(zip(*rows, strict=True)) or [()] * len(self._layout.names)
        arrays = [pa.array(column, pa.string()) for column in columns]
        table = pa.Table.from_arrays(arrays, names=list(self._layout.names))
        return RawChunk(np.array(numbers, dtype=np.int64), table, tuple(damaged))


def _sniff(path: Path, options: ReadOptions) -> tuple[_Layout, bool]:
    """The layout, and whether the first line that is neither blank nor a comment names the columns."""
    with path.open("rb") as file:
        line_number, start, line = _first_line(path, file)
        after = file.tell()
    text = line.decode("utf-8", errors="replace").strip("\r\n")
    _refuse_other_text(path, text)
    delimiter = _given_delimiter(path, options) or max(DELIMITERS, key=text.count)
    values = _split(text, delimiter)
    if len(values) == 1:
        message = (
            f"{path}: line {line_number} ({text[:80]!r}) has none of the delimiters "
            f"{', '.join(map(repr, DELIMITERS))}. Name the delimiter with `--delimiter`, or check that this is text."
        )
        raise InputError(message)
    has_header = options.header if options.header is not None else not values[0].strip()[:1].isdigit()
    if has_header:
        names = tuple(value.strip() or f"column {place}" for place, value in enumerate(values, start=1))
        _refuse_repeated(path, names)
        return _Layout(delimiter, names, line_number + 1, after), True
    return _Layout(delimiter, tuple(str(place) for place in range(1, len(values) + 1)), line_number, start), False


def _given_delimiter(path: Path, options: ReadOptions) -> str | None:
    delimiter = {"\\t": "\t", "tab": "\t"}.get(options.delimiter or "", options.delimiter)
    if delimiter is not None and len(delimiter) != 1:
        message = f"{path}: {delimiter!r} is not a delimiter. Expected one character, such as ; or \\t for a tab."
        raise InputError(message)
    return delimiter


def _first_line(path: Path, file: BinaryIO) -> tuple[int, int, bytes]:
    """Number, position and content of the first line that is neither blank nor a comment."""
    mark = file.read(3)
    if mark[:2] in _UTF16_MARKS:
        message = f"{path} is UTF-16 text; expected UTF-8. Save it as UTF-8 and run again."
        raise InputError(message)
    start = len(_UTF8_MARK) if mark == _UTF8_MARK else 0
    file.seek(start)
    number = 1
    while line := file.readline():
        if line.strip() and not _is_comment(line):
            return number, start, line
        start, number = file.tell(), number + 1
    message = f"{path} holds nothing but blank lines and comments. Expected bars; write or download the file again."
    raise InputError(message)


def _is_comment(line: bytes) -> bool:
    """Whether a line starts with # and names no column."""
    values = re.split(r"[;\t|,]", line.decode("utf-8", errors="replace").removeprefix("#"))
    return line.startswith(b"#") and not any(is_column_name(value) for value in values)


def _refuse_other_text(path: Path, first_line: str) -> None:
    if "\0" in first_line:
        message = f"{path} holds bytes of value 0: it is UTF-16, or no text. Expected UTF-8; save it so and run again."
        raise InputError(message)
    if "\r" in first_line:
        message = f"{path}: lines end in CR alone. Expected LF or CR LF; save it with these and run again."
        raise InputError(message)


def _refuse_repeated(path: Path, names: tuple[str, ...]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        message = f"{path}: the header names column {repeated[0]!r} twice. Give every column its own name."
        raise InputError(message)


def _bare_columns(path: Path, names: tuple[str, ...]) -> dict[str, str]:
    if len(names) not in _BARE_LAYOUTS:
        message = (
            f"{path} has no header and {len(names)} values a line; expected 6 (stamp, open, high, low, close, volume) "
            "or 7 (date, time, open, high, low, close, volume). Add a header, or name columns by position "
            "(`--column open=2`)."
        )
        raise InputError(message)
    return dict(zip(_BARE_LAYOUTS[len(names)], names, strict=True))


def _split(line: str, delimiter: str) -> list[str]:
    """The values of a line; quotes that make no sense are characters like others."""
    if '"' in line:
        try:
            return next(csv.reader([line], delimiter=delimiter))
        except csv.Error:
            pass
    return line.split(delimiter)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Whole lines, about BLOCK_BYTES at a time."""
    while block := file.read(BLOCK_BYTES):
        yield block if block.endswith(b"\n") else block + file.readline()
