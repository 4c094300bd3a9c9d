"""Simulated markets ready to be walked forward, small enough for tests: a year of MGC under a part of the grid."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from orb_pipeline.catalogue import FoldRules, Grid
from orb_pipeline.execution.backtest import Backtest
from orb_pipeline.execution.history import History
from orb_pipeline.market.days import build_trading_days
from orb_pipeline.market.front_month import front_month_bars
from orb_pipeline.market.simulator import simulate_bars
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.outcomes import build_outcomes
from orb_pipeline.research.study import Study
from orb_pipeline.walk_forward.market import Market
from orb_pipeline_tests.series import BRISBANE, CATALOGUE, MGC

GRID: Grid = CATALOGUE.grid.model_copy(
    update={"rr_targets": (1.0, 2.0), "confirm_bars": (1, 2), "filters": ("NO_FILTER", "ORB_L4", "VOL_RV12_N20")}
)
RULES = FoldRules(train_months=6, test_months=2, anchored=False, embargo_days=0, min_test_days=20)


def bars_of(start: dt.date, end: dt.date, drift: float, seed: int = 3) -> pd.DataFrame:
    """Front-month bars of simulated MGC."""
    return front_month_bars(simulate_bars(MGC, BRISBANE, start, end, seed, drift)).reset_index(drop=True)


def market_of(bars: pd.DataFrame, grid: Grid = GRID) -> Market:
    study = Study.of(bars, MGC, BRISBANE, grid)
    features = build_daily_features(study)
    outcomes = build_outcomes(study, features)
    days = build_trading_days(bars, bars, usual_days=20, simulated=True)
    return Market.of(Backtest(History(study), outcomes, features), days, BRISBANE, CATALOGUE.research.validation)
