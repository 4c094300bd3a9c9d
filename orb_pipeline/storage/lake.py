"""The lake: large recomputable tables as Parquet, a folder for each scope, files that are replaced whole."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orb_pipeline.errors import ConfigurationError, MissingDataError
from orb_pipeline.storage.files import appearing_whole
from orb_pipeline.storage.tables import LAKE_TABLES, partition_key

_PARTITION = re.compile(r"[a-z]+=([^/]+)/[^/]+\.parquet$")


@dataclass(frozen=True)
class Snapshot:
    """The bytes of one file of the lake, read once: what is decoded from them is what their hash stands for."""

    content: bytes

    @cached_property
    def content_hash(self) -> str:
        """SHA-256."""
        return hashlib.sha256(self.content).hexdigest()

    def arrow(self, columns: Sequence[str] | None = None, where: pc.Expression | None = None) -> pa.Table:
        """The table, of it only `columns` and the rows `where` holds; row groups without any are not decoded."""
        return pq.read_table(pa.BufferReader(self.content), columns=list(columns) if columns else None, filters=where)


class Lake:
    """Tables at `<url>/<table>/<key>=<scope>/<file>.parquet`: `instrument=MGC`, or of an account's `account=25k`.

    A file is written beside its final name and renamed (on an object store: put in one request), so a reader sees the
    old content or the new, never a part. A table that is recomputed as a whole is one file, `data`.
    """

    def __init__(self, url: str) -> None:
        """The lake at `url`.

        Raises:
            ConfigurationError: there is no reader of this kind of URL.
        """
        self.url = url.rstrip("/")
        try:
            self._fs, self._root = fsspec.core.url_to_fs(self.url)
        except (ValueError, ImportError) as error:
            message = (
                f"The lake's location {self.place!r} cannot be opened: {error}. Expected in ORB_LAKE_URL a path or a "
                "URL of a protocol that fsspec knows and whose package is installed."
            )
            raise ConfigurationError(message) from error
        self._is_local = "file" in (self._fs.protocol if isinstance(self._fs.protocol, tuple) else (self._fs.protocol,))

    @property
    def place(self) -> str:
        """The URL to be shown: without a user, a password or anything behind a question mark."""
        parts = urlsplit(self.url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    def write(
        self,
        table: str,
        scope: str,
        data: pa.Table | pd.DataFrame,
        *,
        file: str = "data",
    ) -> str:
        """Replace one file of a partition by `data`, cast to the table's schema; returns its content hash."""
        schema = LAKE_TABLES[table]
        arrow = pa.Table.from_pandas(data, preserve_index=False) if isinstance(data, pd.DataFrame) else data
        arrow = arrow.select(schema.names).cast(schema).replace_schema_metadata(None)
        sink = pa.BufferOutputStream()
        pq.write_table(arrow, sink, compression="zstd", compression_level=1)
        content = sink.getvalue()
        self._replace(self.path(table, scope, file), content)
        return hashlib.sha256(content).hexdigest()

    def snapshot(self, table: str, scope: str, *, file: str = "data") -> Snapshot:
        """One file of a partition as it is now.

        Raises:
            MissingDataError: it has not been made yet.
        """
        path = self.path(table, scope, file)
        try:
            return Snapshot(Path(path).read_bytes() if self._is_local else bytes(self._fs.cat_file(path)))
        except FileNotFoundError:
            message = (
                f"{table} of {scope} is not in the lake ({self.place}). "
                f"Make it first: `orb run --{partition_key(table)} {scope} --to {table}`."
            )
            raise MissingDataError(message) from None

    def read(self, table: str, scope: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The recomputed table; days as datetime64, repeating text as categoricals."""
        frame: pd.DataFrame = self.snapshot(table, scope).arrow(columns).to_pandas(date_as_object=False)
        return frame

    def exists(self, table: str, scope: str, *, file: str = "data") -> bool:
        return bool(self._fs.exists(self.path(table, scope, file)))

    def path(self, table: str, scope: str, file: str = "data") -> str:
        return f"{self._root}/{table}/{partition_key(table)}={scope}/{file}.parquet"

    def scopes(self, table: str) -> list[str]:
        """Instruments, or of an account's table the accounts, that have at least one file of it."""
        paths = self._fs.glob(f"{self._root}/{table}/{partition_key(table)}=*/*.parquet")
        return sorted({match.group(1) for path in paths if (match := _PARTITION.search(str(path)))})

    def _replace(self, path: str, content: pa.Buffer) -> None:
        if self._is_local:
            with appearing_whole(Path(path)) as temporary:
                temporary.write_bytes(memoryview(content))
        else:
            self._fs.pipe_file(path, content.to_pybytes())
