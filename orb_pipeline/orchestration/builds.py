"""The record of what was built from what. Status reads staleness here, assets the waivers that they inherit."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

Connection = duckdb.DuckDBPyConnection

LANDED_BARS = "landed_bars"  # an input of builds that is no asset: what the ledger lists
CLOSED_DAY = "closed_day"  # an input that is no table: the last closed trading day when bars_1m was built
CATALOGUE = "catalogue"  # the catalogue's hash of what the bars are studied under: instrument, sessions, grid
RESEARCH = "research"  # the catalogue's hash of thresholds


@dataclass(frozen=True)
class Build:
    """One content of an asset.

    Attributes:
        inputs: input name -> hash of the content it was built from.
        first: first day or time of its rows, as text; None without rows.
        last: the last one.
        waivers: numbers of the waivers that were in force on anything it was built from.
    """

    asset: str
    instrument: str
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


def record(connection: Connection, build: Build) -> None:
    connection.execute(
        "insert or replace into asset_builds values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            build.asset,
            build.instrument,
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


def find(connection: Connection, asset: str, instrument: str, content_hash: str) -> Build | None:
    """The record of this very content."""
    row = connection.execute(
        "select * from asset_builds where asset = ? and instrument = ? and content_hash = ?",
        [asset, instrument, content_hash],
    ).fetchone()
    if row is None:
        return None
    asset, instrument, content_hash, inputs, rows, first, last, seconds, simulated, waivers, run_id, built_at = row
    return Build(
        asset=asset,
        instrument=instrument,
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
