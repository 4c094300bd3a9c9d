"""One paper trader for each account of a home, whoever it is: `--once`, `--follow` or a run of the sensor."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import filelock

from orb_pipeline.errors import BusyError
from orb_pipeline.settings import Home
from orb_pipeline.storage.files import appearing_whole


@dataclass(frozen=True)
class Holder:
    """The process that trades an account. `how`: once, follow or run. `since`: when it began, as text."""

    pid: int
    how: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} ({self.how}, since {self.since})"


@contextmanager
def trading_alone(home: Home, account: str, how: str, now: dt.datetime, wait_seconds: float = 0.5) -> Iterator[None]:
    """Be the one who trades the account. The operating system lets the lock go with the process, however it ends.

    Args:
        wait_seconds: for another trader to end; never less than it takes to ask who trades.

    Raises:
        BusyError: another process does; names it and when it began.
    """
    path = _path(home, account)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=wait_seconds)
    except filelock.Timeout:
        message = (
            f"Account {account} is traded on paper by {_told(path) or 'another process'} already. One trader an "
            "account and home: stop that one first, or leave it to it."
        )
        raise BusyError(message) from None
    try:
        with appearing_whole(_note(path)) as temporary:
            holder = {"pid": os.getpid(), "how": how, "since": f"{now:%Y-%m-%d %H:%M:%S} UTC"}
            temporary.write_text(json.dumps(holder), encoding="utf-8")
        yield
    finally:
        _note(path).unlink(missing_ok=True)
        lock.release()


def trader_of(home: Home, account: str) -> Holder | None:
    """Who trades the account now; None: nobody does."""
    path = _path(home, account)
    if not path.exists():
        return None
    lock = filelock.FileLock(path)
    try:
        with lock.acquire(timeout=0):
            return None
    except filelock.Timeout:
        return _told(path) or Holder(0, "unknown", "unknown")


def _path(home: Home, account: str) -> Path:
    return home.root / "locks" / f"paper-{account}.lock"


def _note(path: Path) -> Path:
    return path.with_suffix(".json")


def _told(path: Path) -> Holder | None:
    with suppress(OSError, ValueError, TypeError):
        return Holder(**json.loads(_note(path).read_text(encoding="utf-8")))
    return None
