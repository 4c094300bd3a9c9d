"""What every command starts from: the home, its catalogue, its lake and its warehouse."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from orb_pipeline.settings import Home

if TYPE_CHECKING:
    from orb_pipeline.catalogue import Catalogue
    from orb_pipeline.storage.lake import Lake
    from orb_pipeline.storage.warehouse import Warehouse


@dataclass(frozen=True)
class Context:
    """The options before the command. Parts are opened on first use: imports of tables and databases take time."""

    home: Home

    @cached_property
    def catalogue(self) -> Catalogue:
        from orb_pipeline.catalogue import load_catalogue

        return load_catalogue(self.home.catalogue)

    @cached_property
    def lake(self) -> Lake:
        from orb_pipeline.storage.lake import Lake

        return Lake(self.home.lake_url)

    @cached_property
    def warehouse(self) -> Warehouse:
        from orb_pipeline.storage.warehouse import Warehouse

        return Warehouse(self.home.warehouse)

    def now(self) -> dt.datetime:
        """The one clock a command reads."""
        return dt.datetime.now(dt.UTC)
