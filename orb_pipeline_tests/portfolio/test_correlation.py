"""Correlation of daily R by matrix products, against pandas and against the formula written out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from orb_pipeline.portfolio.correlation import Correlations, correlation_matrix
from orb_pipeline_tests.portfolio.examples import daily_with

MIN_DAYS = 4
RESULTS = st.sampled_from([-1.0, -1.0, 0.0, 0.1, 0.1, 0.7, 1.9, 2.5, math.nan, math.nan])
SHAPES = st.tuples(st.integers(0, 14), st.integers(1, 7))


@st.composite
def daily_frames(draw: st.DrawFn) -> pd.DataFrame:
    values: npt.NDArray[Any] = draw(arrays.arrays(np.float64, SHAPES, elements=RESULTS))
    return pd.DataFrame(values, columns=[f"s{place}" for place in range(values.shape[1])])


def slow_correlation(one: list[float], other: list[float], min_days: int) -> float:
    """Pearson over the days on which both are known."""
    pairs = [(x, y) for x, y in zip(one, other, strict=True) if not (math.isnan(x) or math.isnan(y))]
    if len(pairs) < min_days or len({x for x, _ in pairs}) < 2 or len({y for _, y in pairs}) < 2:
        return math.nan
    mean_x = math.fsum(x for x, _ in pairs) / len(pairs)
    mean_y = math.fsum(y for _, y in pairs) / len(pairs)
    covariance = math.fsum((x - mean_x) * (y - mean_y) for x, y in pairs)
    squares_x = math.fsum((x - mean_x) ** 2 for x, _ in pairs)
    squares_y = math.fsum((y - mean_y) ** 2 for _, y in pairs)
    return covariance / math.sqrt(squares_x * squares_y)


@given(daily_frames())
def test_each_value_is_the_formula_written_out(daily_r: pd.DataFrame) -> None:
    found = correlation_matrix(daily_r, MIN_DAYS)
    for one in daily_r:
        for other in daily_r:
            expected = 1.0 if one == other else slow_correlation(list(daily_r[one]), list(daily_r[other]), MIN_DAYS)
            assert found.loc[one, other] == pytest.approx(expected, abs=1e-11, nan_ok=True)


@given(daily_frames())
def test_it_is_exactly_symmetric_with_ones_on_the_diagonal_and_inside_its_range(daily_r: pd.DataFrame) -> None:
    found = correlation_matrix(daily_r, MIN_DAYS).to_numpy()
    assert np.array_equal(found, found.T, equal_nan=True)
    assert (np.diag(found) == 1.0).all()
    assert (np.abs(found[~np.isnan(found)]) <= 1.0).all()


@given(daily_frames(), st.randoms(use_true_random=False))
def test_the_order_of_the_strategies_does_not_matter(daily_r: pd.DataFrame, random: Any) -> None:
    names = list(daily_r.columns)
    shuffled = random.sample(names, len(names))
    found = correlation_matrix(daily_r[shuffled], MIN_DAYS).loc[names, names]
    pd.testing.assert_frame_equal(found, correlation_matrix(daily_r, MIN_DAYS), rtol=0, atol=2e-12)


@given(daily_frames())
def test_some_columns_alone_are_those_of_the_whole_matrix(daily_r: pd.DataFrame) -> None:
    whole = correlation_matrix(daily_r, MIN_DAYS).to_numpy()
    places = range(0, daily_r.shape[1], 2)
    some = Correlations.of(daily_r, MIN_DAYS).with_columns(list(places))
    apart = ~np.eye(daily_r.shape[1], dtype=bool)[:, places]
    assert np.allclose(some[apart], whole[:, places][apart], rtol=0, atol=2e-12, equal_nan=True)


def test_hundreds_of_strategies_over_years_are_what_pandas_makes_of_them() -> None:
    random = np.random.default_rng(1)
    common = random.normal(size=(2_500, 1))
    values = 0.5 * common + random.normal(0.1, 1.3, size=(2_500, 120))
    values[random.random(values.shape) < random.random(120)] = np.nan
    daily_r = pd.DataFrame(values)
    expected = daily_r.corr(min_periods=200)
    found = correlation_matrix(daily_r, 200)
    apart = ~np.eye(120, dtype=bool)
    assert found.isna().to_numpy()[apart].any()
    assert np.allclose(found.to_numpy()[apart], expected.to_numpy()[apart], rtol=0, atol=1e-10, equal_nan=True)


@pytest.mark.parametrize(("days", "is_known"), [(199, False), (200, True)])
def test_one_day_too_few_in_common_is_unknown_and_not_zero(days: int, is_known: bool) -> None:
    random = np.random.default_rng(2)
    daily_r = pd.DataFrame({"a": random.normal(size=400), "b": random.normal(size=400)})
    daily_r.loc[days:, "b"] = np.nan
    assert np.isnan(correlation_matrix(daily_r, 200).loc["a", "b"]) == (not is_known)


@pytest.mark.parametrize("value", [0.0, 0.1, -1.0])
def test_a_strategy_that_does_not_vary_on_the_common_days_is_unknown(value: float) -> None:
    random = np.random.default_rng(3)
    daily_r = pd.DataFrame({"a": random.normal(size=300), "b": np.full(300, value), "c": np.full(300, value)})
    daily_r.loc[:40, "a"] = np.nan
    daily_r.loc[:40, "c"] = 5.0  # varies, but not where `a` is known
    found = correlation_matrix(daily_r, 200)
    assert found.loc["a", ["b", "c"]].isna().all()
    assert found.loc["b", "b"] == 1.0


@pytest.mark.parametrize("value", [0.5, 0.85, -0.3, 0.123456789])
def test_a_correlation_is_found_to_twelve_decimals(value: float) -> None:
    daily = daily_with(["a", "b", "c"], {("a", "b"): value})
    assert correlation_matrix(daily.pnl_r, 200).loc["a", "b"] == value


def test_equal_and_opposite_series_correlate_exactly_1_and_minus_1() -> None:
    results = np.random.default_rng(4).normal(0.1, 1.2, size=300)
    found = correlation_matrix(pd.DataFrame({"a": results, "b": 3 * results + 1, "c": -results}), 200)
    assert found["a"].tolist() == [1.0, 1.0, -1.0]


def test_no_strategies_make_an_empty_matrix() -> None:
    nothing = pd.DataFrame(index=range(300))
    assert correlation_matrix(nothing, 200).shape == (0, 0)
