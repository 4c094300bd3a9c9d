"""Moments per trade against the formulas written out, and against scipy."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from orb_pipeline.errors import InputError
from orb_pipeline.research.evidence.moments import moments
from orb_pipeline_tests.research.evidence.matrices import Float64Array, random_market

RESULTS = st.sampled_from([-1.0, -1.0, -0.97, 0.0, 1.46, 2.4, 3.9, math.nan])
MATRICES = arrays.arrays(np.float64, st.tuples(st.integers(0, 30), st.integers(0, 5)), elements=RESULTS)


@given(MATRICES)
def test_every_moment_is_the_formula_written_out_over_the_trades(pnl_r: Float64Array) -> None:
    traded = ~np.isnan(pnl_r) & (pnl_r != 0)
    found = moments(pnl_r, traded)
    for place in range(pnl_r.shape[1]):
        trades = pnl_r[traded[:, place], place].tolist()
        has_spread = len(set(trades)) > 1
        assert found.count[place] == len(trades)
        assert found.mean[place] == pytest.approx(statistics.fmean(trades) if trades else math.nan, nan_ok=True)
        std = statistics.stdev(trades) if len(trades) > 1 else math.nan
        assert found.std[place] == pytest.approx(std, abs=1e-12, nan_ok=True)
        sharpe = statistics.fmean(trades) / std if has_spread else math.nan
        assert found.sharpe[place] == pytest.approx(sharpe, nan_ok=True)
        second, third, fourth = (power_mean(trades, power) if has_spread else math.nan for power in (2, 3, 4))
        assert found.skewness[place] == pytest.approx(third / second**1.5, abs=1e-9, nan_ok=True)
        assert found.kurtosis[place] == pytest.approx(fourth / second**2, nan_ok=True)


def power_mean(values: list[float], power: int) -> float:
    mean = statistics.fmean(values)
    return statistics.fmean((value - mean) ** power for value in values)


def test_skewness_and_kurtosis_are_those_of_scipy_for_more_strategies_than_are_taken_at_a_time() -> None:
    from scipy import stats

    market = random_market(1, days=60, families=60)
    found = moments(market.pnl_r, market.traded)
    enough = found.count > 5
    trades = np.where(market.traded, market.pnl_r, np.nan)[:, enough]
    assert enough.sum() > 300
    kurtosis = stats.kurtosis(trades, fisher=False, nan_policy="omit")
    assert np.allclose(found.skewness[enough], stats.skew(trades, nan_policy="omit"))
    assert np.allclose(found.kurtosis[enough], kurtosis)


def test_equal_results_have_no_spread_and_no_sharpe_ratio() -> None:
    results = np.full((7, 1), -0.1)
    found = moments(results, np.ones((7, 1), dtype=bool))
    assert found.std[0] == 0
    assert np.isnan([found.sharpe[0], found.skewness[0], found.kurtosis[0]]).all()


def test_matrices_of_different_shapes_are_refused() -> None:
    with pytest.raises(InputError, match=r"shape \(3, 2\) and traded \(3, 1\)"):
        moments(np.zeros((3, 2)), np.zeros((3, 1), dtype=bool))
