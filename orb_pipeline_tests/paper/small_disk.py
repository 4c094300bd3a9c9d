"""A disk that can be filled: a small tmpfs of our own, or /dev/shm where that is small, as it is in containers."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest

BYTES = 64 * 2**20
_SHARED = Path("/dev/shm")
_SMALL = 128 * 2**20


class SmallDisk:
    """Attributes:
    folder: what lies on it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    @contextmanager
    def full(self, but: int) -> Iterator[None]:
        """With room for `but` bytes more."""
        room = os.statvfs(self.folder)
        with self._filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(4096, room.f_bavail * room.f_frsize - but))
        try:
            yield
        finally:
            self._filler.unlink()


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Where neither way is open the test fails in CI, as every gap does, and is skipped on a laptop."""
    folder.mkdir()
    if _mounted(folder):
        try:
            yield SmallDisk(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    elif _SHARED.is_dir() and shutil.disk_usage(_SHARED).total <= _SMALL:
        shared = Path(mkdtemp(dir=_SHARED))
        try:
            yield SmallDisk(shared)
        finally:
            shutil.rmtree(shared)
    else:
        pytest.skip("no small disk to fill: mounting a tmpfs is not allowed, and /dev/shm is large")


def _mounted(folder: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={BYTES}", "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
