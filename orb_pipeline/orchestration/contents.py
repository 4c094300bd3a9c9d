"""What a home holds at this moment, by its hash."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from orb_pipeline.orchestration.builds import LANDED_BARS
from orb_pipeline.orchestration.gates import WATCHING_ASSETS
from orb_pipeline.orchestration.rows import WAREHOUSE_TABLES
from orb_pipeline.orchestration.scope import ScopeKind
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.tables import LAKE_TABLES, partition_key

Contents = dict[tuple[str, str], str]
"""(table, scope) -> hash of its present content."""


def in_lake(lake: Lake, kind: ScopeKind) -> Contents:
    """Recomputed tables of every scope of this kind that has one."""
    return {
        (table, scope): lake.snapshot(table, scope).content_hash
        for table in LAKE_TABLES
        if table != LANDED_BARS and partition_key(table) == kind
        for scope in lake.scopes(table)
    }


def in_warehouse(connection: duckdb.DuckDBPyConnection, kind: ScopeKind, scopes: Iterable[str]) -> Contents:
    """Rows of these scopes, all of this kind; a scope without rows has a content, too.

    Of assets that only tell how things stand it is not asked.
    """
    scopes = tuple(scopes)
    return {
        (table, scope): rows.stored(connection, scope).content_hash
        for table, rows in WAREHOUSE_TABLES.items()
        if rows.kind is kind and table not in WATCHING_ASSETS
        for scope in scopes
    }
