"""The probability of backtest overfitting against a slow reading of CSCV, and by what is known of it."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.errors import InputError
from orb_pipeline.research.evidence.arrays import NoEvidence
from orb_pipeline.research.evidence.overfitting import LOGIT_EDGES, Overfitting, overfitting
from orb_pipeline_tests.research.evidence.matrices import Float64Array, random_market


def sharpe(daily_r: Float64Array) -> Float64Array:
    return np.array([column.mean() / column.std(ddof=1) if column.any() else 0.0 for column in daily_r.T])


def slow_overfitting(daily_r: Float64Array, blocks: int) -> tuple[list[float], list[float], list[float]]:
    """Logit, performance on the chosen half and on the other, split by split, in any order."""
    parts = [daily_r[len(daily_r) * k // blocks : len(daily_r) * (k + 1) // blocks] for k in range(blocks)]
    logits, inside, outside = [], [], []
    for half in combinations(range(blocks), blocks // 2):
        ours = sharpe(np.concatenate([parts[k] for k in half]))
        theirs = sharpe(np.concatenate([parts[k] for k in range(blocks) if k not in half]))
        best = int(np.argmax(ours))
        below = sum(1 for value in theirs if value < theirs[best])
        same = sum(1 for value in theirs if value == theirs[best])
        relative = (below + (same + 1) / 2) / (len(theirs) + 1)
        logits.append(math.log(relative / (1 - relative)))
        inside.append(ours[best])
        outside.append(theirs[best])
    return logits, inside, outside


def found_in(market_or_matrix: Float64Array, blocks: int) -> Overfitting:
    traded = ~np.isnan(market_or_matrix) & (market_or_matrix != 0)
    found = overfitting(market_or_matrix, traded, min_trades=0, blocks=blocks)
    assert isinstance(found, Overfitting)
    return found


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(24, 61), st.integers(2, 9), st.sampled_from([2, 4, 6, 8]))
def test_every_figure_is_that_of_the_slow_reading(seed: int, days: int, strategies: int, blocks: int) -> None:
    rng = np.random.default_rng(seed)
    daily_r = np.where(rng.random((days, strategies)) < 0.8, rng.normal(0.1, 1, (days, strategies)), 0.0)
    found = found_in(daily_r, blocks)
    logits, inside, outside = slow_overfitting(daily_r, blocks)
    assert found.splits == len(logits) == math.comb(blocks, blocks // 2)
    assert found.strategies == strategies
    assert found.pbo == pytest.approx(np.mean(np.array(logits) <= 0))
    expected = np.histogram(-np.array(logits), bins=-LOGIT_EDGES[::-1])[0][::-1]
    assert list(found.logits) == expected.tolist()
    assert found.loss_probability == pytest.approx(np.mean(np.array(outside) < 0))
    assert found.slope == pytest.approx(np.polyfit(inside, outside, 1)[0], abs=1e-6)


def test_sixteen_blocks_make_12870_splits_and_the_histogram_holds_them_all() -> None:
    found = overfitting(*series(7, families=4), min_trades=30)
    assert isinstance(found, Overfitting)
    assert found.splits == sum(found.logits) == 12_870
    assert found.pbo == pytest.approx(sum(found.logits[: len(found.logits) // 2]) / found.splits)


def series(seed: int, **market: int) -> tuple[Float64Array, np.ndarray]:
    made = random_market(seed, **market)
    return made.pnl_r, made.traded


def test_choosing_among_strategies_without_an_edge_is_luck_on_average_over_markets() -> None:
    found = [overfitting(*series(seed, days=504, families=20), min_trades=30) for seed in range(24)]
    assert np.mean([each.pbo for each in found if isinstance(each, Overfitting)]) == pytest.approx(0.5, abs=0.1)


def test_an_edge_of_some_families_is_found_again_on_the_other_half() -> None:
    market = random_market(8, edge_r=0.4, with_edge=2)
    found = overfitting(market.pnl_r, market.traded, min_trades=30)
    assert isinstance(found, Overfitting)
    assert found.pbo < 0.02
    assert found.loss_probability < 0.02


def test_copies_share_an_average_rank_so_that_a_crowd_of_them_is_worth_no_more_than_its_middle() -> None:
    rng = np.random.default_rng(9)
    same = np.tile(rng.normal(size=(64, 1)), 5)
    found = found_in(same, 4)
    assert found.pbo == 1.0  # each comes third of five: the logit is 0
    assert sum(found.logits[: len(found.logits) // 2]) == found.splits


def test_strategies_with_too_few_trades_are_not_chosen_among() -> None:
    pnl_r, traded = series(10)
    enough = traded.sum(axis=0) >= 30
    assert 0 < enough.sum() < len(enough)
    assert overfitting(pnl_r, traded, 30, blocks=8) == overfitting(pnl_r[:, enough], traded[:, enough], 30, blocks=8)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ((31, 5), "31 days; 16 blocks of two or more need 32"),
        ((0, 5), "0 days"),
        ((40, 1), "1 strategies with 3 trades or more; a choice needs 2"),
        ((40, 0), "0 strategies"),
    ],
)
def test_too_few_days_or_strategies_give_a_reason_in_place_of_a_figure(shape: tuple[int, int], reason: str) -> None:
    found = overfitting(np.ones(shape), np.ones(shape, dtype=bool), min_trades=3)
    assert isinstance(found, NoEvidence)
    assert not found
    assert found.reason.startswith(reason)


@pytest.mark.parametrize("blocks", [0, 1, 7])
def test_an_odd_number_of_blocks_is_refused(blocks: int) -> None:
    with pytest.raises(InputError, match=f"{blocks} blocks; expected an even number"):
        overfitting(np.ones((40, 2)), np.ones((40, 2), dtype=bool), 3, blocks)
