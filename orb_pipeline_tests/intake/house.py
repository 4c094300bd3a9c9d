"""A home to ingest into, and what it holds afterwards."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.intake.ingest import IngestReport, ReadOptions, ingest_file
from orb_pipeline.intake.landed import landed_bars, landed_files
from orb_pipeline.intake.ledger import Landed, select_landed
from orb_pipeline.settings import Home
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.warehouse import Warehouse

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
CATALOGUE = load_catalogue()
HEADER = "ts_utc,source_symbol,open,high,low,close,volume"


@dataclass(frozen=True)
class House:
    """A home, and the ways tests look at it."""

    home: Home

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.home.warehouse)

    def ingest(self, path: Path, symbol: str = "MGC", *, replace: bool = False, **options: object) -> IngestReport:
        chosen = ReadOptions(**options)  # type: ignore[arg-type]
        return ingest_file(self.home, CATALOGUE, path, symbol, options=chosen, replace=replace, now=NOW)

    def bars(self, symbol: str = "MGC") -> pd.DataFrame:
        return landed_bars(Lake(self.home.lake_url), self.warehouse, symbol)

    def rows(self, symbol: str = "MGC") -> list[str]:
        """Landed bars as lines of a file: minute of 2023-03-06, contract, close, volume."""
        bars = self.bars(symbol)
        times = bars["ts_utc"].dt.strftime("%H:%M")
        return [
            f"{time} {bar.source_symbol} {bar.close} {bar.volume}"
            for time, bar in zip(times, bars.itertuples(), strict=True)
        ]

    def rejected(self) -> pd.DataFrame:
        return self.warehouse.frame("select * from rejected_bars order by source_file, row_number")

    def files(self) -> pd.DataFrame:
        return landed_files(self.warehouse)

    def landed(self, symbol: str = "MGC") -> Landed | None:
        with self.warehouse.transaction() as connection:
            return select_landed(connection).get(symbol)

    def content(self) -> tuple[Landed | None, list[object], list[object]]:
        """All that an ingest could change."""
        rejected = self.rejected().drop(columns="rejected_at").values.tolist()
        return self.landed(), rejected, self.files().astype(str).values.tolist()


def line(time: str, close: float = 1900.0, volume: int = 1, contract: str = "MGCJ3") -> str:
    return f"2023-03-06T{time}:00Z,{contract},1900.0,1910.0,1890.0,{close},{volume}"


def bars_file(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def hour(first: int = 10, *, close: float = 1900.0) -> list[str]:
    """Sixty bars."""
    return [line(f"{first:02d}:{minute:02d}", close) for minute in range(60)]
