"""A trading day that research has not seen yet, by the tape: its bars and ranges."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any

import pandas as pd

from orb_pipeline.catalogue import Account
from orb_pipeline.market.trading_day import number_of
from orb_pipeline.monitoring.dashboard.panels.today import STOPPED, STRATEGIES
from orb_pipeline.monitoring.dashboard.results import Result
from orb_pipeline.orchestration.dashboard.entries import stops_now
from orb_pipeline.orchestration.paper.closing import seen_bars
from orb_pipeline.orchestration.paper.reader import TapeReader
from orb_pipeline.orchestration.today import read_today
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.study import Study

TODAY = "orb today"
_RANGES = [
    "symbol",
    "orb_label",
    "orb_start_ts",
    "orb_high",
    "orb_low",
    "orb_size",
    "break_dir",
    "break_ts",
    "rel_volume",
]


def by_the_tape(workshop: Workshop, account: Account, day: dt.date | None) -> dict[str, Result]:
    """What stops entries; how ranges and strategies of the open day stand, without rows where `day` is not open.

    By the names of results.

    Raises:
        OrbError: the home cannot be read.
    """
    today = read_today(workshop, account)
    stops = stops_now(workshop, account, today)
    stopped = _given(STOPPED, [{"kind": kind, "reason": reason} for kind, reason in stops.items()])
    if day is None or today.trading_day != day or not today.ranges:
        return {STRATEGIES: _given(STRATEGIES, []), STOPPED: stopped}
    ranges = [
        {
            "symbol": found.instrument,
            "orb_label": found.orb_label,
            "orb_start_ts": found.starts_at,
            "orb_high": found.high,
            "orb_low": found.low,
            "orb_size": found.size,
            "break_dir": found.direction,
            "break_ts": found.broke_at,
            "rel_volume": None,
            "state": found.state,
        }
        for found in today.ranges
    ]
    return {
        "today_ranges": _given("today_ranges", ranges),
        STRATEGIES: _given(STRATEGIES, [asdict(found) for found in today.strategies]),
        STOPPED: stopped,
    }


def _given(name: str, rows: list[dict[str, Any]]) -> Result:
    return Result(name, TODAY, pd.DataFrame(rows).astype(object), is_sql=False)


class OpenDay:
    """Reads the tape and changes nothing of it; asked again, it reads on where it stopped."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._reader = TapeReader(workshop)
        self._front_months: dict[tuple[str, dt.date], str | None] = {}

    def read(self) -> None:
        """Read what has come."""
        if self._reader.tape.read().base is not None:
            self._reader.read()

    def bars(self, symbol: str, day: dt.date) -> tuple[pd.DataFrame, str]:
        """Front-month bars of the day so far, columns of `bars_1m`, and the folder they stand in; perhaps none."""
        frame, folder = seen_bars(self._workshop, day), "tape/days"
        frame = frame[frame["symbol"] == symbol]
        if frame.empty and self._knows(symbol, day):
            frame, folder = self._reader.stream.frame(symbol, number_of(day)), "tape"
        if frame.empty:
            return frame, folder
        front = self._front_month(symbol, day)
        contracts = frame["source_symbol"].astype(str)
        return frame[contracts == (front or contracts.iloc[0])].reset_index(drop=True), folder

    def features(self, symbol: str, day: dt.date) -> pd.DataFrame:
        """Rows of `daily_features` by the bars so far, without what looks back on earlier days."""
        bars, _ = self.bars(symbol, day)
        if bars.empty:
            return pd.DataFrame(columns=[*_RANGES, "orb_minutes"])
        catalogue = self._workshop.catalogue
        study = Study.of(bars, catalogue.instrument(symbol), catalogue.sessions_of(symbol), catalogue.grid)
        found = build_daily_features(study)
        begun: pd.DataFrame = found[found["orb_start_ts"] <= bars["ts_utc"].iloc[-1]]
        return begun

    def ranges(self, symbols: list[str], day: dt.date) -> Result:
        """What `today_ranges` is of a finished day."""
        frames = [self.features(symbol, day)[_RANGES] for symbol in symbols]
        frames = [frame for frame in frames if len(frame)]
        frame = pd.concat(frames).sort_values(["orb_start_ts", "symbol"]) if frames else pd.DataFrame(columns=_RANGES)
        return Result("today_ranges", TODAY, frame.reset_index(drop=True), is_sql=False)

    def files(self, symbol: str, day: dt.date) -> list[str]:
        """Files of the tape with bars of that day."""
        if not self._knows(symbol, day):
            return []
        return [
            str(item.file.path)
            for item in self._reader.deliveries
            if item.file.symbol == symbol and number_of(day) in item.days
        ]

    def _knows(self, symbol: str, day: dt.date) -> bool:
        if self._reader.tape.read().base is None or symbol not in self._reader.stream.symbols:
            return False
        return number_of(day) in self._reader.stream.days(symbol)

    def _front_month(self, symbol: str, day: dt.date) -> str | None:
        if self._reader.tape.read().base is None:
            return None
        if (symbol, day) not in self._front_months:
            last_batch = self._reader.base.batches.get(symbol, 0)
            look_back = self._reader.landed.look_back(symbol, number_of(day), last_batch)
            self._front_months[symbol, day] = look_back.front_month
        return self._front_months[symbol, day]
