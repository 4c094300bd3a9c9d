"""One instrument on one trading day, as research will see it: its backtest, in memory, from the bars that have landed.

Research builds in the night, and a paper day is compared at its end. So the day's outcomes are worked out here, by the
code that research itself runs: ranges, breaks and outcomes of that day alone, under all bars, which the front month and
relative volume look back on.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from orb_pipeline.execution.backtest import Backtest
from orb_pipeline.execution.history import History
from orb_pipeline.execution.reconcile import history_seen
from orb_pipeline.intake.landed import landed_files, read_batches
from orb_pipeline.market.front_month import front_month_bars, next_front_month
from orb_pipeline.market.trading_day import day_open, stamps_of
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.outcomes import build_outcomes
from orb_pipeline.research.study import Study
from orb_pipeline.storage.tables import LANDED_BARS


@dataclass(frozen=True)
class LandedMarket:
    """An instrument's landed bars, around one day.

    Attributes:
        day: days since the epoch.
        files: its ledger; landed: bars of all outright contracts.
    """

    workshop: Workshop
    symbol: str
    day: int
    files: pd.DataFrame
    landed: pd.DataFrame

    @classmethod
    def of(cls, workshop: Workshop, symbol: str, day: int) -> LandedMarket:
        """As it is now.

        Raises:
            MissingDataError: the lake no longer holds what landed.
            ConfigurationError: the instrument is unknown.
        """
        files = landed_files(workshop.warehouse, workshop.catalogue.instrument(symbol).symbol)
        return cls(workshop, symbol, day, files, read_batches(workshop.lake, files, symbol).to_pandas())

    @cached_property
    def backtest(self) -> Backtest:
        """What research will make of the day: that day of the whole backtest, to the last bit."""
        study = self._study(self._front_month)
        features = build_daily_features(study)
        return Backtest(History(study), build_outcomes(study, features), features)

    @cached_property
    def contract(self) -> str | None:
        """The day's front month as research sees it; None where it has none."""
        first, end = span_of(self.day)
        bars = self._front_month
        start = int(bars["ts_utc"].searchsorted(first))
        is_there = start < len(bars) and bars["ts_utc"].iloc[start] < end
        return str(bars["source_symbol"].iloc[start]) if is_there else None

    def seen(self, bars: pd.DataFrame, began_at: dt.datetime, last_batch: int | None = None) -> History:
        """What paper knew of it: bars of earlier days as they had landed when its day began, and of `bars` the front
        month's.

        Args:
            bars: those of the day that counted, of any instrument and contract, in order; columns of LANDED_BARS.
            began_at: aware; asked where `last_batch` is not known.
            last_batch: the last one that had landed by then; clocks may be set back.
        """
        first, _ = span_of(self.day)
        is_since = self.files["landed_at"] > pd.Timestamp(began_at)
        if last_batch is not None:
            is_since = self.files["batch"] > last_batch
        has_changed = bool((is_since & (self.files["first_ts"] < first)).any())
        if self.contract is not None and not has_changed:
            return history_seen(self.backtest.history, self.day, _of_contract(bars, self.symbol, self.contract))
        landed = self.landed
        if has_changed:
            landed = read_batches(self.workshop.lake, self.files[~is_since], self.symbol).to_pandas()
        known = landed.iloc[: int(landed["ts_utc"].searchsorted(first))]
        history = History(self._study(front_month_bars(known)))
        return history_seen(history, self.day, _of_contract(bars, self.symbol, next_front_month(known)))

    @cached_property
    def _front_month(self) -> pd.DataFrame:
        return front_month_bars(self.landed)

    def _study(self, bars: pd.DataFrame) -> Study:
        catalogue = self.workshop.catalogue
        instrument, sessions = catalogue.instrument(self.symbol), catalogue.sessions_of(self.symbol)
        return Study.of(bars, instrument, sessions, catalogue.grid).on(self.day)


def span_of(day: int) -> tuple[pd.Timestamp, pd.Timestamp]:
    """The first minute of a trading day, and the first one after it."""
    first, end = stamps_of(day_open(np.array([day, day + 1])))
    return first, end


def _of_contract(bars: pd.DataFrame, symbol: str, contract: str | None) -> pd.DataFrame:
    is_wanted = (bars["symbol"] == symbol) & (bars["source_symbol"] == contract)
    wanted: pd.DataFrame = bars[is_wanted] if is_wanted.any() else LANDED_BARS.empty_table().to_pandas()
    return wanted
