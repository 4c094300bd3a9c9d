"""Hansen's test of a chosen set: by what it must say of luck, of an edge, and of an edge among losers."""

from __future__ import annotations

import numpy as np
import pytest

from orb_pipeline.research.evidence.arrays import NoEvidence
from orb_pipeline.research.evidence.superior import Superior, superior
from orb_pipeline_tests.research.evidence.matrices import Float64Array


def superior_of(pnl_r: Float64Array, seed: int = 1, resamples: int = 500) -> Superior:
    found = superior(pnl_r, seed, resamples=resamples)
    assert isinstance(found, Superior)
    return found


def test_p_values_are_in_order_and_the_best_of_many_at_nothing_is_no_surprise() -> None:
    rng = np.random.default_rng(1)
    found = [superior_of(rng.normal(size=(500, 40)), seed) for seed in range(20)]
    assert all(each.lower <= each.consistent <= each.upper for each in found)
    assert np.mean([each.upper for each in found]) == pytest.approx(0.5, abs=0.2)
    assert sum(each.consistent < 0.05 for each in found) <= 4


def test_an_edge_is_seen_among_losers_by_the_consistent_value_better_than_by_the_upper_one() -> None:
    rng = np.random.default_rng(2)
    means = np.array([0.14, *[-0.4] * 60])
    found = superior_of(rng.normal(size=(500, 61)) + means)
    assert found.consistent < 0.05
    assert found.consistent < found.upper
    assert found.series == 61


def test_a_wild_series_does_not_hide_a_quiet_good_one() -> None:
    rng = np.random.default_rng(3)
    quiet, wild = rng.normal(0.02, 0.1, size=(500, 1)), rng.normal(0, 10, size=(500, 1))
    assert superior_of(np.hstack([quiet, wild])).consistent < 0.01


def test_the_same_seed_gives_the_same_values() -> None:
    pnl_r = np.random.default_rng(4).normal(0.05, 1, size=(400, 5))
    assert superior_of(pnl_r, 7) == superior_of(pnl_r, 7)


def test_days_on_which_a_series_is_not_eligible_count_as_nothing() -> None:
    pnl_r = np.random.default_rng(5).normal(0.05, 1, size=(400, 5))
    pnl_r[::3, 2] = np.nan
    assert superior_of(pnl_r) == superior_of(np.nan_to_num(pnl_r))


@pytest.mark.parametrize("days", [30, 65, 150])
def test_thirty_days_are_enough(days: int) -> None:
    found = superior_of(np.random.default_rng(6).normal(1, 1, size=(days, 3)))
    assert found.upper < 0.05


@pytest.mark.parametrize(
    ("shape", "reason"), [((29, 3), "29 days; the test needs 30"), ((400, 0), "no series"), ((400, 2), "no series")]
)
def test_too_few_days_or_nothing_to_test_give_a_reason_in_place_of_a_figure(
    shape: tuple[int, int], reason: str
) -> None:
    found = superior(np.zeros(shape), seed=1)
    assert isinstance(found, NoEvidence)
    assert found.reason.startswith(reason)
