"""Portfolio members and engines for tests, with what does not matter filled in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from orb_pipeline.catalogue import Grid
from orb_pipeline.portfolio.model import Portfolio, PortfolioStrategy
from orb_pipeline.research.discovery import strategy_id


def member(
    orb_label: str = "0900",
    entry_model: str = "E1",
    rr_target: float = 2.0,
    confirm_bars: int = 1,
    filter_type: str = "NO_FILTER",
    instrument: str = "MGC",
    **rest: Any,
) -> PortfolioStrategy:
    facts: dict[str, Any] = {
        "orb_minutes": 5,
        "weight": 1.0,
        "max_contracts": 10,
        "expectancy_r": 0.2,
        "win_rate": 0.5,
        "sample_size": 200,
        "median_risk_points": 1.0,
    }
    name = strategy_id(instrument, orb_label, entry_model, rr_target, confirm_bars, filter_type)
    return PortfolioStrategy(
        strategy_id=name,
        instrument=instrument,
        orb_label=orb_label,
        entry_model=entry_model,
        rr_target=rr_target,
        confirm_bars=confirm_bars,
        filter_type=filter_type,
        **(facts | rest),
    )


def portfolio_of(strategies: Sequence[PortfolioStrategy], account: str = "25k") -> Portfolio:
    return Portfolio(account, tuple(strategies), 3, -5.0, 25_000.0, 2.0)


def whole_grid(grid: Grid, labels: Sequence[str], instrument: str = "MGC") -> list[PortfolioStrategy]:
    axes = product(labels, grid.entry_models, grid.confirm_bars, grid.rr_targets, grid.filters)
    return [
        member(label, model, target, confirm_bars, name, instrument, orb_minutes=grid.orb_minutes)
        for label, model, confirm_bars, target, name in axes
    ]
