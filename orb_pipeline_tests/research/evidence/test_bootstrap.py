"""P-values by block bootstrap against a slow loop, and by what they must be: uniform of luck, small of an edge."""

from __future__ import annotations

import math

import numpy as np
import pytest

from orb_pipeline.research.evidence.bootstrap import draw_counts, false_discovery_q, p_values
from orb_pipeline_tests.research.evidence.matrices import Float64Array, random_market


def slow_p_value(daily_r: Float64Array, block_days: int, resamples: int, seed: int) -> float:
    """One strategy: draw blocks, take the t of their sums about the mean, count."""
    blocks = round(len(daily_r) / block_days)
    sums = np.array(
        [daily_r[len(daily_r) * k // blocks : len(daily_r) * (k + 1) // blocks].sum() for k in range(blocks)]
    )
    centred, seen = sums - sums.mean(), t_statistic(sums)
    drawn = [t_statistic(np.repeat(centred, counts)) for counts in draw_counts(blocks, resamples, seed)]
    return (1 + sum(1 for t in drawn if math.isnan(t) or t >= seen)) / (resamples + 1)


def t_statistic(sums: Float64Array) -> float:
    spread = float(sums.std(ddof=1))
    return float(sums.mean()) / (spread / math.sqrt(len(sums))) if spread > 1e-12 else math.nan


@pytest.mark.parametrize(("days", "block_days"), [(120, 10), (255, 10), (90, 1)])
def test_each_p_value_is_that_of_a_slow_loop(days: int, block_days: int) -> None:
    market = random_market(1, days=days, families=2, edge_r=0.2, with_edge=1)
    found = p_values(market.pnl_r, market.traded, seed=5, block_days=block_days, resamples=400)
    for place in np.flatnonzero(market.traded.sum(axis=0) > 20):
        expected = slow_p_value(np.nan_to_num(market.pnl_r[:, place]), block_days, 400, seed=5)
        assert found[place] == pytest.approx(expected, abs=1.5 / 401)  # single precision may tip one resample


def test_p_values_are_uniform_where_there_is_no_edge() -> None:
    """Independent strategies whose days hang together, so that a bootstrap of single days would be wrong."""
    rng = np.random.default_rng(2)
    noise = rng.standard_t(6, size=(800, 3000))
    pnl_r = noise + 0.8 * np.vstack([np.zeros(3000), noise[:-1]])
    traded = np.ones(pnl_r.shape, dtype=bool)
    p = p_values(pnl_r, traded, seed=3, resamples=999)
    for level in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95):
        assert (p <= level).mean() == pytest.approx(level, abs=4 * math.sqrt(level * (1 - level) / 3000) + 0.005)
    single_days = p_values(pnl_r, traded, seed=3, block_days=1, resamples=999)
    assert (single_days <= 0.05).mean() > 0.09


def test_one_sided_trades_of_one_r_against_many_are_judged_at_their_level() -> None:
    """The skewed payoffs of a target of 4 R, on three years, half of the days without a trade."""
    rng = np.random.default_rng(4)
    traded = rng.random((756, 3000)) < 0.5
    pnl_r = np.where(traded, np.where(rng.random((756, 3000)) < 0.2, 4.0, -1.0), 0.0)
    p = p_values(pnl_r, traded, seed=3, resamples=999)
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.02)


def test_an_edge_has_a_small_p_value_and_a_loss_one_near_1() -> None:
    market = random_market(5, edge_r=0.5, with_edge=12)
    busy = market.traded.sum(axis=0) > 200
    assert np.median(p_values(market.pnl_r, market.traded, seed=1, resamples=999)[busy]) < 0.01
    assert np.median(p_values(-market.pnl_r, market.traded, seed=1, resamples=999)[busy]) > 0.99


def test_strategies_without_a_trade_are_no_tests() -> None:
    market = random_market(6, families=2)
    idle = np.hstack([market.pnl_r, np.zeros((len(market.pnl_r), 3))])
    traded = np.hstack([market.traded, np.zeros((len(market.pnl_r), 3), dtype=bool)])
    p = p_values(idle, traded, seed=1, resamples=199)
    assert np.isnan(p[-3:]).all()
    assert np.array_equal(p[:-3], p_values(market.pnl_r, market.traded, seed=1, resamples=199))
    q = false_discovery_q(p)
    assert np.isnan(q[-3:]).all()
    assert np.array_equal(q[:-3], false_discovery_q(p[:-3]))


def test_the_same_seed_gives_the_same_values_and_another_one_others() -> None:
    market = random_market(7, families=3)
    first, again, other = (p_values(market.pnl_r, market.traded, seed, resamples=499) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.allclose(first, other, atol=0.1)


@pytest.mark.parametrize("shape", [(0, 3), (10, 3), (100, 0)])
def test_too_few_days_for_two_blocks_or_no_strategy_have_no_p_value(shape: tuple[int, int]) -> None:
    found = p_values(np.ones(shape), np.ones(shape, dtype=bool), seed=1, resamples=99)
    assert found.shape == shape[1:]
    assert np.isnan(found).all()


def test_q_is_the_rate_of_benjamini_and_hochberg() -> None:
    p = np.array([0.04, 0.01, np.nan, 0.03, 0.5])
    assert np.allclose(false_discovery_q(p), [0.04 * 4 / 3, 0.04, np.nan, 0.04 * 4 / 3, 0.5], equal_nan=True)
    assert np.isnan(false_discovery_q(np.array([np.nan]))).all()
