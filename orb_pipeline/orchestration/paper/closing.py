"""The end of a paper day: its bars land, so that research takes over, and its journal is held against the backtest."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from orb_pipeline.errors import InputError
from orb_pipeline.intake.ingest import ingest_file
from orb_pipeline.market.trading_day import date_of
from orb_pipeline.orchestration.landed_bars import LandedBars
from orb_pipeline.orchestration.paper.landed import batches_through
from orb_pipeline.orchestration.paper.reader import TapeReader
from orb_pipeline.orchestration.reconciling import reconcile_day
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.storage.alerts import BARS_REJECTED, Alert, Severity, raise_alert, resolve, resolve_all
from orb_pipeline.storage.files import appearing_whole
from orb_pipeline.storage.paper import unfinished_elsewhere

DAYS = "days"  # folder of the tape: the bars of each day that was traded, as they counted


def land(workshop: Workshop, reader: TapeReader, account: str, day: int, now: dt.datetime) -> None:
    """Land the bars of every trading day up to `day`, and let the tape go on from there.

    Killed at any point and called again, it goes on where it was. While another account still trades one of the days,
    the tape stays.
    """
    for symbol in reader.stream.symbols:
        for of_day in reader.stream.days(symbol):
            if of_day <= day:
                _land_day(workshop, reader, symbol, of_day, now)
    with workshop.warehouse.transaction() as connection:
        resolve_all(connection, BARS_REJECTED, now, before=date_of(day))
        others = unfinished_elsewhere(connection, account, date_of(day))
    if not others:
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
    try:
        ingest_file(workshop.home, workshop.catalogue, path, symbol, now=now)
    except InputError as error:
        _tell_not_landed(workshop, path, symbol, day, str(error), now)
    else:
        with workshop.warehouse.transaction() as connection:
            resolve(connection, _not_landed(symbol, day), now)


def _not_landed(symbol: str, day: int) -> str:
    return f"day_not_landed:{symbol}:{date_of(day)}"


def _tell_not_landed(workshop: Workshop, path: Path, symbol: str, day: int, why: str, now: dt.datetime) -> None:
    alert = Alert(
        alert="day_not_landed",
        condition=_not_landed(symbol, day),
        severity=Severity.WARNING,
        message=f"The bars of {symbol} on {date_of(day)}, kept in {path}, did not land for research: {why}",
        raised_at=now,
        instrument=symbol,
        trading_day=date_of(day),
    )
    with workshop.warehouse.transaction() as connection:
        raise_alert(connection, alert)


_COLUMNS = ["ts_utc", "symbol", "source_symbol", "open", "high", "low", "close", "volume"]
