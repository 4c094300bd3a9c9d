"""Output files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orb_pipeline.errors import InputError


@contextmanager
def appearing_whole(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to it at the end of the block and removed if the block fails."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        message = f"{path} could not be written: {error.strerror or error}. Name another file or mend its folder."
        raise InputError(message) from error
