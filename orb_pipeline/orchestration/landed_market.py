"""One instrument on one trading day, as research will see it: its backtest, in memory, from the bars that have landed.

Research builds in the night, and a paper day is compared at its end. So the day's outcomes are worked out here, by the
code that research itself runs: ranges, breaks and outcomes of that day alone, and under them what the day can look back
on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from orb_pipeline.execution.backtest import Backtest
from orb_pipeline.execution.history import History
from orb_pipeline.execution.look_back import LookBack
from orb_pipeline.execution.reconcile import history_seen
from orb_pipeline.intake.landed import landed_files
from orb_pipeline.orchestration.landed_bars import LandedBars, bars_between, look_back_before, start_of
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
        files: its ledger.
        look_back: at the days before, as research sees them now.
        bars: of the day, of its front month as research sees it.
    """

    workshop: Workshop
    symbol: str
    day: int
    files: pd.DataFrame
    look_back: LookBack
    bars: pd.DataFrame

    @classmethod
    def of(cls, workshop: Workshop, landed: LandedBars, symbol: str, day: int) -> LandedMarket:
        """As it is now.

        Raises:
            MissingDataError: the lake no longer holds what landed.
            ConfigurationError: the instrument is unknown.
        """
        files = landed_files(workshop.warehouse, workshop.catalogue.instrument(symbol).symbol)
        look_back = landed.look_back(symbol, day, int(files["batch"].max()) if len(files) else 0)
        bars = look_back.choice.bars(bars_between(workshop, symbol, files, day, day + 1))
        return cls(workshop, symbol, day, files, look_back, bars)

    @cached_property
    def backtest(self) -> Backtest:
        """What research will make of the day: that day of the whole backtest, to the last bit."""
        study = self._study(pd.concat([self.look_back.bars, self.bars], ignore_index=True))
        features = build_daily_features(study)
        return Backtest(History(study), build_outcomes(study, features), features)

    @property
    def contract(self) -> str | None:
        """The day's front month as research sees it; None where it has none."""
        return str(self.bars["source_symbol"].iloc[0]) if len(self.bars) else None

    def seen(self, bars: pd.DataFrame, last_batch: int) -> History:
        """What paper knew of it: bars of earlier days as they had landed when its day began, and of `bars` the front
        month's.

        Args:
            bars: those of the day that counted, of any instrument and contract, in order; columns of LANDED_BARS.
            last_batch: the last one that had landed by then.
        """
        is_since = self.files["batch"] > last_batch
        has_changed = bool((is_since & (self.files["first_ts"] < start_of(self.day))).any())
        if self.contract is not None and not has_changed:
            return history_seen(self.backtest.history, self.day, _of_contract(bars, self.symbol, self.contract))
        known = self.look_back
        if has_changed:
            known = look_back_before(self.workshop, self.symbol, self.files[~is_since], self.day)
        history = History(self._study(known.bars))
        return history_seen(history, self.day, _of_contract(bars, self.symbol, known.front_month))

    def _study(self, bars: pd.DataFrame) -> Study:
        catalogue = self.workshop.catalogue
        instrument, sessions = catalogue.instrument(self.symbol), catalogue.sessions_of(self.symbol)
        return Study.of(bars, instrument, sessions, catalogue.grid).on(self.day)


def span_of(day: int) -> tuple[pd.Timestamp, pd.Timestamp]:
    """The first minute of a trading day, and the first one after it."""
    return start_of(day), start_of(day + 1)


def _of_contract(bars: pd.DataFrame, symbol: str, contract: str | None) -> pd.DataFrame:
    is_wanted = (bars["symbol"] == symbol) & (bars["source_symbol"] == contract)
    wanted: pd.DataFrame = bars[is_wanted] if is_wanted.any() else LANDED_BARS.empty_table().to_pandas()
    return wanted
