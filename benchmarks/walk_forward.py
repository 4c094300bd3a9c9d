"""Seconds of a walk-forward over ten years, everything re-discovered in each fold, beside one that shares nothing.

Seven folds of three years and one on ten simulated years of MGC: all 7,020 strategies evaluated on each fold's training
days, the evidence against overfitting, selection, and the account's run through the engine. Beside it, in the same
process, one fold that starts from the bars of its own years, as a first version would: outcomes, series and all.
"""

from __future__ import annotations

import datetime as dt
import resource
import time

import pandas as pd
from measure import say

from orb_pipeline.catalogue import Catalogue, load_catalogue
from orb_pipeline.execution.backtest import Backtest
from orb_pipeline.execution.history import History
from orb_pipeline.market.days import build_trading_days
from orb_pipeline.market.front_month import front_month_bars
from orb_pipeline.market.simulator import simulate_bars
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.outcomes import build_outcomes
from orb_pipeline.research.study import Study
from orb_pipeline.walk_forward.market import Market
from orb_pipeline.walk_forward.run import FoldResult, run_fold, walk_forward

DRIFT = 0.3


def market_of(bars: pd.DataFrame, catalogue: Catalogue) -> Market:
    instrument, sessions = catalogue.instrument("MGC"), catalogue.sessions_of("MGC")
    study = Study.of(bars, instrument, sessions, catalogue.grid)
    features = build_daily_features(study)
    outcomes = build_outcomes(study, features)
    days = build_trading_days(bars, bars, usual_days=20, simulated=True)
    return Market.of(Backtest(History(study), outcomes, features), days, sessions, catalogue.research.validation)


def fold_from_scratch(bars: pd.DataFrame, result: FoldResult, catalogue: Catalogue) -> float:
    """Seconds of one fold that sees its own years only and makes everything itself."""
    first = pd.Timestamp(result.fold.train_start, tz="UTC") - pd.Timedelta(hours=1)
    last = pd.Timestamp(result.fold.test_end, tz="UTC") + pd.Timedelta(hours=23)
    own = bars[(bars["ts_utc"] >= first) & (bars["ts_utc"] < last)].reset_index(drop=True)
    started = time.perf_counter()
    run_fold(result.fold, [market_of(own, catalogue)], catalogue.account(), catalogue.portfolio.selection)
    return time.perf_counter() - started


def main() -> None:
    catalogue = load_catalogue()
    instrument, sessions = catalogue.instrument("MGC"), catalogue.sessions_of("MGC")
    landed = simulate_bars(instrument, sessions, dt.date(2015, 1, 1), dt.date(2024, 12, 31), 1, DRIFT)
    bars = front_month_bars(landed).reset_index(drop=True)
    market = market_of(bars, catalogue)  # compiles, too
    rules, selection = catalogue.walk_forward.folds, catalogue.portfolio.selection

    started = time.perf_counter()
    results = walk_forward([market], catalogue.account(), rules, selection)
    seconds = time.perf_counter() - started
    alone = fold_from_scratch(bars, results[-1], catalogue) * len(results)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6

    say(f"walk-forward: {len(results)} folds of ten years, evidence included, in {seconds:.1f} s; peak {peak:.1f} GB")
    say(f"each fold from its bars, one measured: {alone:.1f} s for all; ratio {alone / seconds:.1f}x")


if __name__ == "__main__":
    main()
