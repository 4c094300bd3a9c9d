"""Pages of single trades: each with its row, range, outcome, bars and source files, many at a time."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from orb_pipeline.errors import InputError, MissingDataError
from orb_pipeline.monitoring.dashboard.results import Result, TradeData, trade_key
from orb_pipeline.orchestration.dashboard.open_day import OpenDay
from orb_pipeline.orchestration.dashboard.rows import answer, text_of
from orb_pipeline.orchestration.workshop import Workshop

_KEY = re.compile(
    r"(?P<account>[a-z0-9_-]+)/(?P<mode>replay|walk_forward|paper|live)/(?P<day>\d{4}-\d\d-\d\d)/(?P<strategy>[\w.-]+)",
    re.ASCII,
)
_DAY_OF_BAR = "(ts_utc + interval 1 hour)::date"  # a trading day opens at 23:00 UTC of the evening before
_OUTCOME = """select strategy_id, outcomes.*
from orb_outcomes as outcomes
join experimental_strategies as strategies on strategies.instrument = outcomes.symbol
    and strategies.orb_label = outcomes.orb_label and strategies.orb_minutes = outcomes.orb_minutes
    and strategies.entry_model = outcomes.entry_model and strategies.rr_target = outcomes.rr_target
    and strategies.confirm_bars = outcomes.confirm_bars"""
_FILES = "select source_file, instrument, first_ts, last_ts, landed_at, source_hash, simulated from landed_files"


@dataclass(frozen=True)
class TradeKey:
    """What names a row of the journal: `account/mode/day/strategy`."""

    account: str
    mode: str
    day: dt.date
    strategy_id: str

    @classmethod
    def parse(cls, text: str) -> TradeKey:
        """Raises InputError where it is no such name."""
        match = _KEY.fullmatch(text)
        try:
            day = dt.date.fromisoformat(match["day"]) if match else None
        except ValueError:
            day = None
        if match is None or day is None:
            message = (
                f"{text!r} names no trade; expected ACCOUNT/MODE/DAY/STRATEGY such as "
                "25k/replay/2024-12-30/MGC_0900_E1_RR2.0_CB1_NO_FILTER. `orb sql` on trade_journal lists them."
            )
            raise InputError(message)
        return cls(match["account"], match["mode"], day, match["strategy"])

    @property
    def condition(self) -> str:
        return (
            f"account = '{self.account}' and mode = '{self.mode}' and trading_day = {text_of(self.day)} "
            f"and strategy_id = '{self.strategy_id}'"
        )


def read_trade(workshop: Workshop, text: str) -> TradeData:
    """One trade by its key.

    Raises:
        InputError: it is no key.
        MissingDataError: the journal has no such row.
    """
    key = TradeKey.parse(text)
    query = f"select * from trade_journal where {key.condition}"
    found = answer(workshop, {"trade": query})["trade"]
    if not len(found):
        message = f'The journal has no trade {text}. `orb sql "select * from trade_journal"` lists those it has.'
        raise MissingDataError(message)
    open_day = OpenDay(workshop)
    open_day.read()
    return read_trades(workshop, found, open_day)[0]


def read_trades(workshop: Workshop, journal: Result, open_day: OpenDay) -> list[TradeData]:
    """The pages of these rows of the journal (all columns), in their order."""
    rows = journal.records
    if not rows:
        return []
    days = {(str(row["instrument"]), row["trading_day"].date()) for row in rows}
    pairs = sorted({(str(row["strategy_id"]), row["trading_day"].date()) for row in rows})
    wanted = ", ".join(f"('{strategy}', {text_of(day)})" for strategy, day in pairs)
    on = ", ".join(f"('{symbol}', {text_of(day)})" for symbol, day in sorted(days))
    found = answer(
        workshop,
        {
            "features": f"select * from daily_features where (symbol, trading_day) in ({on})",
            "outcomes": f"{_OUTCOME}\nwhere (strategy_id, trading_day) in ({wanted})",
            "bars": f"select *, {_DAY_OF_BAR} as trading_day from bars_1m where (symbol, {_DAY_OF_BAR}) in ({on}) "
            "order by ts_utc",
            "files": f"{_FILES} order by landed_at",
        },
    )
    shelf = _Shelf(workshop, open_day, {name: result.frame for name, result in found.items()})
    return [shelf.trade(number, row, journal.frame.iloc[[number]]) for number, row in enumerate(rows)]


@dataclass(frozen=True)
class _Shelf:
    """What was read for many trades, to be taken apart for each."""

    workshop: Workshop
    open_day: OpenDay
    frames: Mapping[str, pd.DataFrame]

    def trade(self, number: int, row: Mapping[str, Any], journal: pd.DataFrame) -> TradeData:
        key = TradeKey.parse(trade_key(row))
        symbol, day = str(row["instrument"]), key.day
        condition = f"symbol = '{symbol}' and trading_day = {text_of(day)}"
        bars, tape_files = self._bars(symbol, day)
        return TradeData(
            journal=_result(f"trade{number}", f"select * from trade_journal where {key.condition}", journal),
            outcome=_result(
                f"trade{number}_outcome",
                f"{_OUTCOME}\nwhere strategy_id = '{key.strategy_id}' and trading_day = {text_of(day)}",
                self._of("outcomes", day, strategy_id=key.strategy_id),
            ),
            feature=self._feature(f"trade{number}_range", condition, row, day),
            bars=bars,
            files=self._files(f"trade{number}_files", symbol, day, tape_files),
            tick=float(self.workshop.catalogue.instrument(symbol).tick),
        )

    def _feature(self, name: str, condition: str, row: Mapping[str, Any], day: dt.date) -> Result:
        label, symbol = str(row["orb_label"]), str(row["instrument"])
        query = f"select * from daily_features where {condition} and orb_label = '{label}'"
        frame = self._of("features", day, symbol=symbol, orb_label=label)
        if len(frame):
            return _result(name, query, frame)
        so_far = self.open_day.features(symbol, day)
        return Result(name, "orb today", so_far[so_far["orb_label"] == label].reset_index(drop=True), is_sql=False)

    def _bars(self, symbol: str, day: dt.date) -> tuple[Result, list[str]]:
        """The day's minutes as research has them, else as the tape has them; then the tape's files, too."""
        query = (
            f"select ts_utc, open, high, low, close, volume from bars_1m where symbol = '{symbol}' "
            f"and {_DAY_OF_BAR} = {text_of(day)} order by ts_utc"
        )
        frame = self._of("bars", day, symbol=symbol)
        if len(frame):
            return _result("bars", query, frame), []
        seen, folder = self.open_day.bars(symbol, day)
        return Result("bars", f"ls {folder}", seen, is_sql=False), self.open_day.files(symbol, day)

    def _files(self, name: str, symbol: str, day: dt.date, tape_files: Sequence[str]) -> Result:
        opens = dt.datetime.combine(day, dt.time(), dt.UTC) - dt.timedelta(hours=1)
        closes = opens + dt.timedelta(days=1)
        query = (
            f"{_FILES}\nwhere instrument = '{symbol}' and first_ts < timestamptz '{closes}' "
            f"and last_ts >= timestamptz '{opens}'\norder by landed_at"
        )
        frame = self.frames["files"]
        holds = (frame["instrument"] == symbol) & (frame["first_ts"] < closes) & (frame["last_ts"] >= opens)
        if not holds.any() and tape_files:
            landed = pd.DataFrame({"source_file": tape_files}).reindex(columns=frame.columns)
            return Result(name, "ls tape", landed, is_sql=False)
        return _result(name, query, frame[holds])

    def _of(self, name: str, day: dt.date, **values: str) -> pd.DataFrame:
        """Rows of one day with these values."""
        frame = self.frames[name]
        is_wanted = frame["trading_day"] == pd.Timestamp(day)
        for column, value in values.items():
            is_wanted &= frame[column] == value
        return frame[is_wanted]


def _result(name: str, query: str, frame: pd.DataFrame) -> Result:
    return Result(name, query, frame.reset_index(drop=True))
