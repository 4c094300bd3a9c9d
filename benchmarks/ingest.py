"""Seconds to land ten years of minutes, Parquet and CSV, as a ratio to a plain row-by-row reading run beside it.

The ingest is measured whole, in a fresh home each time: reading, all checks, the compare with what has landed, the
Parquet file of the batch, the transaction. The plain version reads the CSV, checks each row and writes a Parquet file;
it keeps no ledger and compares with nothing. Peak memory is that of one ingest in a process of its own.
"""

from __future__ import annotations

import csv
import datetime as dt
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import pandas as pd
from measure import best_seconds, gold_spot_bars, say, ten_years

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.intake.ingest import IngestReport, ReadOptions, ingest_file
from orb_pipeline.settings import Home

SYMBOL = "XAUUSD"
PLAIN_ROWS = 50_000
COLUMNS = ["ts_utc", "open", "high", "low", "close", "volume"]
ONE_INGEST = "--once"


def ingest_into_fresh_home(path: Path) -> IngestReport:
    with tempfile.TemporaryDirectory() as folder:
        now = dt.datetime.now(dt.UTC)
        return ingest_file(Home.at(folder), load_catalogue(), path, SYMBOL, options=ReadOptions(), now=now)


def plain_rows(path: Path, rows: int, out: Path) -> int:
    """The same checks as one would first write them, on the first `rows`; returns how many were written."""
    tick = load_catalogue().instrument(SYMBOL).tick
    seen: set[dt.datetime] = set()
    good = []
    with path.open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if number == rows:
                break
            stamp = dt.datetime.fromisoformat(row["ts_utc"])
            opened, high, low, close = (Decimal(row[name]) for name in ("open", "high", "low", "close"))
            on_grid = all(price > 0 and price % tick == 0 for price in (opened, high, low, close))
            in_range = high >= max(opened, close) and low <= min(opened, close)
            if stamp.second == 0 and stamp not in seen and on_grid and in_range and int(row["volume"]) >= 0:
                seen.add(stamp)
                good.append({**row, "ts_utc": stamp})
    pd.DataFrame(good).to_parquet(out)
    return len(good)


def peak_megabytes(path: Path) -> int:
    """Of an ingest of `path` in its own process."""
    command = [sys.executable, __file__, ONE_INGEST, str(path)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        parquet, text = Path(folder, "ten_years.parquet"), Path(folder, "ten_years.csv")
        bars: pd.DataFrame = ten_years(gold_spot_bars())
        bars.to_parquet(parquet, index=False)
        bars[COLUMNS].to_csv(text, index=False)
        rows = len(bars)
        del bars

        started = time.perf_counter()
        checked = plain_rows(text, PLAIN_ROWS, Path(folder, "plain.parquet"))
        plain_seconds = (time.perf_counter() - started) * rows / checked
        say(f"plain Python, row by row: {checked:,} rows, which is {plain_seconds:.0f} s for {rows:,}")
        for path in (parquet, text):
            seconds = best_seconds(lambda path=path: ingest_into_fresh_home(path))
            say(
                f"ingest {path.suffix[1:]}: {rows:,} rows in {seconds:.2f} s, peak {peak_megabytes(path)} MB; "
                f"ratio: {plain_seconds / seconds:,.0f}x"
            )


if __name__ == "__main__":
    if ONE_INGEST in sys.argv:
        ingest_into_fresh_home(Path(sys.argv[-1]))
        status = Path("/proc/self/status").read_text()  # getrusage would count the parent's memory, too
        say(str(int(status.split("VmHWM:")[1].split()[0]) // 1024))
    else:
        main()
