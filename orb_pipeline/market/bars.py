"""Raw rows become bars: every row is checked, and is a bar, ignored, or refused with one reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from orb_pipeline.catalogue.models import Instrument
from orb_pipeline.errors import InputError
from orb_pipeline.market.contracts import IGNORED, UNKNOWN, ContractBook, Int32Array
from orb_pipeline.market.formats.raw import BarFile, Columns, ReadOptions, plain
from orb_pipeline.market.formats.stamps import read_stamps
from orb_pipeline.market.reasons import ACCEPTED, Reason, ReasonArray, number_of, record
from orb_pipeline.market.ticks import to_prices, to_ticks
from orb_pipeline.market.trading_day import Int64Array

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_MAX_EXACT = 2.0**53  # from it on a double may stand for several whole numbers

_FIXED_POINT = 1e9


@dataclass(frozen=True)
class Bars:
    """Checked bars as arrays of one length.

    Attributes:
        row_numbers: where they stood in the file.
        minutes: UTC minutes since the epoch.
        contracts: numbers in the file's ContractBook.
        open, high, low, close: prices, each the double nearest to a whole number of ticks.
    """

    row_numbers: Int64Array
    minutes: Int64Array
    contracts: Int32Array
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: Int64Array

    def __len__(self) -> int:
        return len(self.minutes)

    def take(self, which: npt.NDArray[Any]) -> Self:
        """The bars at positions `which`, or where a mask `which` is true."""
        return type(self)(*(getattr(self, field.name)[which] for field in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


@dataclass(frozen=True)
class Refused:
    """Rows that are no bars: their numbers, and the number in REASONS of why."""

    row_numbers: Int64Array
    reasons: ReasonArray

    def __len__(self) -> int:
        return len(self.row_numbers)

    @classmethod
    def for_one_reason(cls, row_numbers: Int64Array, reason: Reason) -> Self:
        return cls(row_numbers, np.full(len(row_numbers), number_of(reason), dtype=np.int8))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """All parts, in the order of rows."""
        rows = np.concatenate([part.row_numbers for part in parts])
        order = np.argsort(rows, kind="stable")
        return cls(rows[order], np.concatenate([part.reasons for part in parts])[order])


@dataclass(frozen=True)
class CheckedFile:
    """What a file holds: `read_rows` is the sum of bars, refused and ignored rows."""

    bars: Bars
    refused: Refused
    contracts: tuple[str, ...]
    read_rows: int
    ignored_rows: int
    simulated_rows: int


def check_file(
    file: BarFile, instrument: Instrument, options: ReadOptions, progress: Callable[[int], None] | None = None
) -> CheckedFile:
    """Read and check all rows of a file; `progress` is told the number of rows read so far.

    Raises:
        InputError: the file as a whole cannot be read (see market.formats).
    """
    book = ContractBook(instrument.symbol, instrument.contract_prefix)
    rows = _joined(_check_chunks(file, instrument.tick, options, book), progress)
    bars, refused = rows.bars, rows.refused
    repeated = repeated_minutes(bars)
    if repeated.any():
        refused = Refused.joined([refused, Refused.for_one_reason(bars.row_numbers[repeated], Reason.REPEATED_MINUTE)])
        bars = bars.take(~repeated)
    return CheckedFile(bars, refused, tuple(book.names), rows.read_rows, rows.ignored_rows, rows.simulated_rows)


@dataclass(frozen=True)
class _CheckedRows:
    """Rows checked one by one; minutes may still repeat."""

    bars: Bars
    refused: Refused
    read_rows: int
    ignored_rows: int
    simulated_rows: int


def _joined(parts: Iterable[_CheckedRows], progress: Callable[[int], None] | None) -> _CheckedRows:
    """All parts as one; they are let go on return, which halves the memory that what follows starts from."""
    collected = []
    read_rows = 0
    for part in parts:
        collected.append(part)
        read_rows += part.read_rows
        if progress is not None:
            progress(read_rows)
    return _CheckedRows(
        bars=Bars.joined([_NO_BARS, *(part.bars for part in collected)]),
        refused=Refused.joined([_NONE_REFUSED, *(part.refused for part in collected)]),
        read_rows=read_rows,
        ignored_rows=sum(part.ignored_rows for part in collected),
        simulated_rows=sum(part.simulated_rows for part in collected),
    )


def _check_chunks(file: BarFile, tick: Decimal, options: ReadOptions, book: ContractBook) -> Iterator[_CheckedRows]:
    columns = file.columns
    for chunk, stamps in read_stamps(file.path, columns, options, file.chunks()):
        contracts = book.resolve(_contract_codes(chunk.table, columns), stamps.minutes)
        numbers = _Numbers.of(chunk.table, columns, tick)
        reasons = stamps.reasons.copy()
        _check_values(reasons, numbers, contracts)
        is_ignored = contracts == IGNORED
        is_bar = (reasons == ACCEPTED) & ~is_ignored
        is_refused = (reasons != ACCEPTED) & ~is_ignored
        damaged = np.array([line.row_number for line in chunk.damaged], dtype=np.int64)
        yield _CheckedRows(
            bars=numbers.bars(chunk.row_numbers, stamps.minutes, contracts, is_bar, tick),
            refused=Refused.joined(
                [
                    Refused(chunk.row_numbers[is_refused], reasons[is_refused]),
                    Refused.for_one_reason(damaged, Reason.WRONG_NUMBER_OF_VALUES),
                ]
            ),
            read_rows=len(reasons) + len(damaged),
            ignored_rows=int(is_ignored.sum()),
            simulated_rows=_simulated_rows(chunk.table, columns),
        )


@dataclass(frozen=True)
class _Numbers:
    """A chunk's values as numbers: NaN where there is none.

    `ticks` and `is_on_grid` have a row for each of open, high, low, close.
    """

    values: tuple[FloatArray, ...]
    ticks: tuple[Int64Array, ...]
    is_on_grid: tuple[BoolArray, ...]

    @classmethod
    def of(cls, table: Any, columns: Columns, tick: Decimal) -> Self:
        prices = tuple(_to_price(table.column(name), name, columns) for name in columns.prices)
        with_ticks = [to_ticks(_countable(values, tick), tick) for values in prices]
        volume = _to_float(table.column(columns.volume), columns.volume)
        return cls((*prices, volume), tuple(ticks for ticks, _ in with_ticks), tuple(grid for _, grid in with_ticks))

    def bars(
        self, row_numbers: Int64Array, minutes: Int64Array, contracts: Int32Array, which: BoolArray, tick: Decimal
    ) -> Bars:
        opens, highs, lows, closes = (to_prices(ticks[which], tick) for ticks in self.ticks)
        volume = self.values[4][which].astype(np.int64)
        return Bars(row_numbers[which], minutes[which], contracts[which], opens, highs, lows, closes, volume)


def _check_values(reasons: ReasonArray, numbers: _Numbers, contracts: Int32Array) -> None:
    """Enter the first failing reason of each row that has none yet."""
    prices, volume = numbers.values[:4], numbers.values[4]
    opens, highs, lows, closes = numbers.ticks
    record(reasons, Reason.NOT_A_NUMBER, _any([np.isnan(values) for values in numbers.values]))
    record(reasons, Reason.NOT_FINITE, _any([np.isinf(values) for values in numbers.values]))
    record(reasons, Reason.NOT_POSITIVE, _any([values <= 0 for values in prices]))
    record(reasons, Reason.OFF_TICK_GRID, ~np.logical_and.reduce(numbers.is_on_grid))
    record(reasons, Reason.HIGH_BELOW_OPEN_OR_CLOSE, highs < np.maximum(opens, closes))
    record(reasons, Reason.LOW_ABOVE_OPEN_OR_CLOSE, lows > np.minimum(opens, closes))
    record(reasons, Reason.NEGATIVE_VOLUME, volume < 0)
    record(reasons, Reason.FRACTIONAL_VOLUME, (volume != np.rint(volume)) | (volume >= _MAX_EXACT))
    record(reasons, Reason.UNKNOWN_CONTRACT, contracts == UNKNOWN)


def repeated_minutes(bars: Bars) -> BoolArray:
    """Bars whose contract and minute an earlier row has; the first row stands."""
    keys = bar_keys(bars.minutes, bars.contracts)
    if len(keys) < 2 or (np.diff(keys) > 0).all():
        return np.zeros(len(keys), dtype=bool)
    return np.asarray(pd.Series(keys).duplicated(keep="first"))


def bar_keys(minutes: Int64Array, contracts: Int32Array) -> Int64Array:
    """One number for minute and contract; ascends with the minute."""
    return minutes * 2**20 + contracts


def _any(masks: Sequence[BoolArray]) -> BoolArray:
    return np.asarray(np.logical_or.reduce(masks))


def _countable(prices: FloatArray, tick: Decimal) -> FloatArray:
    """`prices`, with those that have no whole number of ticks (missing, infinite, huge) off the grid."""
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(prices) <= _MAX_EXACT * float(tick), prices, float(tick) / 2)


def _to_price(column: Any, name: str, columns: Columns) -> FloatArray:
    values = _to_float(column, name)
    if not columns.is_fixed_point:
        return values
    column = plain(column)
    if pa.types.is_string(column.type):
        is_fixed = np.asarray(pc.match_substring_regex(column.fill_null(""), r"^\s*-?\d+\s*$"))
        return np.where(is_fixed, values / _FIXED_POINT, values)
    return values / _FIXED_POINT if pa.types.is_integer(column.type) else values


def _to_float(column: Any, name: str) -> FloatArray:
    """Numbers of an arrow column of numbers or text; NaN where there is none."""
    column = plain(column)
    if not pa.types.is_string(column.type):
        try:
            return np.asarray(column.cast(pa.float64(), safe=False).to_numpy())
        except pa.ArrowNotImplementedError:
            message = f"Column {name} holds {column.type}; expected numbers, or text of numbers. Write it as numbers."
            raise InputError(message) from None
    try:
        return np.asarray(pc.cast(column, pa.float64()).to_numpy())
    except pa.ArrowInvalid:
        texts = pc.utf8_trim_whitespace(column).to_pandas()
        return np.asarray(pd.to_numeric(texts, errors="coerce").astype("float64"))


def _contract_codes(table: Any, columns: Columns) -> Any | None:
    """The first contract column that is filled, row by row; None where the file has none."""
    if not columns.contract:
        return None
    if len(columns.contract) == 1:
        return _to_text(table, columns.contract[0])
    filled = []
    for name in columns.contract:
        codes = plain(_to_text(table, name))
        filled.append(pc.if_else(pc.equal(codes, ""), pa.scalar(None, pa.string()), codes))
    return pc.coalesce(*filled)


def _to_text(table: Any, name: str) -> Any:
    """A column as text, or as a dictionary of text."""
    column = table.column(name)
    if pa.types.is_dictionary(column.type) and pa.types.is_string(column.type.value_type):
        return column
    try:
        return plain(column).cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        message = f"Column {name} holds {column.type}; expected text. Write it as text, or leave it out."
        raise InputError(message) from None


def _simulated_rows(table: Any, columns: Columns) -> int:
    if columns.simulated is None:
        return 0
    texts = pc.utf8_lower(pc.utf8_trim_whitespace(plain(_to_text(table, columns.simulated))))
    return int(pc.sum(pc.is_in(texts, pa.array(["true", "1", "yes", "t"]))).as_py() or 0)


_NO_ROWS = np.empty(0, dtype=np.int64)
_NO_PRICES = np.empty(0, dtype=np.float64)
_NO_BARS = Bars(
    _NO_ROWS, _NO_ROWS, np.empty(0, dtype=np.int32), _NO_PRICES, _NO_PRICES, _NO_PRICES, _NO_PRICES, _NO_ROWS
)
_NONE_REFUSED = Refused(_NO_ROWS, np.empty(0, dtype=np.int8))
