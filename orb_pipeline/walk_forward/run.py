"""Walk-forward: for each fold discovery, validation and selection on its training days, then the test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from orb_pipeline.catalogue import Account, FoldRules, Selection
from orb_pipeline.errors import InputError
from orb_pipeline.execution.account_run import run_account
from orb_pipeline.market.trading_day import number_of
from orb_pipeline.portfolio.model import Portfolio
from orb_pipeline.portfolio.selection import build_portfolio
from orb_pipeline.research.evaluation import Evaluation, evaluate
from orb_pipeline.research.setups import ACTIVE
from orb_pipeline.research.validation import PASSED
from orb_pipeline.walk_forward.figures import Figures, by_strategy, figures_of
from orb_pipeline.walk_forward.folds import Fold, make_folds
from orb_pipeline.walk_forward.market import Market, days_of, slice_of

Progress = Callable[[str, int, int], None]  # what, done, of how many


@dataclass(frozen=True)
class FoldResult:
    """One fold.

    Attributes:
        evaluation: every strategy of the grid, measured and validated on the training days, with the evidence there is.
        portfolio: selected from those that passed.
        in_sample, out_of_sample: each selected strategy alone, on training and on test days.
        by_strategy: of each of them is_trades, is_expectancy_r, oos_trades, oos_expectancy_r, by strategy_id.
        entries: the portfolio in the test through engine and risk manager; columns of JournalEntry, and unlimited_r.
        daily_r: R of that account run on each test day.
    """

    fold: Fold
    evaluation: Evaluation
    portfolio: Portfolio
    in_sample: Figures
    out_of_sample: Figures
    by_strategy: pd.DataFrame
    entries: pd.DataFrame
    daily_r: pd.Series[float]

    @property
    def strategies(self) -> pd.DataFrame:
        """Columns of `experimental_strategies`, on the training days."""
        return self.evaluation.strategies

    @property
    def found(self) -> int:
        """Strategies that passed validation on the training days."""
        return int((self.strategies["validation_status"] == PASSED).sum())

    @property
    def selected(self) -> frozenset[str]:
        return frozenset(strategy.strategy_id for strategy in self.portfolio.strategies)


def walk_forward(
    markets: Sequence[Market],
    account: Account,
    rules: FoldRules,
    selection: Selection,
    on_step: Progress = lambda _what, _done, _of: None,
) -> list[FoldResult]:
    """All folds that the data allow, in order of time.

    Args:
        on_step: told what is being done, and how many folds are done of how many.

    Raises:
        InputError: there is not enough data for one fold; says what is there and what is needed.
    """
    folds = make_folds(days_of(markets), rules)
    results: list[FoldResult] = []
    for fold in folds:
        on_step(f"fold {fold.number}, test from {fold.test_start}", len(results), len(folds))
        results.append(run_fold(fold, markets, account, selection))
    on_step("folds", len(results), len(folds))
    return results


def run_fold(fold: Fold, markets: Sequence[Market], account: Account, selection: Selection) -> FoldResult:
    """Train and test one fold."""
    validation = markets[0].discovery.validation
    grids = [(market.discovery, market.daily) for market in markets]
    evaluation = evaluate(grids, validation, fold.train_start, fold.train_end)
    strategies = evaluation.strategies
    passed = strategies[strategies["validation_status"] == PASSED].assign(status=ACTIVE)
    training = slice_of(markets, passed["strategy_id"].tolist(), fold.train_start, fold.train_end)
    portfolio = build_portfolio(passed, training, account, selection).portfolio
    selected = [strategy.strategy_id for strategy in portfolio.strategies]
    trained = slice_of(markets, selected, fold.train_start, fold.train_end)
    tested = slice_of(markets, selected, fold.test_start, fold.test_end)
    _refuse_shared_days(fold, training.pnl_r.index, tested.pnl_r.index)
    before, after = by_strategy(trained), by_strategy(tested)
    backtests = {market.symbol: market.backtest for market in markets}
    span = (number_of(fold.test_start), number_of(fold.test_end))
    entries = run_account(portfolio, account, backtests, days=span).entries
    days = [day for day in days_of(markets) if fold.test_start <= day <= fold.test_end]
    return FoldResult(
        fold=fold,
        portfolio=portfolio,
        in_sample=figures_of(trained),
        out_of_sample=figures_of(tested),
        by_strategy=before.add_prefix("is_").join(after.add_prefix("oos_")),
        entries=entries,
        daily_r=entries.groupby("trading_day")["pnl_r"].sum().reindex(days, fill_value=0.0),
        evaluation=evaluation,
    )


def _refuse_shared_days(fold: Fold, training: pd.Index, test: pd.Index) -> None:
    shared = training.intersection(test)
    if len(shared):
        message = f"Fold {fold.number} trains and tests on {shared[0]:%Y-%m-%d}; expected no day in both. Report this."
        raise InputError(message)
