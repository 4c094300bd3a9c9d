"""Files that appear whole or not at all, and those of others that do not."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from orb_pipeline.errors import StorageError

_STALE_SECONDS = 3600.0  # no writer leaves its temporary file alone for so long
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{32}\.tmp(?:\.wal)?")


@contextmanager
def appearing_whole(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; at the end of the block it is on disk under its final name, or nowhere.

    What killed writers left in the folder is removed.

    Raises:
        StorageError: it could not be written.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(path.parent)
        try:
            yield temporary
            _flush(temporary)
            temporary.replace(path)
            _flush(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        why = error.strerror or error
        message = f"{path} could not be written: {why}. Make room, mend its folder, or name another."
        raise StorageError(message) from error


def is_open_for_writing(path: Path) -> bool:
    """Whether some process writes to a file, as `cp` does until it is done; False where the system does not say.

    Linux leases a file to readers only while nobody has it open for writing. The signal that a writer's opening sends
    to the lessee is one that is ignored, and the lease is given back at once.
    """
    if sys.platform != "linux":
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)
    return False


def _remove_stale(folder: Path) -> None:
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if _TEMPORARY.fullmatch(entry.name)]
    for name in names:
        with suppress(FileNotFoundError):
            if time.time() - (folder / name).stat().st_mtime > _STALE_SECONDS:
                (folder / name).unlink()


def _flush(path: Path) -> None:
    """Force a file's content, or a folder's names, from memory to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
