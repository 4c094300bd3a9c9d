"""The record of what was built from what. Status reads staleness here, assets the waivers that they inherit."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from orb_pipeline.catalogue import Catalogue
from orb_pipeline.orchestration.scope import ScopeKind

Connection = duckdb.DuckDBPyConnection

# Inputs of builds that are no assets.
LANDED_BARS = "landed_bars"  # what the ledger lists
CLOSED_DAY = "closed_day"  # the last closed trading day when bars_1m was built
CATALOGUE = "catalogue"  # the catalogue's hash of what bars are studied under, or of an account and its rules
RESEARCH = "research"  # the catalogue's hash of thresholds
INSTRUMENTS = "instruments"  # the symbols whose research held when an account's asset was built


@dataclass(frozen=True)
class Build:
    """One content of an asset.

    Attributes:
        scope: what the asset belongs to.
        inputs: input name (see `input_name`) -> hash of the content it was built from.
        first: first day or time of its rows, as text; None without rows.
        last: the last one.
        waivers: numbers of the waivers that were in force on anything it was built from.
    """

    asset: str
    scope: str
    content_hash: str
    inputs: Mapping[str, str]
    rows: int
    first: str | None
    last: str | None
    seconds: float
    simulated: bool
    waivers: tuple[int, ...]
    run_id: str
    built_at: dt.datetime


def settings_of(catalogue: Catalogue, kind: ScopeKind, scope: str) -> dict[str, str]:
    """Hashes of what the catalogue says about a scope, by the names under which builds record them.

    Raises:
        ConfigurationError: the catalogue does not know it.
    """
    if kind is ScopeKind.ACCOUNT:
        return {CATALOGUE: catalogue.account_hash(scope)}
    return {CATALOGUE: catalogue.study_hash(scope), RESEARCH: catalogue.research_hash()}


def input_name(table: str, scope: str, of: str) -> str:
    """How an asset of scope `of` records an input: by its table, or as "table:scope" where the scope is another."""
    return table if scope == of else f"{table}:{scope}"


def source_of(name: str, of: str) -> tuple[str, str]:
    """The table and the scope that the input `name` of an asset of scope `of` stands for."""
    table, _, scope = name.partition(":")
    return table, scope or of


def record(connection: Connection, build: Build) -> None:
    connection.execute(
        "insert or replace into asset_builds values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            build.asset,
            build.scope,
            build.content_hash,
            json.dumps(dict(build.inputs), sort_keys=True),
            build.rows,
            build.first,
            build.last,
            build.seconds,
            build.simulated,
            list(build.waivers),
            build.run_id,
            build.built_at,
        ],
    )


def find(connection: Connection, asset: str, scope: str, content_hash: str) -> Build | None:
    """The record of this very content."""
    row = connection.execute(
        "select * from asset_builds where asset = ? and instrument = ? and content_hash = ?",
        [asset, scope, content_hash],
    ).fetchone()
    if row is None:
        return None
    asset, scope, content_hash, inputs, rows, first, last, seconds, simulated, waivers, run_id, built_at = row
    return Build(
        asset=asset,
        scope=scope,
        content_hash=content_hash,
        inputs=json.loads(inputs),
        rows=rows,
        first=first,
        last=last,
        seconds=seconds,
        simulated=simulated,
        waivers=tuple(waivers),
        run_id=run_id,
        built_at=built_at,
    )


def latest_contents(
    connection: Connection, assets: Collection[str], scopes: Sequence[str]
) -> dict[tuple[str, str], str]:
    """(asset, scope) -> hash of the content that was built last."""
    rows = connection.execute(
        "select asset, instrument, arg_max(content_hash, built_at) from asset_builds "
        "where list_contains(?::varchar[], asset) and list_contains(?::varchar[], instrument) group by all",
        [list(assets), list(scopes)],
    ).fetchall()
    return {(asset, scope): content_hash for asset, scope, content_hash in rows}


def select_scopes(connection: Connection, assets: Sequence[str]) -> list[str]:
    """The scopes of which any of `assets` has been built."""
    query = "select distinct instrument from asset_builds where list_contains(?::varchar[], asset) order by 1"
    return [scope for (scope,) in connection.execute(query, [list(assets)]).fetchall()]
