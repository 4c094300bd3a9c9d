"""Bars on their way to a trader: files that appear whole in `landing/`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from orb_pipeline.settings import Home

COLUMNS = ("ts_utc", "symbol", "source_symbol", "open", "high", "low", "close", "volume")


class Feed:
    """Bars of one instrument, written once as lines of a CSV file and delivered as tests want them."""

    def __init__(self, home: Home, symbol: str, bars: pd.DataFrame) -> None:
        named = bars[[name for name in (*COLUMNS, "simulated") if name in bars.columns]]
        self.header, *self.lines = named.to_csv(index=False).splitlines()
        self.folder = home.landing / symbol
        self.folder.mkdir(parents=True, exist_ok=True)
        self._files = 0

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def is_waiting(self) -> bool:
        """Whether a file has not been taken."""
        return any(self.folder.glob("[0-9]*"))

    def deliver(self, first: int, last: int) -> Path:
        """A file of bars [first, last)."""
        return self.write(self.lines[first:last])

    def write(self, lines: Sequence[str], header: str | None = None) -> Path:
        """A file of these lines, whole; files are numbered in the order in which they come."""
        text = "\n".join([self.header if header is None else header, *lines]) + "\n"
        return self.put(text.encode())

    def put(self, content: bytes) -> Path:
        """A file with this content, whole or not: it is not looked at."""
        self._files += 1
        path = self.folder / f"{self._files:07d}.csv"
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.write_bytes(content)
        temporary.rename(path)
        return path
