"""Ten simulated years through the whole research: nothing to find without drift, something to find with it."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.market.days import build_trading_days
from orb_pipeline.market.front_month import front_month_bars
from orb_pipeline.market.simulator import DEFAULT_BREAKOUT_DRIFT, simulate_bars
from orb_pipeline.research.discovery import Discovery
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.outcomes import build_outcomes
from orb_pipeline.research.study import Study

TEN_YEARS = dt.date(2015, 1, 1), dt.date(2024, 12, 31)
GRID_SIZE = 7020


def strategies_of_ten_years(seed: int, drift: float) -> pd.DataFrame:
    catalogue = load_catalogue()
    instrument, session_set, grid = catalogue.instrument("MGC"), catalogue.sessions_of("MGC"), catalogue.grid
    landed = simulate_bars(instrument, session_set, *TEN_YEARS, seed, drift)
    bars = front_month_bars(landed)
    days = build_trading_days(landed, bars, usual_days=catalogue.research.gates.usual_days, simulated=True)
    study = Study.of(bars, instrument, session_set, grid)
    features = build_daily_features(study)
    outcomes = build_outcomes(study, features)
    return Discovery.of(
        outcomes, features, days, instrument, session_set, grid, catalogue.research.validation
    ).strategies()


def passed(strategies: pd.DataFrame) -> pd.DataFrame:
    assert len(strategies) == GRID_SIZE
    return strategies[strategies["validation_status"] == "PASSED"]


def test_next_to_nothing_validates_where_no_edge_was_planted() -> None:
    assert len(passed(strategies_of_ten_years(seed=1, drift=0.0))) / GRID_SIZE < 0.005


def test_the_default_drift_leaves_a_plausible_choice_of_setups() -> None:
    setups = passed(strategies_of_ten_years(seed=1, drift=DEFAULT_BREAKOUT_DRIFT))
    assert 20 < len(setups) < 1500
    assert setups["entry_model"].nunique() >= 2
    assert setups["orb_label"].nunique() >= 4
    assert (setups["expectancy_r"] > 0.10).sum() >= 20
