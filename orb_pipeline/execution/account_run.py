"""An account run held against the backtest: what was traded, what was refused, and what each limit cost or saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from orb_pipeline.catalogue import Account
from orb_pipeline.execution.backtest import Backtest, backtest_trades
from orb_pipeline.execution.limits import limit_effects, with_unlimited_r
from orb_pipeline.execution.replay import Progress, ReplayResult, Span, replay_historical
from orb_pipeline.execution.results import Totals, by_strategy, totals
from orb_pipeline.market.trading_day import number_of
from orb_pipeline.portfolio.model import Portfolio


@dataclass(frozen=True)
class AccountRun:
    """A portfolio replayed on an account's limits.

    Attributes:
        entries: those of `result`, with `unlimited_r`, what the backtest made of the same strategy and day.
        trades: the backtest's, of the portfolio on the days replayed.
    """

    account: Account
    portfolio: Portfolio
    result: ReplayResult
    entries: pd.DataFrame
    trades: pd.DataFrame

    @property
    def totals(self) -> Totals:
        return totals(self.entries, self.account)

    @property
    def limits(self) -> pd.DataFrame:
        """See limits.limit_effects."""
        return limit_effects(self.entries, self.trades)

    @property
    def by_strategy(self) -> pd.DataFrame:
        """See results.by_strategy."""
        return by_strategy(self.entries, [strategy.strategy_id for strategy in self.portfolio.strategies])


def run_account(
    portfolio: Portfolio,
    account: Account,
    backtests: Mapping[str, Backtest],
    *,
    days: Span = (None, None),
    on_day: Progress = lambda _done, _of: None,
) -> AccountRun:
    """Replay `portfolio` on `account`, beginning with its starting equity; see replay_historical.

    Args:
        backtests: by symbol, at least those that the portfolio trades.
    """
    traded = {symbol: backtests[symbol] for symbol in portfolio.instruments}
    histories = {symbol: backtest.history for symbol, backtest in traded.items()}
    result = replay_historical(portfolio, account, histories, days=days, on_day=on_day)
    trades = backtest_trades(portfolio.strategies, traded, [number_of(day) for day in result.days])
    return AccountRun(account, portfolio, result, with_unlimited_r(result.entries, trades), trades)
