"""`orb`, told when to die: `python doomed.py PLACE NUMBER ORB-ARGUMENTS...` sends itself SIGKILL at the NUMBERth PLACE.

Places: `transaction`, inside one that has written, before it is committed; `committed`, right after; `file`, before a
rename, a replacement or a deletion of a file, and the next one after it. `never`: it lives.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from orb_pipeline.cli import main
from orb_pipeline.storage.warehouse import Warehouse

_WRITES = ("insert", "update", "delete", "create")


class _Watched:
    """A connection that knows whether it has written."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.has_written = False

    def execute(self, query: str, *rest: Any) -> Any:
        self.has_written |= query.lstrip().lower().startswith(_WRITES)
        return self._connection.execute(query, *rest)

    def executemany(self, query: str, *rest: Any) -> Any:
        self.has_written = True
        return self._connection.executemany(query, *rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class Doom:
    def __init__(self, number: int) -> None:
        self._left = number

    def comes(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def doom_transactions(doom: Doom, *, is_committed: bool) -> None:
    transaction = Warehouse.transaction

    @contextmanager
    def doomed(self: Warehouse) -> Iterator[Any]:
        with transaction(self) as connection:
            watched = _Watched(connection)
            yield watched
            if watched.has_written and not is_committed:
                doom.comes()
        if watched.has_written and is_committed:
            doom.comes()

    Warehouse.transaction = doomed  # type: ignore[assignment, method-assign]


def doom_files(doom: Doom) -> None:
    for name in ("rename", "replace", "unlink"):
        setattr(Path, name, _doomed(getattr(Path, name), doom))


def _doomed(original: Any, doom: Doom) -> Any:
    def change(*arguments: Any, **named: Any) -> Any:
        doom.comes()
        return original(*arguments, **named)

    return change


if __name__ == "__main__":
    place, number = sys.argv[1], int(sys.argv[2])
    del sys.argv[1:3]
    if place == "file":
        doom_files(Doom(number))
    elif place != "never":
        doom_transactions(Doom(number), is_committed=place == "committed")
    main()
