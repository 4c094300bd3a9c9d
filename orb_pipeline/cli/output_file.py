"""A file whose name the user has given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orb_pipeline.errors import InputError, StorageError
from orb_pipeline.storage.files import appearing_whole


@contextmanager
def output_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, which appears whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    try:
        with appearing_whole(path) as temporary:
            yield temporary
    except StorageError as error:
        raise InputError(str(error)) from error
