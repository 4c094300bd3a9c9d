"""Days of bars for replays, by hand or at random, and what research makes of them.

By hand: sessions 0900 and 1000 of Brisbane begin at minutes 0 and 60 of the day. With the range 1000..1010 ticks a long
that enters at the close 1012 risks 12 ticks of MGC, 12 dollars a contract, 20.40 with costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from orb_pipeline.catalogue import Account, Grid
from orb_pipeline.execution.backtest import Backtest
from orb_pipeline.execution.history import History
from orb_pipeline.execution.replay import ReplayResult, replay_historical
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.outcomes import build_outcomes
from orb_pipeline.research.study import Study
from orb_pipeline.rules.bars import Bar
from orb_pipeline_tests.execution.live import RANGE, Ohlc, flat
from orb_pipeline_tests.execution.members import portfolio_of
from orb_pipeline_tests.series import BRISBANE, CATALOGUE, DAY_OPEN, series_of

GRID = Grid(
    orb_minutes=5,
    rr_targets=(1.0, 2.0, 3.0),
    confirm_bars=(1, 2),
    entry_models=("E1", "E2", "E3"),
    filters=("NO_FILTER", "ORB_G3", "ORB_L3", "VOL_RV12_N20"),
)
ABOVE, INSIDE = flat(1012), flat(1005)
WON = (1012, 1040, 1012, 1036)
LOST = (1012, 1012, 999, 1000)
QUIET: list[Ohlc] = [INSIDE] * 3
Day = Mapping[int, Sequence[Ohlc]]
"""Minute of the day -> rows of ticks from there on, a bar a minute."""


def session(*after: Ohlc, minute: int = 0) -> dict[int, list[Ohlc]]:
    """A session that breaks upward with its first bar after the range, and what comes then."""
    return {minute: [*RANGE, ABOVE, *after]}


def bars_of_days(*days: Day) -> list[Bar]:
    """Bars of days in a row; an empty one is a day without bars."""
    return [
        Bar(DAY_OPEN + number * 1440 + minute + offset, *row, 10)
        for number, day in enumerate(days)
        for minute, rows in sorted(day.items())
        for offset, row in enumerate(rows)
    ]


def history_of(bars: Sequence[Bar], symbol: str = "MGC", grid: Grid = GRID, day: int | None = None) -> History:
    return History(Study(series_of(bars), CATALOGUE.instrument(symbol), BRISBANE, grid, day))


def backtest_of(history: History) -> Backtest:
    """What research makes of these bars."""
    features = build_daily_features(history.study)
    return Backtest(history, build_outcomes(history.study, features), features)


def replayed(strategies: Sequence[PortfolioStrategy], of: Account, *days: Day, **options: Any) -> ReplayResult:
    """A replay of hand-written days of MGC."""
    return replay_historical(portfolio_of(strategies), of, {"MGC": history_of(bars_of_days(*days))}, **options)


def random_walk(seed: int, days: int = 4, length: int = 900, step: int = 4) -> list[Bar]:
    """Days of bars that wander, in ticks, with volumes and missing minutes."""
    random = np.random.default_rng(seed)
    minutes = np.concatenate(
        [DAY_OPEN + day * 1440 + np.flatnonzero(random.random(length) > 0.1) for day in range(days)]
    )
    closes = 20_000 + np.cumsum(random.integers(-step, step + 1, len(minutes)))
    opens = np.append(20_000, closes[:-1]) + random.integers(-1, 2, len(minutes))
    highs = np.maximum(opens, closes) + random.integers(0, step, len(minutes))
    lows = np.minimum(opens, closes) - random.integers(0, step, len(minutes))
    columns = (minutes, opens, highs, lows, closes, random.integers(1, 99, len(minutes)))
    return [Bar(*map(int, row)) for row in zip(*columns, strict=True)]


def records(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Rows as tuples, NULL as None."""
    rows = frame[list(columns)].astype(object)
    return list(rows.where(rows.notna(), None).itertuples(index=False, name=None))
