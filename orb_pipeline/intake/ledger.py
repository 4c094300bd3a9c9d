"""What has landed, as the ledger of source files tells it: what assets, schedule and status ask about."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

import duckdb

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Landed:
    """The landed bars of one instrument.

    Attributes:
        rows: landed bars, rows that replaced others included.
        rejected: bad rows of the files that were let in, those that brought no new bar included.
        simulated: at least one file is simulated.
        content_hash: of the ledger's entries; it changes with every batch.
    """

    files: int
    rows: int
    rejected: int
    first_ts: dt.datetime | None
    last_ts: dt.datetime | None
    simulated: bool
    content_hash: str


def select_landed(connection: Connection) -> dict[str, Landed]:
    """Instruments with at least one landed batch."""
    rows = connection.execute(
        "select instrument, count(*), sum(landed_rows)::bigint, "
        "(select count(*) from rejected_bars as bad where bad.instrument = landed.instrument and file_landed), "
        "min(first_ts), max(last_ts), bool_or(simulated), "
        "string_agg(batch || ':' || file || ':' || source_hash, ',' order by batch) "
        "from landed_files as landed group by instrument order by instrument"
    ).fetchall()
    return {
        instrument: Landed(files, count, rejected, first, last, simulated, hashlib.sha256(batches.encode()).hexdigest())
        for instrument, files, count, rejected, first, last, simulated, batches in rows
    }


def nothing_landed(symbol: str) -> str:
    return f"No bars of {symbol} have landed. Land some first: `orb ingest FILE --instrument {symbol}`."
