"""A trading day that research has not seen yet, by the tape: its bars and ranges."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from orb_pipeline.market.front_month import next_front_month
from orb_pipeline.market.trading_day import number_of
from orb_pipeline.monitoring.dashboard.results import Result
from orb_pipeline.orchestration.paper.closing import seen_bars
from orb_pipeline.orchestration.paper.reader import TapeReader
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.study import Study

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
        return Result("today_ranges", "orb today", frame.reset_index(drop=True), is_sql=False)

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
            before = self._reader.landed.before(self._reader.base, symbol, number_of(day))
            self._front_months[symbol, day] = next_front_month(before)
        return self._front_months[symbol, day]
