"""What the backtest made of a set of strategies: their trades in `orb_outcomes`, on days their filters let through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from orb_pipeline.catalogue import Grid, Instrument
from orb_pipeline.execution.history import History
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline.research.eligibility import eligibility

KEY = ["strategy_id", "trading_day"]
VALUES = [
    "entry_ts",
    "entry_price",
    "stop_price",
    "target_price",
    "outcome",
    "exit_ts",
    "exit_price",
    "pnl_r",
    "mae_r",
    "mfe_r",
]


@dataclass(frozen=True)
class Backtest:
    """One instrument's bars, and the tables that research made of them.

    Attributes:
        outcomes: `orb_outcomes`; features: the `daily_features` that they were built from.
    """

    history: History
    outcomes: pa.Table
    features: pd.DataFrame

    @property
    def instrument(self) -> Instrument:
        return self.history.study.instrument

    @property
    def grid(self) -> Grid:
        return self.history.study.grid


def backtest_trades(
    strategies: Sequence[PortfolioStrategy], backtests: Mapping[str, Backtest], days: Sequence[int]
) -> pd.DataFrame:
    """Filled trades of `strategies` on `days` (days since the epoch): columns KEY and VALUES.

    A strategy trades where its session broke, its filter lets the day through and its entry filled; every other day is
    one without a trade and has no row.
    """
    if not backtests:
        return pd.DataFrame(columns=[*KEY, *VALUES]).astype({"trading_day": "datetime64[s]", "pnl_r": "float64"})
    parts = [_trades(strategies, backtest) for backtest in backtests.values()]
    trades = pd.concat(parts, ignore_index=True)
    wanted = trades["trading_day"].isin(np.array(days, dtype="datetime64[D]").astype("datetime64[s]"))
    return trades[wanted].reset_index(drop=True)


def _trades(strategies: Sequence[PortfolioStrategy], backtest: Backtest) -> pd.DataFrame:
    grid = backtest.grid
    broken = backtest.features[backtest.features["break_dir"].notna()].reset_index(drop=True)
    labels = broken["orb_label"].astype(object).to_numpy()
    allowed = eligibility(broken, backtest.instrument, grid)
    filled = backtest.outcomes.column("entry_ts").is_valid().to_numpy()
    rows, names = [np.empty(0, np.int64)], [np.empty(0, dtype=object)]
    for strategy in strategies:
        if strategy.instrument != backtest.instrument.symbol:
            continue
        place = grid.place_of(strategy.entry_model, strategy.confirm_bars, strategy.rr_target)
        mine = (labels == strategy.orb_label) & allowed[:, grid.filters.index(strategy.filter_type)]
        outcomes = np.flatnonzero(mine) * grid.combinations + place
        rows.append(outcomes[filled[outcomes]])
        names.append(np.full(len(rows[-1]), strategy.strategy_id, dtype=object))
    taken = backtest.outcomes.select(["trading_day", *VALUES]).take(pa.array(np.concatenate(rows)))
    frame: pd.DataFrame = taken.to_pandas(date_as_object=False)
    return frame.assign(
        strategy_id=np.concatenate(names),
        trading_day=frame["trading_day"].astype("datetime64[s]"),
        outcome=frame["outcome"].astype(object),
    )
