"""One home, ready to work on: its stores, its catalogue, a clock and someone who listens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd
import pyarrow as pa

from orb_pipeline.catalogue import Catalogue
from orb_pipeline.orchestration.progress import Listener, Silence
from orb_pipeline.research.study import Study
from orb_pipeline.settings import Home
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.warehouse import Warehouse


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class StoredTable:
    """A table with the hash of the very content it was decoded from. Decoded once; every caller gets its own copy."""

    content_hash: str
    read_arrow: Callable[[], pa.Table]

    @cached_property
    def _arrow(self) -> pa.Table:
        return self.read_arrow()

    @cached_property
    def _frame(self) -> pd.DataFrame:
        frame: pd.DataFrame = self._arrow.to_pandas(date_as_object=False)
        return frame

    def arrow(self) -> pa.Table:
        return self._arrow

    def pandas(self) -> pd.DataFrame:
        return self._frame.copy(deep=False)  # copy on write: nobody changes what a gate will judge


@dataclass
class Workshop:
    """One home with its stores, its catalogue, a clock and someone who listens. One a run: it remembers tables."""

    home: Home
    catalogue: Catalogue
    listener: Listener = field(default_factory=Silence)
    now: Callable[[], dt.datetime] = utc_now

    def __post_init__(self) -> None:
        self._tables: dict[tuple[str, str], StoredTable] = {}
        self._studies: dict[str, Study] = {}

    @cached_property
    def lake(self) -> Lake:
        return Lake(self.home.lake_url)

    @cached_property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.home.warehouse)

    def table(self, name: str, symbol: str) -> StoredTable:
        """The table as it is now. What was decoded before is used again while the bytes are the same."""
        snapshot = self.lake.snapshot(name, symbol)
        known = self._tables.get((name, symbol))
        if known is None or known.content_hash != snapshot.content_hash:
            known = self._tables[name, symbol] = StoredTable(snapshot.content_hash, snapshot.arrow)
        return known

    def study(self, symbol: str, bars: StoredTable) -> Study:
        """The study of an instrument's `bars_1m`, cut into sessions once for all who ask."""
        if bars.content_hash not in self._studies:
            catalogue = self.catalogue
            self._studies[bars.content_hash] = Study.of(
                bars.pandas(), catalogue.instrument(symbol), catalogue.sessions_of(symbol), catalogue.grid
            )
        return self._studies[bars.content_hash]

    def forget(self) -> None:
        """Let go of what was remembered for a run that is over."""
        self._tables.clear()
        self._studies.clear()
