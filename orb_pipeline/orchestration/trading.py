"""What assets, gates and rehearsals of an account share: stored rows as a portfolio, stored tables as a backtest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields

import pandas as pd

from orb_pipeline.catalogue import Account
from orb_pipeline.execution.backtest import Backtest
from orb_pipeline.execution.history import History
from orb_pipeline.market.trading_day import number_of
from orb_pipeline.orchestration.gates.base import Table
from orb_pipeline.portfolio.model import Portfolio, PortfolioStrategy
from orb_pipeline.research.study import Study

BACKTEST = ("bars_1m", "trading_days", "daily_features", "orb_outcomes")
"""Tables of an instrument that a replay is fed with and held against."""


def portfolio_of(account: Account, rows: pd.DataFrame) -> Portfolio:
    """The portfolio that rows of `portfolio_strategies` hold."""
    names = [field.name for field in fields(PortfolioStrategy)]
    members = rows.sort_values("position")[names].to_dict("records")
    strategies = tuple(PortfolioStrategy(**{str(name): value for name, value in row.items()}) for row in members)
    return Portfolio.of(account, strategies)


def rows_of(portfolio: Portfolio, *, simulated: bool) -> pd.DataFrame:
    """Rows of `portfolio_strategies`, in portfolio order."""
    names = [field.name for field in fields(PortfolioStrategy)]
    rows = pd.DataFrame([asdict(strategy) for strategy in portfolio.strategies], columns=names)
    return rows.assign(account=portfolio.name, position=range(1, len(rows) + 1), simulated=simulated)


def backtest_of(symbol: str, tables: Mapping[str, Table], study: Callable[[str], Study]) -> Backtest:
    """The backtest of an instrument from its BACKTEST tables, which are among `tables` as "name:symbol"."""
    days = tables[f"trading_days:{symbol}"].pandas()
    contracts = days.dropna(subset=["source_symbol"])
    numbers = [number_of(day.date()) for day in contracts["trading_day"]]
    return Backtest(
        history=History(study(symbol), dict(zip(numbers, contracts["source_symbol"].astype(str), strict=True))),
        outcomes=tables[f"orb_outcomes:{symbol}"].arrow(),
        features=tables[f"daily_features:{symbol}"].pandas(),
    )
