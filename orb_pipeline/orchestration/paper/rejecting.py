"""Rows that do not count: into `rejected_bars`, with one alert for each instrument, day and reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from orb_pipeline.intake.rejects import Rejection, record_rejections
from orb_pipeline.intake.stream import Stream
from orb_pipeline.intake.tape import BarFile
from orb_pipeline.market.reasons import Reason
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.storage.alerts import Alert, Severity, raise_alert, raise_rejections, resolve_all

Connection = duckdb.DuckDBPyConnection

STRAY = "stray_files"


class RejectionRecorder:
    """Remembers which files' rejections the warehouse has, so that it is opened for new ones only."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._recorded: set[str] = set()
        self._strays: set[Path] | None = None  # that stand as alerts; None: not known yet

    def record(self, stream: Stream, at: dt.datetime) -> int:
        """Enter the stream's rejections; how many rows are new to this recorder."""
        new = {file: rows for file, rows in stream.rejected.items() if file.path.name not in self._recorded}
        if not new:
            return 0
        with self._workshop.warehouse.transaction() as connection:
            for file, rows in new.items():
                _enter(connection, file, rows, at)
            _tell(connection, {file.symbol for file in new}, at)
        self._recorded.update(file.path.name for file in new)
        return sum(map(len, new.values()))

    def tell_strays(self, folders: Sequence[Path], at: dt.datetime) -> None:
        """Raise an alert for each folder of `landing/` that is no instrument's, once; what is none any more is over."""
        if self._strays == set(folders):
            return
        alerts = [_stray(folder, at) for folder in folders]
        with self._workshop.warehouse.transaction() as connection:
            resolve_all(connection, STRAY, at, but=[alert.condition for alert in alerts])
            for alert in alerts:
                raise_alert(connection, alert)
        self._strays = set(folders)


def _stray(folder: Path, at: dt.datetime) -> Alert:
    message = (
        f"Files lie in {folder}, and no instrument is called {folder.name}: they are not taken. Move them to the "
        "folder of an instrument, or add it to instruments.yaml in the home's catalogue folder."
    )
    return Alert(
        alert=STRAY, condition=f"{STRAY}:{folder.name}", severity=Severity.WARNING, message=message, raised_at=at
    )


def _enter(connection: Connection, file: BarFile, rows: Sequence[Rejection], at: dt.datetime) -> None:
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


def _tell(connection: Connection, symbols: Iterable[str], at: dt.datetime) -> None:
    """Tell how many rows of live bars of these instruments stand in `rejected_bars`, by trading day and reason.

    Rows of which the day is not known, or cannot be right, are told without one.
    """
    rows = connection.execute(
        "select instrument, if(reason = $not_yet, null, "
        "(try_cast(raw ->> '$.ts_utc' as timestamptz) at time zone 'UTC' + interval 1 hour)::date), "
        "reason, count(*), arg_max(source_file, source_hash) from rejected_bars "
        "where list_contains($symbols::varchar[], instrument) and regexp_matches(source_hash, '^[0-9]{8,}-') "
        "group by all order by all",
        {"symbols": sorted(symbols), "not_yet": Reason.NOT_YET.value},
    ).fetchall()
    raise_rejections(
        connection, {(symbol, day, reason): (count, file) for symbol, day, reason, count, file in rows}, at
    )
