"""Parity: every trade of the engine, and every day without one, against the backtest's outcomes.

Engine and kernel read RULES.md independently; where they differ on one trade, one of them is wrong. Both are asked
without limits and with one contract.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from orb_pipeline.execution.backtest import KEY, VALUES, Backtest, backtest_trades
from orb_pipeline.execution.context import AccountDay
from orb_pipeline.execution.engine import ExecutionEngine
from orb_pipeline.execution.history import bars_in_order, context_of, days_of
from orb_pipeline.execution.replay import Progress, Span
from orb_pipeline.execution.risk import UnlimitedRisk
from orb_pipeline.execution.trade import ActiveTrade
from orb_pipeline.market.trading_day import dates_of, stamps_of
from orb_pipeline.portfolio.model import Portfolio, PortfolioStrategy

TOLERANCE = 1e-9
_EXACT = ("entry_ts", "outcome", "exit_ts")


@dataclass(frozen=True)
class Parity:
    """What was compared, and where the two readings differ. A case is one strategy on one trading day.

    Attributes:
        strategies, days: how many of each.
        trades: cases in which at least one of both sees a trade; in all others both see none.
        differing: cases with a difference.
        differences: trading_day, strategy_id, what, backtest, engine; a case may have several.
    """

    strategies: int
    days: int
    trades: int
    differing: int
    differences: pd.DataFrame

    @property
    def cases(self) -> int:
        return self.strategies * self.days

    @property
    def no_trades(self) -> int:
        return self.cases - self.trades

    @property
    def holds(self) -> bool:
        """Something was compared and nothing differs."""
        return self.cases > 0 and self.differing == 0

    @property
    def share(self) -> float:
        """Of the cases that are equal."""
        return 1 - self.differing / self.cases if self.cases else 0.0


def compare(
    strategies: Sequence[PortfolioStrategy],
    backtests: Mapping[str, Backtest],
    *,
    days: Span = (None, None),
    on_day: Progress = lambda _done, _of: None,
) -> Parity:
    """Replay `strategies` without limits and compare every case.

    Args:
        backtests: by symbol.
        days: the first and the last one.
    """
    replayed = days_of((backtest.history for backtest in backtests.values()), *days)
    found = _engine_trades(strategies, backtests, replayed, on_day)
    expected = backtest_trades(strategies, backtests, replayed)
    both = expected.merge(found, on=KEY, how="outer", suffixes=("_backtest", "_engine"), indicator=True)
    differences = _differences(both)
    differing = len(differences.drop_duplicates(KEY))
    return Parity(len(strategies), len(replayed), len(both), differing, differences)


def _engine_trades(
    strategies: Sequence[PortfolioStrategy], backtests: Mapping[str, Backtest], days: Sequence[int], on_day: Progress
) -> pd.DataFrame:
    """What the engine trades, in the columns of the backtest."""
    instruments = {symbol: backtest.instrument for symbol, backtest in backtests.items()}
    histories = {symbol: backtest.history for symbol, backtest in backtests.items()}
    engine = ExecutionEngine(Portfolio("parity", tuple(strategies), 1, -1.0, 1.0, 1.0), instruments, UnlimitedRisk())
    traded = {symbol: histories[symbol] for symbol in engine.portfolio.instruments}
    account = AccountDay(0.0, 0.0)
    rows: list[tuple[object, ...]] = []
    for number, day in enumerate(days, start=1):
        engine.on_trading_day_start(context_of(traded, day, account))
        for symbol, bar in bars_in_order(traded, day):
            engine.on_bar(symbol, bar)
        engine.on_trading_day_end()
        rows.extend(_row(trade, day) for trade in engine.get_finished_trades() if trade.entry is not None)
        on_day(number, len(days))
    frame = pd.DataFrame(rows, columns=[*KEY, *VALUES])
    for name in ("entry_ts", "exit_ts"):
        frame[name] = stamps_of(frame[name].to_numpy(np.int64))
    frame["trading_day"] = dates_of(frame["trading_day"].to_numpy(np.int64)).astype("datetime64[s]")
    return frame.astype(dict.fromkeys((name for name in VALUES if name not in _EXACT), "float64"))


def _row(trade: ActiveTrade, day: int) -> tuple[object, ...]:
    return (
        trade.strategy_id,
        day,
        trade.entry_minute,
        trade.entry_price,
        trade.stop_price,
        trade.target_price,
        trade.outcome,
        trade.exit_minute,
        trade.exit_price,
        trade.pnl_r,
        trade.mae_r,
        trade.mfe_r,
    )


def _differences(both: pd.DataFrame) -> pd.DataFrame:
    """Cases and values that differ, in order of day and strategy."""
    parts = []
    for side, backtest, engine in (("left_only", "a trade", "none"), ("right_only", "none", "a trade")):
        alone = both.loc[both["_merge"] == side, KEY]
        parts.append(alone.assign(what="trade", backtest=backtest, engine=engine))
    common = both[both["_merge"] == "both"]
    for name in VALUES:
        expected, found = common[f"{name}_backtest"], common[f"{name}_engine"]
        differs = expected != found if name in _EXACT else ~((expected - found).abs() <= TOLERANCE)
        values = {"backtest": expected[differs].astype(str), "engine": found[differs].astype(str)}
        parts.append(common.loc[differs, KEY].assign(what=name, **values))
    ordered = pd.concat(parts).sort_values(["trading_day", "strategy_id"], kind="stable", ignore_index=True)
    days = pd.to_datetime(ordered["trading_day"]).dt.date
    return ordered.assign(trading_day=days)[["trading_day", "strategy_id", "what", "backtest", "engine"]]
