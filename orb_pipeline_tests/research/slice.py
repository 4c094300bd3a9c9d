"""A real slice of minute bars, and everything research makes of it, computed once for all tests that read it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pandas as pd
import pyarrow as pa

from orb_pipeline.research.discovery import Discovery
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.outcomes import build_outcomes
from orb_pipeline.research.study import Study
from orb_pipeline_tests.data import real_data
from orb_pipeline_tests.series import CATALOGUE


@dataclass(frozen=True)
class Slice:
    study: Study
    bars: pd.DataFrame
    features: pd.DataFrame
    outcomes: pa.Table
    trading_days: pd.DataFrame
    strategies: pd.DataFrame


@cache
def gold_slice() -> Slice:
    """Spot gold, 2026-01-02 to 2026-03-25, with tick volume."""
    bars = pd.read_parquet(real_data("gold_spot_recent", "2026.parquet"))
    instrument, sessions, grid = CATALOGUE.instrument("XAUUSD"), CATALOGUE.sessions_of("XAUUSD"), CATALOGUE.grid
    study = Study.of(bars, instrument, sessions, grid)
    features = build_daily_features(study)
    outcomes = build_outcomes(study, features)
    days = (bars["ts_utc"] + pd.Timedelta(hours=1)).dt.tz_localize(None).dt.normalize().unique()
    trading_days = pd.DataFrame({"trading_day": days})
    through, validation = study.trades_through(), CATALOGUE.research.validation
    strategies = Discovery.of(
        outcomes, features, trading_days, instrument, sessions, grid, validation, through
    ).strategies()
    return Slice(study, bars, features, outcomes, trading_days, strategies)
