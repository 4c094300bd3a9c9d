"""The commit of an ingest.

A batch's Parquet file is written first; the transaction that enters it in the ledger, and its refused rows beside it,
makes it exist. A kill before that leaves a file nobody refers to, which the next ingest overwrites.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from orb_pipeline.catalogue import Instrument
from orb_pipeline.intake.landed import TABLE
from orb_pipeline.intake.overlap import Overlap
from orb_pipeline.intake.rejects import Rejection, record_rejections
from orb_pipeline.intake.report import BarChange, IngestReport
from orb_pipeline.market.bars import Bars, CheckedFile
from orb_pipeline.market.trading_day import dates_of, day_numbers, minutes_of
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.warehouse import Warehouse

CHANGES_SHOWN = 10


@dataclass(frozen=True)
class Source:
    """The file being ingested, and where it goes.

    Attributes:
        hash: SHA-256 of its bytes and of the options it is read with.
        now: the time entered in the ledger; aware.
    """

    path: Path
    hash: str
    instrument: Instrument
    lake: Lake
    warehouse: Warehouse
    now: dt.datetime


@dataclass(frozen=True)
class Judged:
    """A file whose every row has its verdict.

    Attributes:
        rejected: counts by reason; `rejections` are those rows.
        is_replacing: bars that disagree with landed ones land, too.
    """

    checked: CheckedFile
    overlap: Overlap
    rejected: Mapping[str, int]
    rejections: list[Rejection]
    is_replacing: bool


def land(source: Source, judged: Judged, ledger: pd.DataFrame) -> IngestReport:
    """Write the file's new bars as the batch after those of `ledger`, and its refused rows; without bars, no batch."""
    bars = _bars_to_land(judged)
    report = _report(source, judged, bars, ledger)
    if report.batch is None:
        record_only(source, judged.rejections, file_landed=True)
        return report
    name = f"batch-{report.batch:05d}"
    source.lake.write(TABLE, report.symbol, _table(bars, judged.checked.contracts, report.symbol), file=name)
    with source.warehouse.transaction() as connection:
        _record(connection, source, judged.rejections, file_landed=True)
        _enter(connection, source, report, name)
    return report


def record_only(source: Source, rejections: list[Rejection], *, file_landed: bool) -> None:
    """Record refused rows of a file that makes no batch."""
    with source.warehouse.transaction() as connection:
        _record(connection, source, rejections, file_landed=file_landed)


def report_of_landed(source: Source, entry: pd.Series[Any]) -> IngestReport:
    """The report of a file that landed before, as ledger row `entry`: it changes nothing."""
    query = "select reason, count(*) as rows from rejected_bars where instrument = ? and source_hash = ? group by all"
    counts = source.warehouse.frame(query + " order by reason", [source.instrument.symbol, source.hash])
    return IngestReport(
        symbol=source.instrument.symbol,
        source_file=str(source.path),
        read=int(entry["read_rows"]),
        landed=0,
        already_landed=int(entry["landed_rows"] + entry["already_landed_rows"]),
        ignored=int(entry["ignored_rows"]),
        rejected=dict(zip(counts["reason"], counts["rows"].astype(int).tolist(), strict=True)),
        is_unchanged=True,
        simulated=bool(entry["simulated"]),
    )


def _bars_to_land(judged: Judged) -> Bars:
    overlap, bars = judged.overlap, judged.checked.bars
    wanted = overlap.is_new | overlap.is_different if judged.is_replacing else overlap.is_new
    return bars if wanted.all() else bars.take(wanted)


def _report(source: Source, judged: Judged, bars: Bars, ledger: pd.DataFrame) -> IngestReport:
    checked, overlap = judged.checked, judged.overlap
    changed = overlap.landed if judged.is_replacing else overlap.landed.head(0)
    return IngestReport(
        symbol=source.instrument.symbol,
        source_file=str(source.path),
        read=checked.read_rows,
        landed=len(bars),
        already_landed=int(overlap.is_same.sum()),
        ignored=checked.ignored_rows,
        rejected=judged.rejected,
        replaced=len(changed),
        changes=_changes(changed, checked.bars.take(np.flatnonzero(overlap.is_different)[: len(changed)])),
        changed_days=_changed_days(changed),
        first_ts=_time(bars.minutes.min()) if len(bars) else None,
        last_ts=_time(bars.minutes.max()) if len(bars) else None,
        batch=int(ledger["batch"].max() if len(ledger) else 0) + 1 if len(bars) else None,
        is_unchanged=len(bars) == 0,
        simulated=checked.simulated_rows > 0,
        warnings=tuple(_simulation_warnings(source, checked, ledger)),
    )


