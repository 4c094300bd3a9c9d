"""From stamps as a file writes them to UTC minutes: layouts, time zones, clocks that go back and forth."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from orb_pipeline.errors import InputError
from orb_pipeline.market.formats.layouts import Layout, recognise_layout, texts_to_us, typed_to_us
from orb_pipeline.market.formats.raw import Columns, RawChunk, ReadOptions, plain
from orb_pipeline.market.formats.stamp_format import layout_of_format
from orb_pipeline.market.reasons import ACCEPTED, Reason, ReasonArray, record
from orb_pipeline.market.trading_day import Int64Array

_MINUTE_US = 60_000_000
_LOOK_BACK_ROWS = 1_000  # a chunk whose last rows touch a repeated hour is read together with the next
_NEW_GROUP_US = 12 * 3600 * 1_000_000  # repeated hours of different nights lie further apart than this
_LATEST_US = int(np.datetime64("2200-01-01", "us").astype(np.int64))  # bars lie between 1970 and here
_OFFSET = re.compile(r"(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)")


@dataclass(frozen=True)
class Stamps:
    """UTC minutes since the epoch, and the reason where a row has none (ACCEPTED elsewhere)."""

    minutes: Int64Array
    reasons: ReasonArray


def read_stamps(
    path: Path, columns: Columns, options: ReadOptions, chunks: Iterable[RawChunk]
) -> Iterator[tuple[RawChunk, Stamps]]:
    """Each chunk with its stamps. A chunk that ends in a repeated hour comes joined with the next.

    Raises:
        InputError: stamps without an offset and no zone given, a zone that does not exist, a layout that is not known.
    """
    reader: _Reader | None = None
    pending: RawChunk | None = None
    for chunk in chunks:
        if chunk.table.num_rows == 0 and pending is None:
            yield chunk, Stamps(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int8))
            continue
        whole = chunk if pending is None else _join(pending, chunk)
        reader = reader or _Reader(path, columns, options, whole)
        pending = whole if reader.ends_in_repeated_hour(whole) else None
        if pending is None:
            yield whole, reader.read(whole)
    if pending is not None and reader is not None:
        yield pending, reader.read(pending)


class _Reader:
    """Reads stamps as the first chunk writes them."""

    def __init__(self, path: Path, columns: Columns, options: ReadOptions, first: RawChunk) -> None:
        self._columns = columns
        column = self._column(first.table)
        self._layout = _layout(path, options, column, first.row_numbers)
        is_absolute = self._layout.is_absolute if self._layout else column.type.tz is not None
        self._zone = None if is_absolute else _zone(path, columns, options, column, first.row_numbers)

    def read(self, chunk: RawChunk) -> Stamps:
        us, readable = self._to_us(chunk.table)
        reasons = np.full(len(us), ACCEPTED, dtype=np.int8)
        record(reasons, Reason.UNREADABLE_STAMP, ~readable)
        if self._zone is not None:
            us = self._to_utc(us, chunk.table, reasons)
        record(reasons, Reason.NOT_A_WHOLE_MINUTE, us % _MINUTE_US != 0)
        return Stamps(us // _MINUTE_US, reasons)

    def ends_in_repeated_hour(self, chunk: RawChunk) -> bool:
        if self._zone is None or isinstance(self._zone, dt.timezone):
            return False
        tail = chunk.table.slice(max(0, chunk.table.num_rows - _LOOK_BACK_ROWS))
        us, readable = self._to_us(tail)
        local = _naive(us[readable])
        return bool((_localised(local, self._zone, first=True) != _localised(local, self._zone, first=False)).any())

    def _column(self, table: Any) -> Any:
        parts = [plain(table.column(name)) for name in self._columns.stamp]
        if len(parts) == 1:
            return parts[0]
        texts = [pc.utf8_trim_whitespace(part.cast(pa.string())) for part in parts]
        return pc.binary_join_element_wise(*texts, " ")

    def _to_us(self, table: Any) -> tuple[Int64Array, npt.NDArray[np.bool_]]:
        """Microseconds of each stamp, 0 where there is none, and which rows have one."""
        column = self._column(table)
        us, readable = typed_to_us(column) if self._layout is None else texts_to_us(column, self._layout)
        readable &= (us >= 0) & (us < _LATEST_US)
        return np.where(readable, us, 0), readable

    def _to_utc(self, us: Int64Array, table: Any, reasons: ReasonArray) -> Int64Array:
        """UTC microseconds of local ones; rows that have none, or two that cannot be told apart, get their reason."""
        assert self._zone is not None  # noqa: S101 - asked by the caller
        good = reasons == ACCEPTED
        local = _naive(us)
        first, second = (_localised(local, self._zone, first=which) for which in (True, False))
        record(reasons, Reason.NONEXISTENT_LOCAL_TIME, good & np.isnat(first))
        result = first.astype(np.int64)
        repeated = np.flatnonzero(good & (first != second) & ~np.isnat(first))
        if len(repeated):
            passes = _passes(us[repeated], self._contracts(table, repeated))
            if not _runs_forward(us[good]):
                passes[:] = _UNTOLD
            result[repeated[passes == _SECOND]] = second.astype(np.int64)[repeated[passes == _SECOND]]
            untold = np.zeros(len(us), dtype=bool)
            untold[repeated[passes == _UNTOLD]] = True
            record(reasons, Reason.AMBIGUOUS_LOCAL_TIME, untold)
        result[reasons != ACCEPTED] = 0
        return result

    def _contracts(self, table: Any, rows: Int64Array) -> Int64Array:
        """A number for the contract of each of `rows`."""
        names = [table.column(name).take(pa.array(rows)).cast(pa.string()) for name in self._columns.contract]
        if not names:
            return np.zeros(len(rows), dtype=np.int64)
        numbers, _ = pd.factorize(pc.coalesce(*names).to_pandas())
        return np.asarray(numbers, dtype=np.int64)


def _layout(path: Path, options: ReadOptions, column: Any, row_numbers: Int64Array) -> Layout | None:
    """As given, else as recognised; None for a column of typed times."""
    if options.stamp_format is None:
        return recognise_layout(path, column, row_numbers)
    if not (pa.types.is_string(column.type) or pa.types.is_integer(column.type)):
        message = f"{path}: the stamps are {column.type}, not text. Leave `--stamp-format` out."
        raise InputError(message)
    return layout_of_format(path, options.stamp_format)


_FIRST, _SECOND, _UNTOLD = 0, 1, 2


def _passes(us: Int64Array, contracts: Int64Array) -> npt.NDArray[np.int8]:
    """Which pass of a repeated hour each row belongs to, told by the order of the file's rows.

    A contract's rows of one such hour tell it when they run through the hour, step back once, and run through it
    again. Rows of one pass only, or in another order, do not.
    """
    passes = np.full(len(us), _UNTOLD, dtype=np.int8)
    frame = pd.DataFrame({"us": us, "contract": contracts, "night": _nights(us)})
    for rows in frame.groupby(["contract", "night"]).indices.values():
        back = np.flatnonzero(np.diff(us[rows]) < 0)
        if len(back) == 1:
            passes[rows[: back[0] + 1]] = _FIRST
            passes[rows[back[0] + 1 :]] = _SECOND
    return passes


def _runs_forward(us: Int64Array) -> bool:
    """Whether rows mostly step forward in time: in a file with the newest first a step back tells nothing."""
    steps = np.sign(np.diff(us))
    return int(steps.sum()) > 0


def _nights(us: Int64Array) -> Int64Array:
    stamps, positions = np.unique(us, return_inverse=True)
    nights = np.cumsum(np.diff(stamps, prepend=stamps[0]) > _NEW_GROUP_US, dtype=np.int64)
    return np.asarray(nights[positions], dtype=np.int64)


def _naive(us: Int64Array) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(us.astype("datetime64[us]"))


def _localised(local: pd.DatetimeIndex, zone: dt.tzinfo, *, first: bool) -> npt.NDArray[np.datetime64]:
    """UTC of local times; NaT where clocks skipped them, the first or second pass where they repeated them."""
    which = np.full(len(local), first)
    return local.tz_localize(zone, ambiguous=which, nonexistent="NaT").tz_convert(None).to_numpy()


def _zone(path: Path, columns: Columns, options: ReadOptions, column: Any, row_numbers: Int64Array) -> dt.tzinfo:
    if columns.is_utc:
        given = None if options.timezone is None else _parse_zone(path, options.timezone)
        if given is not None and given.utcoffset(dt.datetime(2020, 7, 1)):  # noqa: DTZ001 - any summer's day
            message = (
                f"{path}: column {columns.stamp[0]} says UTC and --timezone says {options.timezone}. "
                "Rename the column if its times are local, or leave the zone out."
            )
            raise InputError(message)
        return ZoneInfo("UTC")
    if options.timezone is None:
        message = (
            f"{path}: row {row_numbers[0]}: stamp {str(column[0].as_py())!r} has no time zone. Expected an offset or Z "
            "in the stamp, or the zone of the file's times: `--timezone America/New_York` (or UTC, Etc/GMT+5, +10:00)."
        )
        raise InputError(message)
    return _parse_zone(path, options.timezone)


def _parse_zone(path: Path, name: str) -> dt.tzinfo:
    offset = _OFFSET.fullmatch(name)
    if offset is not None:
        delta = dt.timedelta(hours=int(offset["hours"]), minutes=int(offset["minutes"]))
        return dt.timezone(delta if offset["sign"] == "+" else -delta)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        message = (
            f"{path}: {name!r} is not a time zone. Expected an IANA name such as America/New_York, UTC, or an offset "
            "such as +10:00."
        )
        raise InputError(message) from None


def _join(first: RawChunk, second: RawChunk) -> RawChunk:
    return RawChunk(
        np.concatenate([first.row_numbers, second.row_numbers]),
        pa.concat_tables([first.table, second.table]),
        first.damaged + second.damaged,
    )
