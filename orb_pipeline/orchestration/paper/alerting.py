"""Rows that do not count: into `rejected_bars`, with one alert for each instrument, day and reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import duckdb

from orb_pipeline.intake.rejects import Rejection, record_rejections
from orb_pipeline.intake.tape import BarFile
from orb_pipeline.storage.alerts import raise_rejections

Connection = duckdb.DuckDBPyConnection


def record(connection: Connection, file: BarFile, rows: Sequence[Rejection], at: dt.datetime) -> None:
    """Enter rows of a file of the tape, unless as many have been entered before."""
    found = connection.execute("select count(*) from rejected_bars where source_hash = ?", [file.path.name]).fetchone()
    if found is None or found[0] < len(rows):
        record_rejections(
            connection,
            list(rows),
            instrument=file.symbol,
            source_file=file.name,
            source_hash=file.path.name,
            file_landed=True,
            at=at,
        )


def raise_for_rejections(connection: Connection, symbols: Iterable[str], at: dt.datetime) -> None:
    """Tell how many rows of live bars of these instruments stand in `rejected_bars`, by trading day and reason."""
    rows = connection.execute(
        "select instrument, (try_cast(raw ->> '$.ts_utc' as timestamptz) at time zone 'UTC' + interval 1 hour)::date, "
        "reason, count(*) from rejected_bars where list_contains(?::varchar[], instrument) "
        "and regexp_matches(source_hash, '^[0-9]{8,}-') group by all order by all",
        [sorted(symbols)],
    ).fetchall()
    raise_rejections(connection, {(symbol, day, reason): count for symbol, day, reason, count in rows}, at)
