"""The compiled kernel and the slow reading of the rules agree on every trade of every random day."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.catalogue import Grid
from orb_pipeline.research import kernel
from orb_pipeline.research.encoding import NO_TRADE, OUTCOMES
from orb_pipeline.research.grid import find_session_breaks, run_grid
from orb_pipeline.research.reference import reference_session
from orb_pipeline.research.series import BarSeries, Windows
from orb_pipeline.rules.bars import Bar
from orb_pipeline.rules.entries import TRADE_THROUGH_TICKS
from orb_pipeline.rules.filters import relative_volume
from orb_pipeline_tests.properties.random_market import grids, random_bars
from orb_pipeline_tests.series import BRISBANE, CATALOGUE, DAY_OPEN, MGC, series_of


def assert_same(series: BarSeries, grid: Grid, through_ticks: int = 0) -> int:
    """Compare every session and trade of the series; returns how many trades filled."""
    windows = Windows.of(series, BRISBANE, grid)
    found = find_session_breaks(series, windows)
    trades = [session.ravel() for session in run_grid(series, found, MGC, grid, through_ticks)]
    position = {int(session): place for place, session in enumerate(found.broken)}
    filled = 0
    for session in range(len(windows.starts)):
        day, start, deadline = (int(of[session]) for of in (windows.days, windows.starts, windows.deadlines))
        expected = reference_session(series, day, start, deadline, MGC, grid, through_ticks)
        assert found.has_range[session] == (expected.opening_range is not None)
        if expected.opening_range is not None:
            high_low = (found.orb_high[session], found.orb_low[session])
            assert high_low == (expected.opening_range.high, expected.opening_range.low)
        if expected.broken is None:
            assert session not in position
            continue
        assert found.directions[session] == (1 if expected.broken.direction == "long" else -1)
        relative = found.relative_volumes[session]
        assert (None if np.isnan(relative) else relative) == expected.relative_volume
        for row, trade in zip(trades[position[session]], expected.trades, strict=True):
            filled += trade is not None
            assert as_tuple(series, row) == (None if trade is None else tuple(vars(trade).values()))
    return filled


def as_tuple(series: BarSeries, row: np.void) -> tuple[object, ...] | None:
    if row["outcome"] == NO_TRADE:
        assert row["entry_bar"] == row["exit_bar"] == -1
        return None
    return (
        series.minutes[row["entry_bar"]],
        row["entry"],
        row["stop"],
        row["target"],
        OUTCOMES[row["outcome"] - 1],
        series.minutes[row["exit_bar"]],
        row["exit"],
        row["pnl_r"],
        row["mae_r"],
        row["mfe_r"],
    )


@settings(max_examples=150, deadline=None)
@given(bars=random_bars(), grid=grids(), through_ticks=st.integers(0, 2))
def test_every_trade_of_random_days_is_the_same_to_the_last_bit(
    bars: list[Bar], grid: Grid, through_ticks: int
) -> None:
    """By the rule, and where the limit of E3 fills only when price trades through it."""
    if bars:
        assert_same(series_of(bars), grid, through_ticks)


@pytest.mark.parametrize("through_ticks", [0, TRADE_THROUGH_TICKS])
@pytest.mark.parametrize("step", [1, 2, 4, 8])
def test_long_days_on_a_fine_and_a_coarse_grid_agree_and_fill_many_trades(step: int, through_ticks: int) -> None:
    random = np.random.default_rng(step)
    closes = 1000 + np.cumsum(random.integers(-step, step + 1, size=1380 * 2))
    opens = np.concatenate([[1000], closes[:-1]]) + random.integers(-1, 2, size=len(closes))
    highs = np.maximum(opens, closes) + random.integers(0, step + 1, size=len(closes))
    lows = np.minimum(opens, closes) - random.integers(0, step + 1, size=len(closes))
    minutes = DAY_OPEN + np.concatenate([np.arange(1380), 1440 + np.arange(1380)])
    rows = zip(minutes, opens, highs, lows, closes, strict=True)
    assert assert_same(series_of([Bar(*map(int, row), volume=1) for row in rows]), CATALOGUE.grid, through_ticks) > 200


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), max_size=150),
    data=st.data(),
)
def test_relative_volume_of_every_bar_equals_the_rules(rows: list[tuple[int, int]], data: st.DataObject) -> None:
    """Bars of few minutes of the day, so that counts run from none over ten to more than twenty."""
    local_minutes = np.array([minute for minute, _ in rows], dtype=np.int64)
    volume = np.array([volume for _, volume in rows], dtype=np.int64)
    breaks = sorted(data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=40))) if rows else []
    found = kernel.relative_volumes(local_minutes, volume, np.array(breaks, dtype=np.int64))
    for index, relative in zip(breaks, found, strict=True):
        earlier = volume[:index][local_minutes[:index] == local_minutes[index]].tolist()
        assert (None if np.isnan(relative) else relative) == relative_volume(int(volume[index]), earlier)
