"""The lake: large recomputable tables as Parquet, one folder an instrument, files that are replaced whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orb_pipeline.errors import MissingDataError
from orb_pipeline.storage.tables import LAKE_TABLES

_PARTITION = re.compile(r"instrument=([^/]+)/[^/]+\.parquet$")


@dataclass(frozen=True)
class Snapshot:
    """One file of the lake, read once: what is decoded from it is what its hash stands for."""

    content_hash: str
    content: bytes | memoryview

    def arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        return pq.read_table(pa.BufferReader(self.content), columns=list(columns) if columns else None)


class Lake:
    """Tables at `<url>/<table>/instrument=<X>/<file>.parquet`.

    A file is written beside its final name and renamed (on an object store: put in one request), so a reader sees the
    old content or the new, never a part. A table that is recomputed as a whole is one file, `data`.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._fs, self._root = fsspec.core.url_to_fs(self.url)
        self._is_local = "file" in (self._fs.protocol if isinstance(self._fs.protocol, tuple) else (self._fs.protocol,))

    def write(
        self,
        table: str,
        instrument: str,
        data: pa.Table | pd.DataFrame,
        *,
        file: str = "data",
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """Replace one file of a partition by `data`, cast to the table's schema; returns its content hash."""
        schema = LAKE_TABLES[table]
        arrow = pa.Table.from_pandas(data, preserve_index=False) if isinstance(data, pd.DataFrame) else data
        arrow = arrow.select(schema.names).cast(schema).replace_schema_metadata(dict(metadata or {}))
        sink = pa.BufferOutputStream()
        pq.write_table(arrow, sink, compression="zstd", compression_level=1)
        content = sink.getvalue()
        self._replace(self.path(table, instrument, file), content)
        return hashlib.sha256(content).hexdigest()

    def read(
        self, table: str, instrument: str, columns: Sequence[str] | None = None, *, file: str = "data"
    ) -> pd.DataFrame:
        """One file of a partition; days as datetime64, repeating text as categoricals.

        Raises:
            MissingDataError: it has not been made yet.
        """
        return self.read_arrow(table, instrument, columns, file=file).to_pandas(date_as_object=False)

    def read_arrow(
        self,
        table: str,
        instrument: str,
        columns: Sequence[str] | None = None,
        *,
        file: str = "data",
        where: pc.Expression | None = None,
    ) -> pa.Table:
        """One file of a partition, of it only the rows `where` holds; row groups without any are not decoded."""
        content = self._content(table, instrument, file)
        return pq.read_table(pa.BufferReader(content), columns=list(columns) if columns else None, filters=where)

    def snapshot(self, table: str, instrument: str, *, file: str = "data") -> Snapshot:
        """The file's bytes as they are now, with their SHA-256."""
        content = self._content(table, instrument, file)
        return Snapshot(hashlib.sha256(content).hexdigest(), content)

    def content_hash(self, table: str, instrument: str, *, file: str = "data") -> str:
        """SHA-256 of the file as it is now."""
        return hashlib.sha256(self._content(table, instrument, file)).hexdigest()

    def exists(self, table: str, instrument: str, *, file: str = "data") -> bool:
        return bool(self._fs.exists(self.path(table, instrument, file)))

    def path(self, table: str, instrument: str, file: str = "data") -> str:
        return f"{self._root}/{table}/instrument={instrument}/{file}.parquet"

    def instruments(self, table: str) -> list[str]:
        """Instruments that have at least one file of the table."""
        paths = self._fs.glob(f"{self._root}/{table}/instrument=*/*.parquet")
        return sorted({match.group(1) for path in paths if (match := _PARTITION.search(str(path)))})

    def _content(self, table: str, instrument: str, file: str) -> bytes | memoryview:
        path = self.path(table, instrument, file)
        try:
            return Path(path).read_bytes() if self._is_local else bytes(self._fs.cat_file(path))
        except FileNotFoundError:
            message = (
                f"{table} of {instrument} is not in the lake ({self.url}). "
                f"Make it first: `orb run --instrument {instrument} --to {table}`."
            )
            raise MissingDataError(message) from None

    def _replace(self, path: str, content: pa.Buffer) -> None:
        if not self._is_local:
            self._fs.pipe_file(path, content.to_pybytes())
            return
        folder = os.path.dirname(path)
        os.makedirs(folder, exist_ok=True)
        temporary = f"{path}.{uuid4().hex}.tmp"
        try:
            with open(temporary, "wb") as handle:
                handle.write(memoryview(content))
                handle.flush()
                os.fsync(handle.fileno())
            os.replace(temporary, path)
        finally:
            if os.path.exists(temporary):
                os.remove(temporary)
        directory = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
