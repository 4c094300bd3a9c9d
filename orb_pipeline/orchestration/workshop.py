"""One home, ready to work on: its stores, its catalogue, a clock and someone who listens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from orb_pipeline.catalogue import Catalogue
from orb_pipeline.orchestration.progress import Listener, Silence
from orb_pipeline.orchestration.rows import WAREHOUSE_TABLES
from orb_pipeline.orchestration.stored import StoredTable
from orb_pipeline.research.study import Study
from orb_pipeline.settings import Home
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.warehouse import Warehouse


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


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

    def table(self, name: str, scope: str) -> StoredTable:
        """The table of a scope as it is now, wherever it is kept.

        What was decoded before is used again while the content is the same.

        Raises:
            MissingDataError: it is of the lake and has not been made yet; of the warehouse it has no rows.
        """
        present = self._look(name, scope)
        known = self._tables.get((name, scope))
        if known is None or known.content_hash != present.content_hash:
            known = self._tables[name, scope] = present
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

    def _look(self, name: str, scope: str) -> StoredTable:
        if name in WAREHOUSE_TABLES:
            with self.warehouse.transaction() as connection:
                return WAREHOUSE_TABLES[name].stored(connection, scope)
        snapshot = self.lake.snapshot(name, scope)
        return StoredTable(snapshot.content_hash, snapshot.arrow)
