"""How stamps are written: the layouts that are known, and microseconds from them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from orb_pipeline.errors import InputError
from orb_pipeline.market.trading_day import Int64Array

_SAMPLE_ROWS = 1_000
_OFFSET = r"\s?(?:Z|z|[+-]\d\d:?\d\d)"
_CLOCK = r"\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?"
_SHORT_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:\.\d{1,9})?)?"
_YEAR_FIRST = r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})"
_DAY_FIRST = r"(\d{1,2})\.(\d{1,2})\.(\d{4})"  # with dots nobody writes the month first; slashes are refused


@dataclass(frozen=True)
class Layout:
    """A way to write stamps.

    Attributes:
        pattern: what a stamp looks like, from its first character to its last.
        is_absolute: the stamp names an instant: it carries an offset or counts from the epoch.
        to_iso: brings an array of matching texts into ISO form, or into times; None for counts from the epoch.
    """

    pattern: str
    is_absolute: bool
    to_iso: Callable[[Any], Any] | None


def _unchanged(texts: Any) -> Any:
    return texts


def _from_year_first(texts: Any) -> Any:
    return _padded(pc.replace_substring_regex(texts, rf"^{_YEAR_FIRST}[T ]", r"\1-\2-\3 "))


def _from_day_first(texts: Any) -> Any:
    return _padded(pc.replace_substring_regex(texts, rf"^{_DAY_FIRST}[T ]", r"\3-\2-\1 "))


def _padded(texts: Any) -> Any:
    """`2016-3-6 9:01` as `2016-03-06 09:01`."""
    return pc.replace_substring_regex(texts, r"\b(\d)\b", r"0\1")


def _from_compact(texts: Any) -> Any:
    """`YYYYMMDD HHMMSS`, `YYYYMMDDHHMM`, `YYYYMMDD HH:MM` and the like."""
    digits = pc.replace_substring_regex(texts, r"[ T:]", "")
    part = pc.utf8_slice_codeunits
    date = pc.binary_join_element_wise(part(digits, 0, 4), part(digits, 4, 6), part(digits, 6, 8), "-")
    seconds = part(digits, 12, 14)
    seconds = pc.if_else(pc.equal(seconds, ""), "00", seconds)
    clock = pc.binary_join_element_wise(part(digits, 8, 10), part(digits, 10, 12), seconds, ":")
    return pc.binary_join_element_wise(date, clock, " ")


LAYOUTS = (
    Layout(rf"\d{{4}}-\d\d-\d\d[T ]{_CLOCK}{_OFFSET}", is_absolute=True, to_iso=_unchanged),
    Layout(rf"\d{{4}}-\d\d-\d\d[T ]{_CLOCK}", is_absolute=False, to_iso=_unchanged),
    Layout(rf"{_YEAR_FIRST}[T ]{_SHORT_CLOCK}", is_absolute=False, to_iso=_from_year_first),
    Layout(rf"{_DAY_FIRST}[T ]{_SHORT_CLOCK}", is_absolute=False, to_iso=_from_day_first),
    Layout(r"\d{8}[ T]?(?:\d{6}|\d{4}|\d\d:\d\d:\d\d|\d\d:\d\d)", is_absolute=False, to_iso=_from_compact),
    Layout(r"-?\d{9,13}|-?\d{15,16}|-?\d{18,19}", is_absolute=True, to_iso=None),
)
_EPOCH = LAYOUTS[-1]


def recognise_layout(path: Path, column: Any, row_numbers: Int64Array) -> Layout | None:
    """The layout of the first stamp that has one; None for a column of typed times.

    Raises:
        InputError: no stamp of the first rows is written in a known layout.
    """
    if pa.types.is_timestamp(column.type):
        return None
    if pa.types.is_integer(column.type):
        return _EPOCH
    if pa.types.is_string(column.type):
        for text in column.slice(0, _SAMPLE_ROWS).to_pylist():
            layout = next((layout for layout in LAYOUTS if re.fullmatch(layout.pattern, (text or "").strip())), None)
            if layout is not None:
                return layout
    message = (
        f"{path}: row {row_numbers[0]}: {str(column[0].as_py())!r} ({column.type}) is not a stamp in a known layout. "
        "Expected 2016-03-06 18:01 (with or without seconds, T, offset or Z), 2016/3/6 18:01, 6.3.2016 18:01, "
        "20160306 180100, or seconds, milli-, micro- or nanoseconds since 1970. Say how the stamps are written, day "
        "and month above all: `--stamp-format '%d/%m/%Y %H:%M'`."
    )
    raise InputError(message)


def typed_to_us(column: Any) -> tuple[Int64Array, npt.NDArray[np.bool_]]:
    """Microseconds since the epoch of an arrow timestamp column, and which rows have one."""
    unit = column.type.unit
    values = column.cast(pa.int64()).to_numpy() if column.null_count == 0 else column.cast(pa.int64()).fill_null(0)
    counts = np.asarray(values, dtype=np.int64)
    readable = ~np.asarray(column.is_null())
    if unit == "ns":
        whole = counts // 1000
        return np.where(counts % 1000 == 0, whole, whole | 1), readable  # an odd microsecond is no whole minute
    return counts * {"s": 1_000_000, "ms": 1000, "us": 1}[unit], readable


def texts_to_us(column: Any, layout: Layout) -> tuple[Int64Array, npt.NDArray[np.bool_]]:
    """Microseconds since the epoch (or of local time) of stamps in `layout`, and which rows are so written."""
    if pa.types.is_integer(column.type):
        column = column.cast(pa.string())
    texts = pc.utf8_trim_whitespace(column.fill_null(""))
    matches = pc.match_substring_regex(texts, rf"^(?:{layout.pattern})$")
    readable = np.asarray(matches)
    if not readable.all():
        texts = pc.if_else(matches, texts, pa.scalar(None, pa.string()))
    if layout.to_iso is None:
        return _from_epoch(texts), readable
    return _from_iso(layout.to_iso(texts), is_absolute=layout.is_absolute, readable=readable)


def _from_iso(texts: Any, *, is_absolute: bool, readable: npt.NDArray[np.bool_]) -> tuple[Int64Array, Any]:
    try:
        typed = pc.cast(texts, pa.timestamp("ns", tz="UTC" if is_absolute else None))
    except pa.ArrowInvalid:  # some date does not exist, such as 30 February
        parsed = pd.to_datetime(texts.to_pandas(), format="ISO8601", errors="coerce", utc=True).dt.as_unit("us")
        typed = pa.chunked_array([pa.array(parsed.dt.tz_localize(None))])
    us, exists = typed_to_us(typed)
    return us, readable & exists


def _from_epoch(texts: Any) -> Int64Array:
    """Seconds, milli-, micro- or nanoseconds since 1970: told by their number of digits."""
    counts = np.asarray(pc.cast(texts.fill_null("0"), pa.int64()))
    size = np.abs(counts)
    us = np.where(size < 10**11, counts * 1_000_000, np.where(size < 10**14, counts * 1000, counts))
    is_ns = size >= 10**17
    whole = counts // 1000
    us[is_ns] = np.where(counts % 1000 == 0, whole, whole | 1)[is_ns]
    return us.astype(np.int64)
