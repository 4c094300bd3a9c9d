"""What a drift is worth: observed, backtest, n, and the chance of it; held against slow references."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orb_pipeline.monitoring.chance import STEP_R, chance_of_mean, chance_of_wins
from orb_pipeline_tests.monitoring.alerts.situations import STRATEGY, asked, quiet, rule, trades, winning


def test_a_win_rate_drift_states_its_weight() -> None:
    (alert,) = asked("win_rate_drift", quiet(trades=trades(winning(18, 32))))
    assert (alert.value, alert.expected, alert.threshold, alert.sample_size) == (0.36, 0.5, 0.4, 50)
    assert alert.chance == pytest.approx(sum(math.comb(50, wins) for wins in range(19)) / 2**50)
    assert "18 of the latest 50 trades won (36.0%); backtest 50.0%, alert below 40.0%" in alert.message
    assert "The chance of this or worse in 50 trades, if nothing has changed, is 3.2%." in alert.message


def test_an_expr_drift_states_its_weight() -> None:
    (alert,) = asked("expr_drift", quiet(trades=trades(winning(20, 30))))
    assert (alert.value, alert.expected, alert.threshold, alert.sample_size) == (pytest.approx(0.2), 0.5, 0.25, 50)
    assert alert.chance == pytest.approx(chance_of_wins(20, 50, 0.5), abs=1e-6)
    assert alert.strategy_id == STRATEGY
    assert "the latest 50 trades made +0.200 R on average; backtest +0.500 R, alert below +0.250 R" in alert.message


def test_with_too_few_trades_in_the_replay_the_chance_is_not_known_and_said_so() -> None:
    (alert,) = asked("expr_drift", quiet(trades=trades([-1.0] * 40), backtest={("25k", STRATEGY): np.ones(29)}))
    assert alert.chance is None
    assert "if nothing has changed, is not known" in alert.message


@pytest.mark.parametrize(("most", "told"), [(0.05, 1), (0.03, 0)])
def test_an_alert_may_be_asked_to_be_unlikely(most: float, told: int) -> None:
    """18 of 50 have a chance of 3.2 %."""
    facts = quiet(trades=trades(winning(18, 32)), rules=rule("win_rate_drift", max_chance=most))
    assert len(asked("win_rate_drift", facts)) == told


def slow_chance(results: Sequence[float], trades: int, observed: float) -> float:
    """Every combination, counted."""
    sums = {0.0: 1.0}
    for _ in range(trades):
        grown: dict[float, float] = {}
        for total, weight in sums.items():
            for result in results:
                key = round(total + result, 6)
                grown[key] = grown.get(key, 0.0) + weight / len(results)
        sums = grown
    return sum(weight for total, weight in sums.items() if total <= observed * trades + 1e-6)


@given(
    st.lists(st.integers(-200, 400), min_size=1, max_size=4),
    st.integers(1, 5),
    st.integers(-300, 500),
)
def test_the_chance_of_a_mean_is_that_of_counting_every_combination(
    hundredths: list[int], trades: int, observed: int
) -> None:
    results = np.array(hundredths) * STEP_R
    mean = observed * STEP_R / trades
    fast = chance_of_mean(results, float(results.mean()), trades, mean)
    assert fast == pytest.approx(slow_chance(results.tolist(), trades, mean), abs=1e-9)


def test_the_chance_is_what_a_bootstrap_estimates() -> None:
    random = np.random.default_rng(11)
    results = np.concatenate([np.full(180, -1.0), random.uniform(-0.9, 1.9, 60), np.full(110, 1.943)])
    means = random.choice(results, (200_000, 50)).mean(axis=1)
    for observed in (-0.3, 0.0, 0.1, 0.3):
        estimate = float((means <= observed).mean())
        exact = chance_of_mean(results, float(results.mean()), 50, observed)
        assert exact == pytest.approx(estimate, abs=0.006)


def test_the_distribution_is_moved_to_the_backtests_expectancy() -> None:
    results = np.array([-1.0, 2.0])
    assert chance_of_mean(results, 0.6, 1, 2.05) == pytest.approx(0.5)
    assert chance_of_mean(results, 0.6, 1, 2.1) == pytest.approx(1.0)
    assert chance_of_mean(results, 0.6, 1, -5.0) == 0.0