def _time(minute: np.int64) -> dt.datetime:
    return dt.datetime.fromtimestamp(int(minute) * 60, dt.UTC)


def _changes(landed: pd.DataFrame, bars: Bars) -> tuple[BarChange, ...]:
    """The first landed rows that change, beside the bars that take their place."""
    return tuple(
        BarChange(
            ts_utc=old["ts_utc"].to_pydatetime(),
            source_symbol=str(old["source_symbol"]),
            old=(old["open"], old["high"], old["low"], old["close"]),
            old_volume=int(old["volume"]),
            new=(float(bars.open[at]), float(bars.high[at]), float(bars.low[at]), float(bars.close[at])),
            new_volume=int(bars.volume[at]),
        )
        for at, old in enumerate(landed.head(CHANGES_SHOWN).to_dict("records"))
    )


def _changed_days(landed: pd.DataFrame) -> dict[dt.date, int]:
    if landed.empty:
        return {}
    days, counts = np.unique(day_numbers(minutes_of(landed["ts_utc"])), return_counts=True)
    return dict(zip(dates_of(days).tolist(), counts.tolist(), strict=True))


def _simulation_warnings(source: Source, checked: CheckedFile, ledger: pd.DataFrame) -> list[str]:
    symbol, warnings = source.instrument.symbol, []
    if 0 < checked.simulated_rows < checked.read_rows:
        warnings.append(
            f"{source.path} mixes {checked.simulated_rows} simulated rows with "
            f"{checked.read_rows - checked.simulated_rows} real ones; all of it counts as simulated."
        )
    if bool((ledger["simulated"] != (checked.simulated_rows > 0)).any()):
        warnings.append(
            f"{symbol} now holds SIMULATED AND REAL bars. No result on this mixture means anything: keep them in "
            "different homes (`orb --home DIR`)."
        )
    return warnings


def _table(bars: Bars, contracts: tuple[str, ...], symbol: str) -> Any:
    """Bars as LANDED_BARS, sorted by `ts_utc`, then `source_symbol`."""
    bars = _sorted(bars, contracts)
    symbols = pa.DictionaryArray.from_arrays(np.zeros(len(bars), dtype=np.int32), [symbol])
    codes = pa.DictionaryArray.from_arrays(bars.contracts, list(contracts))
    stamps = pa.array(bars.minutes * 60_000_000).cast(pa.timestamp("us", tz="UTC"))
    prices = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    return pa.table({"ts_utc": stamps, "symbol": symbols, "source_symbol": codes, **prices})


def _sorted(bars: Bars, contracts: tuple[str, ...]) -> Bars:
    ranks: npt.NDArray[np.int64] = np.argsort(np.argsort(np.array(contracts, dtype=object)))
    keys = bars.minutes * 2**20 + ranks[bars.contracts]
    return bars if (np.diff(keys) > 0).all() else bars.take(np.argsort(keys, kind="stable"))


def _record(
    connection: duckdb.DuckDBPyConnection, source: Source, rejections: list[Rejection], *, file_landed: bool
) -> None:
    record_rejections(
        connection,
        rejections,
        instrument=source.instrument.symbol,
        source_file=str(source.path),
        source_hash=source.hash,
        file_landed=file_landed,
        at=source.now,
    )


def _enter(connection: duckdb.DuckDBPyConnection, source: Source, report: IngestReport, name: str) -> None:
    """The ledger row that makes the batch exist."""
    entry = {
        "instrument": report.symbol,
        "batch": report.batch,
        "file": name,
        "source_file": report.source_file,
        "source_hash": source.hash,
        "read_rows": report.read,
        "landed_rows": report.landed,
        "already_landed_rows": report.already_landed,
        "rejected_rows": report.rejected_rows,
        "ignored_rows": report.ignored,
        "replaced_rows": report.replaced,
        "first_ts": report.first_ts,
        "last_ts": report.last_ts,
        "simulated": report.simulated,
        "landed_at": source.now,
    }
    places = ", ".join("?" * len(entry))
    connection.execute(f"insert into landed_files ({', '.join(entry)}) values ({places})", list(entry.values()))  # noqa: S608
