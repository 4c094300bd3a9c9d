"""A deterministic, stratified sample of an instrument's whole grid, for parity beyond the portfolio."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import pandas as pd

from orb_pipeline.portfolio.model import PortfolioStrategy

STRATA = ["orb_label", "entry_model", "confirm_bars", "filter_type"]


def sample_strategies(strategies: pd.DataFrame, count: int) -> pd.DataFrame:
    """At least `count` rows of `experimental_strategies` (all, where there are no more), the same ones every time.

    Systematic sampling: the grid in order of session, entry model, confirm count and filter, within that in an order
    that a hash of the names gives, and every n-th row of it. Each value of each of the four axes is in it: what the
    stride happens to miss is added.
    """
    if count <= 0 or len(strategies) <= count:
        return strategies.head(max(count, 0))
    digest = strategies["strategy_id"].map(lambda name: hashlib.sha256(name.encode()).hexdigest())
    ordered = strategies.assign(_digest=digest).sort_values([*STRATA, "_digest"], key=_values, ignore_index=True)
    taken = {number * len(ordered) // count for number in range(count)}
    for axis in STRATA:
        missing = set(ordered[axis]) - set(ordered.loc[sorted(taken), axis])
        taken.update(int((ordered[axis] == value).idxmax()) for value in missing)
    sampled: pd.DataFrame = ordered.loc[sorted(taken)].drop(columns="_digest").reset_index(drop=True)
    return sampled


def _values(axis: pd.Series[Any]) -> pd.Series[Any]:
    """An axis to sort by value; a categorical would go by the order of its categories."""
    return axis.astype(object)


def with_sample(
    strategies: Iterable[PortfolioStrategy], grids: Iterable[pd.DataFrame], count: int
) -> list[PortfolioStrategy]:
    """`strategies`, and behind them `count` sampled ones of each grid (`experimental_strategies`), each once."""
    members = {strategy.strategy_id: strategy for strategy in strategies}
    for grid in grids:
        for strategy in members_of(sample_strategies(grid, count)):
            members.setdefault(strategy.strategy_id, strategy)
    return list(members.values())


def members_of(strategies: pd.DataFrame) -> list[PortfolioStrategy]:
    """Rows of `experimental_strategies` as the engine takes them, one contract each."""
    names = [field.name for field in fields(PortfolioStrategy) if field.name in strategies.columns]
    rows: list[dict[str, Any]] = [
        dict(zip(names, row, strict=True)) for row in strategies[names].itertuples(index=False)
    ]
    return [PortfolioStrategy(**row, weight=1.0, max_contracts=1) for row in rows]
