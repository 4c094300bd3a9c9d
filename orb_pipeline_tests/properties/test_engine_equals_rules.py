"""The bar-by-bar engine and the slow reading of the rules agree on every trade, and every day without one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.catalogue import Grid, SessionSet
from orb_pipeline.execution.context import AccountDay
from orb_pipeline.execution.engine import ExecutionEngine
from orb_pipeline.execution.history import History, context_of
from orb_pipeline.execution.risk import UnlimitedRisk
from orb_pipeline.execution.trade import ActiveTrade
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline.research.reference import ReferenceSession, reference_session
from orb_pipeline.research.series import BarSeries, Windows
from orb_pipeline.research.study import Study
from orb_pipeline.rules.bars import Bar
from orb_pipeline.rules.filters import is_eligible
from orb_pipeline.rules.trades import Trade
from orb_pipeline_tests.execution.members import member, portfolio_of, whole_grid
from orb_pipeline_tests.properties.random_market import grids, random_bars
from orb_pipeline_tests.series import BRISBANE, CATALOGUE, MGC, series_of

ACCOUNT = AccountDay(25_000.0, 25_000.0)
NEW_YORK = SessionSet.model_validate(
    {"name": "night", "zone": "America/New_York", "sessions": {"one": "01:30", "two": "19:00"}}
)


def engine_trades(study: Study, strategies: list[PortfolioStrategy]) -> dict[tuple[int, str], tuple[object, ...]]:
    """(trading day, strategy) -> the trade, in the fields of the slow reading."""
    engine = ExecutionEngine(portfolio_of(strategies), {"MGC": MGC}, UnlimitedRisk())
    history = History(study)
    found = {}
    for day in history.days.tolist():
        engine.on_trading_day_start(context_of({"MGC": history}, day, ACCOUNT))
        for bar in history.bars(day):
            engine.on_bar("MGC", bar)
        engine.on_trading_day_end()
        assert not engine.get_active_trades()
        for trade in engine.get_finished_trades():
            if trade.entry is not None:
                found[day, trade.strategy_id] = as_tuple(trade)
    return found


def as_tuple(trade: ActiveTrade) -> tuple[object, ...]:
    sign = trade.orb.sign
    assert trade.entry is not None
    assert trade.exit is not None
    return (
        trade.entry_minute,
        sign * trade.entry,
        sign * trade.stop,
        sign * trade.target,
        trade.outcome,
        trade.exit_minute,
        sign * trade.exit,
        trade.pnl_r,
        trade.mae_r,
        trade.mfe_r,
    )


def reference_trades(series: BarSeries, sessions: SessionSet, grid: Grid) -> dict[tuple[int, str], tuple[object, ...]]:
    windows = Windows.of(series, sessions, grid)
    found: dict[tuple[int, str], tuple[object, ...]] = {}
    for session in range(len(windows.starts)):
        day, label = int(windows.days[session]), windows.label_names[windows.labels[session]]
        start, deadline = int(windows.starts[session]), int(windows.deadlines[session])
        expected = reference_session(series, day, start, deadline, MGC, grid)
        axes = product(grid.entry_models, grid.confirm_bars, grid.rr_targets)
        for (model, confirm_bars, target), trade in zip(axes, expected.trades, strict=False):
            if trade is None:
                continue
            for name in grid.filters:
                if _is_open(expected, name):
                    key = member(label, model, target, confirm_bars, name).strategy_id
                    found[day, key] = _fields(trade)
    return found


def _is_open(session: ReferenceSession, name: str) -> bool:
    assert session.opening_range is not None
    return is_eligible(name, MGC, session.opening_range.size, session.relative_volume)


def _fields(trade: Trade) -> tuple[object, ...]:
    return tuple(vars(trade).values())


@settings(max_examples=60, deadline=None)
@given(bars=random_bars(), grid=grids(), data=st.data())
def test_every_trade_of_random_days_is_the_same_to_the_last_bit(
    bars: list[Bar], grid: Grid, data: st.DataObject
) -> None:
    """Every session, entry model, confirm count, target and filter, all at once in one engine."""
    if not bars:
        return
    some = data.draw(st.sets(st.sampled_from(grid.filters), min_size=1, max_size=4))
    grid = grid.model_copy(update={"filters": tuple(sorted(some))})
    series = series_of(bars)
    study = Study(series, MGC, BRISBANE, grid)
    assert engine_trades(study, whole_grid(grid, BRISBANE.labels)) == reference_trades(series, BRISBANE, grid)


@pytest.mark.parametrize("filter_name", CATALOGUE.grid.filters)
def test_a_month_of_a_repeating_clock_agrees_under_every_filter(filter_name: str) -> None:
    """Sessions in New York across the end of DST, where one day has a local hour twice, with volumes that matter."""
    random = np.random.default_rng(7)
    first = 20_026 * 1440 - 60  # 2024-10-30; the clock goes back on 2024-11-03
    minutes = first + np.concatenate([day * 1440 + np.arange(0, 1380, 3) for day in range(24)])
    step = np.repeat(random.choice([3, 8, 30], size=24), len(minutes) // 24)  # quiet days and wild ones
    closes = 20_000 + np.cumsum(random.integers(-step, step + 1))
    opens = np.concatenate([[20_000], closes[:-1]])
    highs = np.maximum(opens, closes) + random.integers(0, step)
    lows = np.minimum(opens, closes) - random.integers(0, step)
    volumes = random.integers(1, 100, size=len(minutes))
    rows = zip(minutes, opens, highs, lows, closes, volumes, strict=True)
    series = series_of([Bar(*map(int, row)) for row in rows], zone="America/New_York")
    grid = CATALOGUE.grid.model_copy(update={"filters": (filter_name,), "confirm_bars": (1, 3), "orb_minutes": 15})
    study = Study(series, MGC, NEW_YORK, grid)
    found = engine_trades(study, whole_grid(grid, NEW_YORK.labels))
    assert found == reference_trades(series, NEW_YORK, grid)
    assert found
