"""The warehouse: relational tables in one DuckDB file, opened for moments, closed on every path.

While one process has the file open no other can open it, readers included. So connections are short, an open retries
quickly while another process holds the file, and what takes long is computed before or after. Only where a paper day
begins and ends it is held over several transactions: `held`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import duckdb
import filelock
import pandas as pd

from orb_pipeline.errors import BusyError, StorageError
from orb_pipeline.storage.files import appearing_whole

_NO_ROOM = (
    duckdb.IOException,
    duckdb.TransactionException,
    duckdb.FatalException,
)  # while writing, at commit, at close
_RETRY_SECONDS = 0.01  # a longer wait starves writers when several processes alternate


class Warehouse:
    """Transactions on `path`, which is made, and brought to the present schema, on first use.

    Args:
        path: the DuckDB file.
        timeout_seconds: how long to wait for another process that holds it.
    """

    def __init__(self, path: Path, timeout_seconds: float = 60.0) -> None:
        self.path = path
        self._timeout_seconds = timeout_seconds
        self._lock = threading.RLock()
        self._is_migrated = False

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection inside one transaction: committed at the end, rolled back on any error, then closed.

        Raises:
            BusyError: another process held the file all through the timeout.
            StorageError: the file cannot be read or written.
        """
        with self._lock, _storage_errors(self.path, *_NO_ROOM):
            with _storage_errors(self.path, OSError):
                connection = self._open()
            try:
                connection.execute("set TimeZone = 'UTC'")
                if not self._is_migrated:
                    _migrate(connection)
                    self._is_migrated = True
                with _transaction_on(connection):
                    yield connection
            finally:
                connection.close()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Leave the file open for several transactions in a row: opening it costs more than most of them do.

        Other processes wait meanwhile. Raises what `transaction` does.
        """
        with _storage_errors(self.path, *_NO_ROOM):
            with _storage_errors(self.path, OSError):
                kept = self._open()
            try:
                yield
            finally:
                kept.close()

    def frame(self, query: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """The rows of a query, times as aware UTC stamps with microseconds."""
        with self.transaction() as connection:
            return utc_frame(connection.execute(query, list(parameters)).df())

    def _open(self) -> duckdb.DuckDBPyConnection:
        if not self.path.exists():
            self._create()
        deadline = time.monotonic() + self._timeout_seconds
        while True:
            try:
                return duckdb.connect(str(self.path))
            except duckdb.IOException as error:
                if "lock" not in str(error).lower():
                    raise
                if time.monotonic() > deadline:
                    message = (
                        f"{self.path} was held by another process for {self._timeout_seconds:.0f} s "
                        f"({' '.join(str(error).split())}). Close that process and run again."
                    )
                    raise BusyError(message) from None
                time.sleep(_RETRY_SECONDS)

    def _create(self) -> None:
        """Make an empty database, whole or not at all: a part of one cannot be opened again."""
        lock = self.path.parent / "locks" / "warehouse.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(lock):
            if self.path.exists():
                return
            with appearing_whole(self.path) as temporary:
                duckdb.connect(str(temporary)).close()


@contextmanager
def _transaction_on(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """One transaction on an open connection: committed at the end, rolled back on any error."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


@contextmanager
def _storage_errors(path: Path, *kinds: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kinds as error:
        message = (
            f"{path} cannot be read or written ({' '.join(str(error).split())}). Expected a DuckDB file in a folder "
            "that can be written, with room on the disk. Mend that, or name another home with `orb --home DIR`."
        )
        raise StorageError(message) from error


def utc_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with every aware column in UTC and microseconds, whatever zone object and unit it came with."""
    for column in frame.columns[frame.dtypes.map(lambda dtype: isinstance(dtype, pd.DatetimeTZDtype))]:
        frame[column] = frame[column].dt.tz_convert("UTC").dt.as_unit("us")
    return frame


def _migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Apply, in order and each in its own transaction, the migrations the file has not had yet."""
    connection.execute("create table if not exists schema_migrations (name varchar primary key)")
    done = {row[0] for row in connection.execute("select name from schema_migrations").fetchall()}
    folder = resources.files("orb_pipeline.storage").joinpath("migrations")
    for script in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not script.name.endswith(".sql") or script.name in done:
            continue
        with _transaction_on(connection):
            connection.execute(script.read_text(encoding="utf-8"))
            connection.execute("insert into schema_migrations values (?)", [script.name])
