"""Walk-forward over stored tables: the asset's work, and a rehearsal's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from orb_pipeline.catalogue import Account, Catalogue, FoldRules
from orb_pipeline.orchestration.gates.base import Table
from orb_pipeline.orchestration.trading import backtest_of
from orb_pipeline.research.study import Study
from orb_pipeline.walk_forward.market import Market
from orb_pipeline.walk_forward.report import cumulative_band, folds_table, stitched, summary_table, trades_table
from orb_pipeline.walk_forward.run import walk_forward


@dataclass(frozen=True)
class Walk:
    """Walk-forward as tables.

    Attributes:
        folds: columns of `walk_forward_folds` but the account; summary: of `walk_forward_summary` likewise.
        trades: every out-of-sample entry of the account runs, with its fold.
        band: the stitched test, see walk_forward.report.cumulative_band.
    """

    folds: pd.DataFrame
    summary: pd.DataFrame
    trades: pd.DataFrame
    band: pd.DataFrame


def walk(
    catalogue: Catalogue,
    account: Account,
    symbols: Sequence[str],
    tables: Mapping[str, Table],
    study: Callable[[str], Study],
    on_step: Callable[[str, int, int], None],
    rules: FoldRules | None = None,
) -> Walk:
    """Walk `symbols` forward on `account`.

    Args:
        tables: the BACKTEST tables of each, as "name:symbol".
        rules: how to cut folds; the catalogue's where None.

    Raises:
        InputError: there is not enough data for one fold; says what is there and what is needed.
    """
    markets = [
        Market.of(
            backtest_of(symbol, tables, study),
            tables[f"trading_days:{symbol}"].pandas(),
            catalogue.sessions_of(symbol),
            catalogue.research.validation,
        )
        for symbol in symbols
    ]
    cut = rules or catalogue.walk_forward.folds
    results = walk_forward(markets, account, cut, catalogue.portfolio.selection, on_step)
    return Walk(
        folds=folds_table(results),
        summary=summary_table(results, catalogue.walk_forward.gates.min_oos_is_ratio),
        trades=trades_table(results),
        band=cumulative_band(stitched(results)),
    )
