"""The deflated Sharpe ratio against its paper's example, a scalar reading of the formulas, and simulation."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orb_pipeline.research.evidence.deflated_sharpe import (
    deflated_sharpe,
    effective_trials,
    expected_max_sharpe,
    probabilistic_sharpe,
)
from orb_pipeline.research.evidence.moments import moments
from orb_pipeline_tests.research.evidence.matrices import random_market

DAYS_A_YEAR = 250


def paper_example(trials: int, skewness: float = -3, kurtosis: float = 10) -> float:
    """An annualised ratio of 2.5 over five years of days, the trials' variance 1/2 annualised (2014 paper, example)."""
    maximum = expected_max_sharpe(0.5 / DAYS_A_YEAR, trials)
    return float(probabilistic_sharpe(2.5 / math.sqrt(DAYS_A_YEAR), maximum, 1250, skewness, kurtosis))


def test_the_papers_example_of_100_trials_has_the_papers_expected_maximum_and_deflated_ratio() -> None:
    assert expected_max_sharpe(0.5 / DAYS_A_YEAR, 100) == pytest.approx(0.1132, abs=5e-5)
    assert paper_example(100) == pytest.approx(0.9004, abs=5e-5)


def test_the_papers_example_reaches_95_percent_at_46_trials_and_at_88_if_returns_were_normal() -> None:
    assert paper_example(46) == pytest.approx(0.9505, abs=5e-5)
    assert paper_example(88, skewness=0, kurtosis=3) == pytest.approx(0.9505, abs=5e-5)


@given(st.floats(-1, 1), st.floats(-0.5, 0.5), st.integers(2, 3000), st.floats(-3, 3), st.floats(0, 20))
def test_the_probabilistic_ratio_is_the_formula_for_one_strategy(
    sharpe: float, benchmark: float, count: int, skewness: float, beyond: float
) -> None:
    kurtosis = 1 + skewness**2 + beyond  # no distribution has less
    found = probabilistic_sharpe(np.array([sharpe]), benchmark, np.array([count]), skewness, kurtosis)[0]
    variance = 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2
    if variance <= 0:
        assert math.isnan(found)
        return
    deviations = (sharpe - benchmark) * math.sqrt(count - 1) / math.sqrt(variance)
    assert found == pytest.approx(NormalDist().cdf(deviations), abs=1e-12)


@pytest.mark.parametrize("trials", [50, 300, 3000])
def test_the_expected_maximum_is_the_mean_best_of_as_many_normal_draws(trials: int) -> None:
    best = np.random.default_rng(3).normal(0, 0.2, size=(2000, trials)).max(axis=1)
    assert expected_max_sharpe(0.2**2, trials) == pytest.approx(best.mean(), rel=0.02)


@pytest.mark.parametrize(("variance", "trials"), [(0.1, 0.0), (0.1, 1.0), (0.1, 1.2), (0.0, 100.0)])
def test_one_trial_or_no_variance_among_them_expects_nothing(variance: float, trials: float) -> None:
    assert expected_max_sharpe(variance, trials) == 0


def test_each_strategy_is_deflated_by_its_own_moments_and_has_none_without_a_spread() -> None:
    market = random_market(2, families=3)
    results = moments(market.pnl_r, market.traded)
    found = deflated_sharpe(results, 0.1)
    for place in range(len(found)):
        alone = probabilistic_sharpe(
            results.sharpe[place], 0.1, results.count[place], results.skewness[place], results.kurtosis[place]
        )
        assert found[place] == pytest.approx(float(alone), nan_ok=True)
    nothing = moments(np.zeros((50, 1)), np.zeros((50, 1), dtype=bool))
    assert np.isnan(deflated_sharpe(nothing, 0.1)[0])


@pytest.mark.parametrize("days", [40, 400])
def test_effective_trials_are_the_participation_ratio_of_the_correlations_eigenvalues(days: int) -> None:
    daily_r = random_market(4, days=days).pnl_r
    known = np.nan_to_num(daily_r)
    known = known[:, known.std(axis=0) > 0]
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(known.T))
    assert effective_trials(daily_r) == pytest.approx(eigenvalues.sum() ** 2 / (eigenvalues**2).sum(), rel=1e-4)


def test_effective_trials_count_copies_once_and_those_that_never_vary_not_at_all() -> None:
    one = np.random.default_rng(5).normal(size=(500, 1))
    assert effective_trials(np.tile(one, 600)) == pytest.approx(1)
    assert effective_trials(np.hstack([one, np.full((500, 3), 0.7), np.full((500, 1), np.nan)])) == pytest.approx(1)
    assert effective_trials(np.zeros((500, 2))) == 0
    assert effective_trials(np.zeros((500, 0))) == 0


def test_independent_strategies_are_nearly_all_effective_where_days_are_many() -> None:
    assert effective_trials(np.random.default_rng(6).normal(size=(5000, 50))) == pytest.approx(50, rel=0.02)
