"""Bars in Parquet: times typed (with or without zone) or as text, prices of any numeric type or as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from orb_pipeline.errors import InputError
from orb_pipeline.market.formats.columns import recognise_columns
from orb_pipeline.market.formats.raw import CHUNK_ROWS, RawChunk, ReadOptions

ENDINGS = (".parquet", ".pq")


class ParquetBars:
    """A Parquet file of bars; the first row is row 1.

    Raises:
        InputError: it is not Parquet, or a column of a bar is missing.
    """

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.path = path
        try:
            names = pq.read_schema(path).names
        except (pa.ArrowException, OSError) as error:
            raise InputError(_unreadable(path, error)) from None
        self.columns = recognise_columns(path, names, options.columns)

    def chunks(self) -> Iterator[RawChunk]:
        start = 1
        try:
            with pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(batch_size=CHUNK_ROWS, use_threads=False):
                    if batch.num_rows:
                        rows = np.arange(start, start + batch.num_rows, dtype=np.int64)
                        yield RawChunk(rows, pa.Table.from_batches([batch]))
                        start += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise InputError(_unreadable(self.path, error)) from None


def _unreadable(path: Path, error: Exception) -> str:
    return f"{path} cannot be read as Parquet ({' '.join(str(error).split())}). Write or download the file again."
