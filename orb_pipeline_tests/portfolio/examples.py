"""Setups and daily series for tests of the portfolio, with what does not matter filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from orb_pipeline.catalogue import Account, Selection
from orb_pipeline.portfolio.selection import Selected
from orb_pipeline.research.daily import DailySeries
from orb_pipeline_tests.series import CATALOGUE

DAYS = 256
ACCOUNT: Account = CATALOGUE.account("25k")


def selection(**changes: Any) -> Selection:
    return Selection.model_validate(CATALOGUE.portfolio.selection.model_dump() | changes)


def setup(strategy_id: str, expectancy_r: float = 0.3, orb_label: str | None = None, **facts: Any) -> dict[str, Any]:
    """A row of `validated_setups`; each has a session of its own unless one is named."""
    return {
        "strategy_id": strategy_id,
        "instrument": "MGC",
        "orb_label": orb_label or f"session-{strategy_id}",
        "orb_minutes": 5,
        "rr_target": 2.0,
        "confirm_bars": 1,
        "entry_model": "E1",
        "filter_type": "NO_FILTER",
        "sample_size": 200,
        "win_rate": 0.5,
        "expectancy_r": expectancy_r,
        "median_risk_points": 1.0,
        "status": "active",
    } | facts


def frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """`validated_setups` as the warehouse returns them; of no rows, too."""
    columns = pd.DataFrame([setup("none")])
    return pd.DataFrame(rows, columns=columns.columns) if rows else columns.head(0)


def members(selected: Selected) -> list[str]:
    """In portfolio order."""
    return [strategy.strategy_id for strategy in selected.portfolio.strategies]


def daily_of(columns: Mapping[str, Sequence[float]]) -> DailySeries:
    """R of each strategy day by day; a day with a result other than 0 was traded."""
    days = max((len(values) for values in columns.values()), default=0)
    index = pd.date_range("2024-01-01", periods=days, freq="D", unit="s", name="trading_day")
    pnl_r = pd.DataFrame({name: np.asarray(values, dtype=float) for name, values in columns.items()}, index=index)
    return DailySeries(pnl_r, pnl_r.fillna(0.0) != 0)


def daily_with(
    names: Sequence[str],
    correlations: Mapping[tuple[str, str], float] | None = None,
    *,
    unknown: Sequence[str] = (),
) -> DailySeries:
    """Series that correlate exactly as told and not at all otherwise; those of `unknown` were never eligible.

    Walsh functions do not correlate with each other; the Cholesky factor of a correlation matrix mixes them to it.
    """
    wanted = pd.DataFrame(np.eye(len(names)), index=names, columns=names)
    for (one, other), value in (correlations or {}).items():
        wanted.loc[one, other] = wanted.loc[other, one] = value
    walsh = np.ones((1, 1))
    while len(walsh) < DAYS:
        walsh = np.kron(walsh, [[1, 1], [1, -1]])
    mixed = np.linalg.cholesky(wanted.to_numpy()) @ walsh[1 : len(names) + 1]
    values = {name: mixed[place] if name not in unknown else np.full(DAYS, np.nan) for place, name in enumerate(names)}
    return daily_of(values)
