"""The evidence on three simulated years of the whole grid: with the default drift after breaks, and without any."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from orb_pipeline.catalogue import Instrument
from orb_pipeline.market.front_month import front_month_bars
from orb_pipeline.market.simulator import DEFAULT_BREAKOUT_DRIFT, simulate_bars
from orb_pipeline.research.daily import daily_series
from orb_pipeline.research.discovery import Discovery
from orb_pipeline.research.evidence import Evidence, EvidenceSettings, Overfitting, gather
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.outcomes import build_outcomes
from orb_pipeline.research.study import Study
from orb_pipeline_tests.series import BRISBANE, CATALOGUE, MGC

GRID, VALIDATION = CATALOGUE.grid, CATALOGUE.research.validation
SETTINGS = EvidenceSettings(VALIDATION, resamples=999, superior_resamples=200, overfitting_blocks=12)
FREE = Instrument.model_validate(MGC.model_dump() | {"commission": 0.0, "spread": 0.0, "slippage": 0.0})


def bars(drift: float) -> pd.DataFrame:
    landed = simulate_bars(MGC, BRISBANE, dt.date(2022, 1, 1), dt.date(2024, 12, 31), 1, drift)
    return front_month_bars(landed)


def evidence(drift: float, instrument: Instrument) -> Evidence:
    study = Study.of(bars(drift), instrument, BRISBANE, GRID)
    features = build_daily_features(study)
    outcomes = build_outcomes(study, features)
    days = pd.DataFrame({"trading_day": features["trading_day"].unique()})
    strategies = Discovery.of(outcomes, features, days, instrument, BRISBANE, GRID, VALIDATION).strategies()
    daily = daily_series(outcomes, features, strategies, instrument, GRID)
    return gather(
        daily.pnl_r.to_numpy(),
        daily.traded.to_numpy(),
        strategies["stressed_expectancy_r"].to_numpy(),
        pd.DatetimeIndex(daily.pnl_r.index).year.to_numpy(np.int64),
        (strategies["validation_status"] == "PASSED").to_numpy(),
        SETTINGS,
    )


def overfitting_of(found: Evidence) -> Overfitting:
    assert isinstance(found.overfitting, Overfitting)
    return found.overfitting


def test_without_drift_nothing_is_left_after_the_number_of_tries_and_what_passes_is_luck_less_costs() -> None:
    found = evidence(0.0, MGC)
    assert np.nanmin(found.fdr_q) > 0.1
    assert np.nanmax(found.deflated_sharpe) < 0.95
    assert overfitting_of(found).loss_probability > 0.5
    assert found.luck.low <= found.luck.passed <= found.luck.high
    assert found.luck_at_break_even.mean > 3 * found.luck.mean
    assert found.trials > 6000
    assert 10 < found.effective_trials < 100


def test_without_drift_and_costs_choosing_the_best_is_luck() -> None:
    """With costs it is not: they rank the strategies the same way in every year."""
    assert overfitting_of(evidence(0.0, FREE)).pbo == pytest.approx(0.5, abs=0.2)


def test_with_drift_more_pass_than_luck_explains_and_the_best_stay_good() -> None:
    found = evidence(DEFAULT_BREAKOUT_DRIFT, MGC)
    assert (found.fdr_q < 0.1).sum() > 100
    assert found.luck.passed > 2 * found.luck.high
    assert found.luck.at_least_as_many == 0
    assert found.luck_at_break_even.at_least_as_many < 0.05
    assert overfitting_of(found).pbo < 0.2
    assert overfitting_of(found).loss_probability < 0.2
