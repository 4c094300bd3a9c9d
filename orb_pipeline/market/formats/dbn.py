"""Databento DBN files of one-minute bars, through the optional package `databento`."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from orb_pipeline.errors import InputError
from orb_pipeline.market.formats.raw import CHUNK_ROWS, Columns, RawChunk, ReadOptions

ENDINGS = (".dbn", ".dbn.zst")
SCHEMA = "ohlcv-1m"
_PRICE_SCALE = 1e9  # DBN's fixed-point prices; one correctly rounded division gives the double nearest to the decimal
_READ_BYTES = 2**20
_UNDEFINED_PRICE = np.iinfo(np.int64).max

Interval = tuple[dt.date, dt.date, str]  # first day, day after the last, raw symbol


class DbnBars:
    """A DBN file of ohlcv-1m bars; the first record is row 1. Its symbology maps records to raw symbols.

    Raises:
        InputError: package `databento` is missing, the file is not DBN, or it holds another schema.
    """

    columns = Columns(
        stamp=("ts_event",), open="open", high="high", low="low", close="close", volume="volume", contract=("symbol",)
    )

    def __init__(self, path: Path, options: ReadOptions) -> None:  # noqa: ARG002 - DBN says everything itself
        self.path = path
        self._store = _open(path)
        schema = self._store.schema
        if str(schema) != SCHEMA:
            message = f"{path} holds schema {schema or 'mixed'}; expected {SCHEMA}. Download the bars as {SCHEMA}."
            raise InputError(message)
        self._symbols = _symbols_by_id(self._store.mappings)

    def chunks(self) -> Iterator[RawChunk]:
        start = 1
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a truncated file is a warning to databento
            try:
                for records in self._store.to_ndarray(count=CHUNK_ROWS):
                    rows = np.arange(start, start + len(records), dtype=np.int64)
                    yield RawChunk(rows, self._table(records))
                    start += len(records)
            except (Warning, ValueError, OSError) as error:
                raise InputError(_unreadable(self.path, error)) from None

    def _table(self, records: npt.NDArray[Any]) -> Any:
        stamps = pa.array(records["ts_event"].astype(np.int64)).cast(pa.timestamp("ns", tz="UTC"))
        prices = {name: _prices(records[name]) for name in ("open", "high", "low", "close")}
        volume = pa.array(records["volume"])
        return pa.table({"ts_event": stamps, **prices, "volume": volume, "symbol": self._raw_symbols(records)})

    def _raw_symbols(self, records: npt.NDArray[Any]) -> Any:
        """The raw symbol of each record on its UTC day; NULL where the file maps none."""
        days = (records["ts_event"] // np.uint64(86_400_000_000_000)).astype(np.int64)
        ids = records["instrument_id"].astype(np.int64)
        positions, keys = pd.factorize(days * 2**32 + ids)
        epoch = dt.date(1970, 1, 1)
        symbols = [self._symbol(key % 2**32, epoch + dt.timedelta(days=key // 2**32)) for key in keys.tolist()]
        return pa.array(symbols, pa.string()).take(pa.array(positions)).dictionary_encode()

    def _symbol(self, instrument_id: int, day: dt.date) -> str | None:
        intervals = self._symbols.get(instrument_id, [])
        return next((symbol for first, end, symbol in intervals if first <= day < end), None)


def _open(path: Path) -> Any:
    try:
        import databento
        import databento_dbn
        import zstandard
    except ImportError:
        message = (
            f"{path}: reading DBN files needs package databento. Install it: pip install 'orb_pipeline[databento]'."
        )
        raise InputError(message) from None
    try:
        store = databento.DBNStore.from_file(path)
        if str(store.compression) == "zstd":
            _refuse_incomplete(path, zstandard.ZstdDecompressor().decompressobj())
    except (databento.BentoError, databento_dbn.DBNError, zstandard.ZstdError, ValueError, OSError) as error:
        raise InputError(_unreadable(path, error)) from None
    return store


def _refuse_incomplete(path: Path, decompressor: Any) -> None:
    """Read to the end of the compressed frame: databento takes a file that was cut short for a short file."""
    with path.open("rb") as file:
        while not decompressor.eof and (block := file.read(_READ_BYTES)):
            decompressor.decompress(block)
        is_whole = decompressor.eof and not decompressor.unused_data and not file.read(1)
    if not is_whole:
        message = "it is not one whole zstd frame"
        raise ValueError(message)


def _prices(fixed: npt.NDArray[np.int64]) -> Any:
    return pa.array(fixed / _PRICE_SCALE, mask=fixed == _UNDEFINED_PRICE)


def _symbols_by_id(mappings: Mapping[str, list[Any]]) -> dict[int, list[Interval]]:
    symbols: dict[int, list[Interval]] = {}
    for raw_symbol, intervals in mappings.items():
        for interval in intervals:
            if str(interval["symbol"]).isdigit():
                entry = (interval["start_date"], interval["end_date"], raw_symbol)
                symbols.setdefault(int(interval["symbol"]), []).append(entry)
    return symbols


def _unreadable(path: Path, error: BaseException) -> str:
    return f"{path} cannot be read as DBN ({' '.join(str(error).split())}). Download the file again."
