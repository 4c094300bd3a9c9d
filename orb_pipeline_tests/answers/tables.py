"""The tables whose known-good content is frozen beside this file.

A change of behaviour shows as a difference of data. After a change that is meant, write them again and read the diff:
`python -m orb_pipeline_tests.answers.tables`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from orb_pipeline.market.days import build_trading_days
from orb_pipeline.market.front_month import front_month_bars
from orb_pipeline.market.simulator import simulate_bars
from orb_pipeline.research.discovery import Discovery
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.outcomes import build_outcomes
from orb_pipeline.research.study import Study
from orb_pipeline.walk_forward.report import folds_table
from orb_pipeline.walk_forward.run import walk_forward
from orb_pipeline_tests.data import real_data
from orb_pipeline_tests.research.slice import gold_slice
from orb_pipeline_tests.series import CATALOGUE
from orb_pipeline_tests.walk_forward.markets import RULES, bars_of, market_of

FOLDER = Path(__file__).parent


def comex_trading_days() -> pd.DataFrame:
    """Five days of COMEX gold, every contract, and an hour of 2020: front months and days without one."""
    landed = pd.read_parquet(real_data("comex_gc", "2013-10.parquet"))
    landed["source_symbol"] = landed["source_symbol"].astype("category")
    landed = landed.sort_values(["ts_utc", "source_symbol"], ignore_index=True)
    return build_trading_days(landed, front_month_bars(landed), usual_days=20, simulated=False)


def gold_features() -> pd.DataFrame:
    """Every twelfth day of spot gold in early 2026."""
    features = gold_slice().features
    return features[features["trading_day"].isin(features["trading_day"].unique()[::12])]


def gold_outcomes() -> pd.DataFrame:
    """One day of spot gold, the whole grid."""
    outcomes = gold_slice().outcomes.to_pandas(date_as_object=False)
    return outcomes[outcomes["trading_day"] == "2026-02-05"]


def gold_strategies() -> pd.DataFrame:
    """Every fortieth strategy over spot gold in early 2026."""
    return gold_slice().strategies.iloc[::40]


def simulated_strategies() -> pd.DataFrame:
    """Every fortieth strategy over a quarter of a simulated MGC market."""
    instrument, sessions, grid = CATALOGUE.instrument("MGC"), CATALOGUE.sessions_of("MGC"), CATALOGUE.grid
    landed = simulate_bars(instrument, sessions, dt.date(2023, 1, 2), dt.date(2023, 3, 31), seed=7, breakout_drift=0.2)
    bars = front_month_bars(landed)
    days = build_trading_days(landed, bars, usual_days=20, simulated=True)
    study = Study.of(bars, instrument, sessions, grid)
    features = build_daily_features(study)
    outcomes = build_outcomes(study, features)
    validation = CATALOGUE.research.validation
    through = study.trades_through()
    return (
        Discovery.of(outcomes, features, days, instrument, sessions, grid, validation, through).strategies().iloc[::40]
    )


def simulated_walk_forward() -> pd.DataFrame:
    """Every strategy that a fold selected in a simulated year of MGC with an edge, under a part of the grid."""
    market = market_of(bars_of(dt.date(2022, 1, 3), dt.date(2022, 12, 30), 0.6))
    selection = CATALOGUE.portfolio.selection.model_copy(update={"min_overlap_days": 30})
    return folds_table(walk_forward([market], CATALOGUE.account("25k"), RULES, selection))


TABLES: dict[str, Callable[[], pd.DataFrame]] = {
    made_by.__name__: made_by
    for made_by in (
        comex_trading_days,
        gold_features,
        gold_outcomes,
        gold_strategies,
        simulated_strategies,
        simulated_walk_forward,
    )
}


def as_csv(table: pd.DataFrame) -> str:
    """One line a row; floats with twelve significant digits, which hides the last bits of a sum and nothing else."""
    return table.to_csv(index=False, float_format="%.12g", date_format="%Y-%m-%dT%H:%M:%S%z", lineterminator="\n")


if __name__ == "__main__":
    for name, made_by in TABLES.items():
        (FOLDER / f"{name}.csv").write_text(as_csv(made_by()), encoding="utf-8")
