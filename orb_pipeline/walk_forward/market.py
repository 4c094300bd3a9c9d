"""One instrument as walk-forward looks at it: outcomes ready to be cut into spans, worked out once for all folds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from orb_pipeline.catalogue import SessionSet, Validation
from orb_pipeline.execution.backtest import Backtest
from orb_pipeline.research.daily import DailySeries, combine, daily_series
from orb_pipeline.research.discovery import Discovery


@dataclass(frozen=True)
class Market:
    """An instrument over the whole data set.

    Attributes:
        daily: of every strategy of the grid; folds take rows of it.
    """

    backtest: Backtest
    discovery: Discovery
    daily: DailySeries

    @classmethod
    def of(
        cls, backtest: Backtest, trading_days: pd.DataFrame, session_set: SessionSet, validation: Validation
    ) -> Market:
        """Read the tables once; raises what Discovery.of raises."""
        instrument, grid = backtest.instrument, backtest.grid
        discovery = Discovery.of(
            backtest.outcomes, backtest.features, trading_days, instrument, session_set, grid, validation
        )
        names = discovery.names()
        return cls(backtest, discovery, daily_series(backtest.outcomes, backtest.features, names, instrument, grid))

    @property
    def symbol(self) -> str:
        return self.backtest.instrument.symbol


def days_of(markets: Sequence[Market]) -> list[dt.date]:
    """Trading days on which any of them has bars, in order."""
    days = np.unique(np.concatenate([market.discovery.days.to_numpy().astype("datetime64[D]") for market in markets]))
    return [day.astype(object) for day in days]


def slice_of(markets: Sequence[Market], strategy_ids: Sequence[str], first: dt.date, last: dt.date) -> DailySeries:
    """Series of these strategies on the days from `first` to `last`, in the order of `strategy_ids`."""
    span = slice(pd.Timestamp(first), pd.Timestamp(last))
    parts = []
    for market in markets:
        mine = [name for name in strategy_ids if name in market.daily.pnl_r.columns]
        if mine:
            parts.append(DailySeries(market.daily.pnl_r.loc[span, mine], market.daily.traded.loc[span, mine]))
    together = combine(parts)
    order = list(strategy_ids)
    return DailySeries(together.pnl_r[order], together.traded[order])
