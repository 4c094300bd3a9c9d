"""A file that grows: what has come to it since it was last read, whole lines only, in any layout the intake reads."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from orb_pipeline.catalogue import Instrument
from orb_pipeline.errors import InputError
from orb_pipeline.feeds.feed import FeedBar
from orb_pipeline.feeds.history import of_checked
from orb_pipeline.intake.rejects import Rejection, with_raw_values
from orb_pipeline.market.bars import Bars, check_file
from orb_pipeline.market.formats.columns import is_column_name
from orb_pipeline.market.formats.raw import ReadOptions
from orb_pipeline.market.formats.registry import open_bar_file

_ANCHOR_BYTES = 4096


@dataclass(frozen=True)
class BadRow:
    """A row that is no bar; `minute` is that of the last bar above it, None where there is none."""

    minute: int | None
    row: Rejection


@dataclass(frozen=True)
class Grown:
    """What was read: bars in order of time, rows that are no bars, and whether the file was read from its start."""

    bars: tuple[FeedBar, ...]
    bad: tuple[BadRow, ...]
    simulated: bool
    is_from_start: bool


@dataclass
class WholeFile:
    """A file that appears whole and is read again when it is another: Parquet, DBN."""

    path: Path
    instrument: Instrument
    options: ReadOptions
    _seen: tuple[int, int, int] | None = None

    def grown(self, *, is_finished: bool = False) -> Grown | None:
        """All of it when it is new; None where it is as it was. Raises what GrowingFile does."""
        seen = _status(self.path)
        if seen == self._seen and not is_finished:
            return None
        self._seen = seen
        file = open_bar_file(self.path, self.options)
        checked = check_file(file, self.instrument, self.options)
        history = of_checked(checked, self.instrument)
        bad = _placed(with_raw_values(file, checked.refused), checked.bars, None)
        return Grown(tuple(history.after(None)), bad, history.simulated, is_from_start=True)


@dataclass
class GrowingFile:
    """A text file that something else appends to.

    A line counts when its end is there. A file that became shorter, or whose lines before the place reached are others
    than they were, is read from its start.
    """

    path: Path
    instrument: Instrument
    options: ReadOptions
    _seen: tuple[int, int, int] | None = None
    _head: bytes = b""  # every later part is read behind it: the names of the columns, and a row that shows the layout
    _head_lines: int = 0
    _offset: int = 0
    _lines: int = 0
    _last: int | None = None  # minute of the last bar read
    _anchor: bytes = field(default=b"", repr=False)

    def grown(self, *, is_finished: bool = False) -> Grown | None:
        """The lines that have come since the last call; None where there are none.

        Args:
            is_finished: nothing more will come, so a last line needs no end.

        Raises:
            OSError: the file cannot be read.
            InputError: it is no file of bars.
        """
        seen = _status(self.path)
        if seen == self._seen and not is_finished:
            return None
        content = self._unread(seen[0])
        if not is_finished:
            content = content[: content.rfind(b"\n") + 1]
        self._seen = seen
        is_from_start = self._offset == 0
        if is_from_start and not self._begin(content):
            return None
        tail = content[len(self._head) :] if is_from_start else content
        if not tail and not is_from_start:
            return None
        grown = self._read(tail, is_from_start=is_from_start)
        self._offset += len(content)
        self._lines += content.count(b"\n")
        self._anchor = (self._anchor + content)[-_ANCHOR_BYTES:]
        return grown

    def _unread(self, size: int) -> bytes:
        """The bytes after those read before; all of them where the file is another one than it was."""
        with self.path.open("rb") as file:
            file.seek(max(0, self._offset - len(self._anchor)))
            if size < self._offset or file.read(len(self._anchor)) != self._anchor:
                self._offset, self._lines, self._last, self._anchor = 0, 0, None, b""
                self._head, self._head_lines = b"", 0
                file.seek(0)
            return file.read()

    def _begin(self, content: bytes) -> bool:
        """Set the head to the first line that is neither blank nor a comment, and what is before it, if it is there."""
        end = 0
        for number, line in enumerate(content.splitlines(keepends=True), start=1):
            end += len(line)
            if line.strip() and not _is_comment(line):
                self._head, self._head_lines = content[:end], number
                return True
        return False

    def _read(self, tail: bytes, *, is_from_start: bool) -> Grown | None:
        """Bars and bad rows of the head and a tail, of which the head's count when they are read first."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, self.path.name)
            path.write_bytes(self._head + tail)
            try:
                file = open_bar_file(path, self.options)
                checked = check_file(file, self.instrument, self.options)
            except InputError as error:
                raise InputError(str(error).replace(str(path), str(self.path))) from None
            bad = with_raw_values(file, checked.refused)
        known, shift = (0, 0) if is_from_start else (self._head_lines, self._lines - self._head_lines)
        bars = checked.bars.take(checked.bars.row_numbers > known)
        placed = _placed([row for row in bad if row.row_number > known], bars, self._last)
        shifted = tuple(replace(item, row=_moved(item.row, shift)) for item in placed)
        if len(bars):
            if self._last is None:
                self._show_layout(tail, int(bars.row_numbers[0]))
            self._last = int(bars.minutes[-1])
        history = of_checked(replace(checked, bars=bars), self.instrument)
        return Grown(tuple(history.after(None)), shifted, history.simulated, is_from_start)

    def _show_layout(self, tail: bytes, row: int) -> None:
        """Add the first bar's line to the head, so that a part of bad rows alone is read in the same layout."""
        lines = tail.splitlines(keepends=True)
        if 0 < row - self._head_lines <= len(lines):
            self._head += b"".join(lines[row - self._head_lines - 1 : row - self._head_lines])
            self._head_lines += 1


def _placed(rows: Sequence[Rejection], bars: Bars, before: int | None) -> tuple[BadRow, ...]:
    """Each row with the minute of the bar above it; `before`: of the last bar above all of them."""
    above = np.searchsorted(bars.row_numbers, [row.row_number for row in rows]).tolist()
    return tuple(BadRow(int(bars.minutes[n - 1]) if n else before, row) for n, row in zip(above, rows, strict=True))


def _moved(row: Rejection, lines: int) -> Rejection:
    return replace(row, row_number=row.row_number + lines)


def _status(path: Path) -> tuple[int, int, int]:
    """Size, time of the last change and number of a file: the same as long as it is as it was."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def _is_comment(line: bytes) -> bool:
    """Whether a line starts with # and names no column."""
    names = re.split(r"[;\t|,]", line.decode("utf-8", errors="replace").lstrip("\ufeff").removeprefix("#"))
    return line.lstrip(b"\xef\xbb\xbf").startswith(b"#") and not any(is_column_name(name) for name in names)
