"""The end of a paper day: its bars land, so that research takes over, and its journal is held against the backtest."""

from __future__ import annotations

import datetime as dt
import os
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orb_pipeline.errors import InputError
from orb_pipeline.intake.ingest import ingest_file
from orb_pipeline.intake.landed import landed_files, read_batches
from orb_pipeline.market.trading_day import date_of, number_of
from orb_pipeline.orchestration.landed_bars import LandedBars
from orb_pipeline.orchestration.landed_market import span_of
from orb_pipeline.orchestration.paper.landed import batches_through
from orb_pipeline.orchestration.paper.reader import TapeReader
from orb_pipeline.orchestration.reconciling import reconcile_day
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.storage.alerts import (
    BARS_REJECTED,
    Alert,
    Severity,
    StoredAlert,
    raise_alert,
    resolve,
    resolve_all,
    standing_alerts,
)
from orb_pipeline.storage.files import appearing_whole
from orb_pipeline.storage.paper import unfinished_elsewhere

DAYS = "days"  # folder of the tape: the bars of each day that was traded, as they counted
NOT_LANDED = "day_not_landed"


def land(workshop: Workshop, reader: TapeReader, account: str, day: int, now: dt.datetime) -> None:
    """Land the bars of every trading day up to `day`, and let the tape go on from there.

    Killed at any point and called again, it goes on where it was. While another account of the catalogue still trades
    one of the days, the tape stays.
    """
    for symbol in reader.stream.symbols:
        for of_day in reader.stream.days(symbol):
            if of_day <= day:
                _land_day(workshop, reader, symbol, of_day, now)
    end_not_landed(workshop, now)
    with workshop.warehouse.transaction() as connection:
        resolve_all(connection, BARS_REJECTED, now, before=date_of(day))
        others = unfinished_elsewhere(connection, account, date_of(day))
    if not set(others) & workshop.catalogue.accounts.keys():
        over = [item.file for item in reader.deliveries if not (item.days > day).any()]
        batches = batches_through(workshop, reader.base, day)
        reader.tape.rebase(now, day, batches, over, place=reader.content.last_number + 1)


def reconcile(workshop: Workshop, landed: LandedBars, account: str, now: dt.datetime) -> None:
    """Reconcile every finished day of the account that has not been, or of which other bars have landed since."""
    query = (
        "select trading_day from paper_days left join reconciled_days using (account, trading_day) "
        "where account = ? and finished_at is not null and member_count > 0 "
        "and (reconciled_at is null or exists (from landed_files where landed_at > reconciled_at "
        "and first_ts < (trading_day + interval 23 hours)::timestamp at time zone 'UTC' "
        "and last_ts >= (trading_day - interval 1 hour)::timestamp at time zone 'UTC')) "
        "order by trading_day"
    )
    with workshop.warehouse.transaction() as connection:
        days = [day for (day,) in connection.execute(query, [account]).fetchall()]
    for trading_day in days:
        reconcile_day(workshop, landed, account, trading_day, seen_bars(workshop, trading_day), now)


def end_not_landed(workshop: Workshop, now: dt.datetime) -> None:
    """Resolve the alert of every day that had not landed and has since, whoever landed it.

    Raises:
        MissingDataError: the lake no longer holds what landed.
        BusyError, StorageError: of the warehouse.
    """
    with workshop.warehouse.transaction() as connection:
        standing = [alert for alert in standing_alerts(connection) if alert.alert == NOT_LANDED]
    over = [alert.condition for alert in standing if _has_landed(workshop, alert)]
    if over:
        with workshop.warehouse.transaction() as connection:
            for condition in over:
                resolve(connection, condition, now)


def _has_landed(workshop: Workshop, alert: StoredAlert) -> bool:
    """Whether bars of the day have landed since, and by now as many of those kept of it as an ingest asks for."""
    symbol, trading_day = str(alert.instrument), alert.trading_day
    assert trading_day is not None  # noqa: S101 - it is raised with one
    first, end = span_of(number_of(trading_day))
    files = landed_files(workshop.warehouse, symbol)
    files = files[(files["first_ts"] < end) & (files["last_ts"] >= first)]
    in_day = (pc.field("ts_utc") >= first) & (pc.field("ts_utc") < end)
    since = files[files["landed_at"] > alert.raised_at]
    if not len(read_batches(workshop.lake, since, symbol, in_day, _KEY)):
        return False
    path = workshop.home.tape / DAYS / f"{trading_day}-{symbol}.parquet"
    if not path.exists():
        return True
    landed = _keys(read_batches(workshop.lake, files, symbol, in_day, _KEY))
    is_missing = ~_keys(pq.read_table(path, columns=_KEY)).isin(landed)
    return bool(is_missing.mean() <= workshop.catalogue.research.intake.max_rejected_share)


def _keys(bars: pa.Table) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(bars.to_pandas().astype({"source_symbol": str}))


def seen_bars(workshop: Workshop, trading_day: dt.date) -> pd.DataFrame:
    """The bars of a finished day as they counted, of all instruments and contracts; columns of a file of bars."""
    folder = workshop.home.tape / DAYS
    files = sorted(folder.glob(f"{trading_day}-*.parquet"))
    frames = [pq.read_table(file).to_pandas() for file in files]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=_COLUMNS)


def _land_day(workshop: Workshop, reader: TapeReader, symbol: str, day: int, now: dt.datetime) -> None:
    path = reader.tape.folder / DAYS / f"{date_of(day)}-{symbol}.parquet"
    if not path.exists():
        frame = reader.stream.frame(symbol, day)
        with appearing_whole(path) as temporary:
            pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), temporary)
            _date_as_it_came(temporary, reader, symbol, day)
    try:
        ingest_file(workshop.home, workshop.catalogue, path, symbol, now=now)
    except InputError as error:
        _tell_not_landed(workshop, path, symbol, day, str(error), now)
    else:
        with workshop.warehouse.transaction() as connection:
            resolve(connection, _not_landed(symbol, day), now)


def _date_as_it_came(path: Path, reader: TapeReader, symbol: str, day: int) -> None:
    """Give the file the time of the last one that brought bars of the day: it is no sign of life of the feed."""
    brought = [item.file.path for item in reader.deliveries if item.file.symbol == symbol and day in item.days]
    for last in brought[-1:]:
        with suppress(FileNotFoundError):  # another process has let it go
            os.utime(path, ns=(last.stat().st_mtime_ns,) * 2)


def _not_landed(symbol: str, day: int) -> str:
    return f"{NOT_LANDED}:{symbol}:{date_of(day)}"


def _tell_not_landed(workshop: Workshop, path: Path, symbol: str, day: int, why: str, now: dt.datetime) -> None:
    alert = Alert(
        alert=NOT_LANDED,
        condition=_not_landed(symbol, day),
        severity=Severity.WARNING,
        message=f"The bars of {symbol} on {date_of(day)}, kept in {path}, did not land for research: {why}",
        raised_at=now,
        instrument=symbol,
        trading_day=date_of(day),
    )
    with workshop.warehouse.transaction() as connection:
        raise_alert(connection, alert)


_KEY = ["ts_utc", "source_symbol"]
_COLUMNS = ["ts_utc", "symbol", "source_symbol", "open", "high", "low", "close", "volume"]
