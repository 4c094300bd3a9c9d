"""Intervals of what few trades say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from orb_pipeline.monitoring.dashboard.intervals import FEWEST_TRADES, Interval, student, wilson


@given(st.integers(1, 2000), st.data())
def test_wilsons_interval_is_scipys(trades: int, data: st.DataObject) -> None:
    wins = data.draw(st.integers(0, trades))
    theirs = stats.binomtest(wins, trades).proportion_ci(method="wilson")
    ours = wilson(wins, trades)
    assert ours is not None
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_no_trade_has_no_interval() -> None:
    assert wilson(0, 0) is None


@given(st.integers(0, 2**32 - 1), st.integers(FEWEST_TRADES, 300))
def test_students_interval_is_scipys(seed: int, trades: int) -> None:
    results = np.random.default_rng(seed).normal(0.2, 1.4, trades)
    theirs = stats.ttest_1samp(results, 0.0).confidence_interval(0.95)
    ours = student(float(results.mean()), float(results.std(ddof=1)), trades)
    assert ours is not None
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))


def test_few_trades_and_trades_that_are_all_alike_have_none() -> None:
    assert student(-0.2, 1.0, FEWEST_TRADES - 1) is None
    assert student(-1.0, 0.0, 50) is None
    assert student(-1.0, float("nan"), 50) is None


def test_a_value_lies_below_inside_or_above() -> None:
    interval = Interval(-0.1, 0.4)
    assert [interval.place(value) for value in (-0.2, -0.1, 0.4, 0.5)] == ["below", "inside", "inside", "above"]
