"""All evidence together, on random matrices: what it says without an edge and with one, and that its parts belong."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from orb_pipeline.errors import InputError
from orb_pipeline.research.evidence import Evidence, EvidenceSettings, NoEvidence, Overfitting, Superior, gather
from orb_pipeline_tests.research.evidence.matrices import Market, random_market, validation

SETTINGS = EvidenceSettings(validation(), resamples=999, superior_resamples=300, overfitting_blocks=12, luck_draws=60)


def evidence_of(market: Market, settings: EvidenceSettings = SETTINGS) -> Evidence:
    return gather(market.pnl_r, market.traded, market.stressed_expectancy_r, market.years, market.passed, settings)


@cache
def without_an_edge() -> tuple[Evidence, ...]:
    return tuple(evidence_of(random_market(seed, families=25)) for seed in range(8))


@cache
def with_an_edge() -> Evidence:
    return evidence_of(random_market(20, families=25, edge_r=0.4, with_edge=4))


def test_without_an_edge_nothing_speaks_for_any_strategy() -> None:
    for evidence in without_an_edge():
        assert (evidence.fdr_q < 0.1).sum() <= 2
        assert evidence.luck_at_break_even.at_least_as_many > 0.02
    assert sum((evidence.deflated_sharpe > 0.95).sum() for evidence in without_an_edge()) <= 4  # of 2,000
    medians = [float(np.nanmedian(evidence.p_value)) for evidence in without_an_edge()]
    assert np.mean(medians) == pytest.approx(0.5, abs=0.1)


def test_without_an_edge_choosing_the_best_is_luck() -> None:
    found = [each.overfitting.pbo for each in without_an_edge() if isinstance(each.overfitting, Overfitting)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.15)


def test_with_an_edge_everything_speaks_for_those_that_have_it() -> None:
    evidence = with_an_edge()
    has_edge = np.arange(250) < 40
    assert isinstance(evidence.overfitting, Overfitting)
    assert evidence.overfitting.pbo < 0.02
    assert (evidence.fdr_q[has_edge] < 0.1).sum() > 10
    assert (evidence.fdr_q[~has_edge] < 0.1).sum() <= 0.2 * (evidence.fdr_q < 0.1).sum()
    assert np.nanmedian(evidence.deflated_sharpe[has_edge]) > np.nanmedian(evidence.deflated_sharpe[~has_edge])
    assert evidence.luck.passed > evidence.luck.high
    assert isinstance(evidence.superior, Superior)
    assert evidence.superior.consistent < 0.02


def test_correlated_strategies_amount_to_fewer_trials() -> None:
    evidence = with_an_edge()
    assert 150 < evidence.trials < 250
    assert 25 < evidence.effective_trials < 0.7 * evidence.trials
    assert evidence.expected_max_sharpe > 2 * np.sqrt(evidence.sharpe_variance)


def test_arrays_follow_the_order_of_the_strategies() -> None:
    market, order = random_market(3, families=6), np.random.default_rng(1).permutation(60)
    moved = replace(market, pnl_r=market.pnl_r[:, order], traded=market.traded[:, order])
    evidence, reordered = evidence_of(market), evidence_of(moved)
    assert np.allclose(evidence.p_value[order], reordered.p_value, atol=2 / 1000)
    assert np.allclose(evidence.deflated_sharpe[order], reordered.deflated_sharpe, rtol=1e-4, equal_nan=True)
    assert evidence.luck == reordered.luck


def test_the_layout_of_the_matrices_makes_no_difference() -> None:
    market = random_market(3, families=6)
    other = replace(market, pnl_r=np.asfortranarray(market.pnl_r), traded=np.asfortranarray(market.traded))
    assert_same(evidence_of(market), evidence_of(other))


def assert_same(one: Evidence, other: Evidence) -> None:
    for field in fields(Evidence):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, np.ndarray):
            assert np.allclose(mine, theirs, rtol=1e-12, equal_nan=True), field.name
        elif isinstance(mine, float):
            assert mine == pytest.approx(theirs), field.name
        else:
            assert mine == theirs, field.name


def test_the_same_seed_gives_the_same_evidence_and_another_one_other_draws() -> None:
    market = random_market(4, families=6)
    assert_same(evidence_of(market), evidence_of(market))
    other = evidence_of(market, replace(SETTINGS, seed=1))
    assert not np.array_equal(other.p_value, evidence_of(market).p_value)


def test_a_handful_of_days_and_no_trade_at_all_give_reasons_not_failures() -> None:
    for days in (0, 5, 40):
        nothing = Market(np.zeros((days, 3)), np.zeros((days, 3), dtype=bool), np.full(days, 2020))
        evidence = evidence_of(nothing)
        assert evidence.trials == evidence.effective_trials == evidence.luck.mean == 0
        assert np.isnan([evidence.p_value, evidence.fdr_q, evidence.deflated_sharpe]).all()
        assert isinstance(evidence.overfitting, NoEvidence)
        assert isinstance(evidence.superior, NoEvidence)


def test_no_strategies_give_reasons_not_failures() -> None:
    nothing = Market(np.zeros((300, 0)), np.zeros((300, 0), dtype=bool), np.full(300, 2020))
    evidence = evidence_of(nothing)
    assert len(evidence.p_value) == 0
    assert isinstance(evidence.superior, NoEvidence)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"traded": np.ones((5, 2), dtype=bool)}, r"pnl_r has the shape \(5, 3\) and traded \(5, 2\)"),
        ({"stressed_expectancy_r": np.zeros(2)}, r"stressed_expectancy_r has the shape \(2,\), expected \(3,\)"),
        ({"passed": np.zeros(4, dtype=bool)}, r"passed has the shape \(4,\), expected \(3,\)"),
        ({"years": np.full(4, 2020)}, r"years has the shape \(4,\), expected \(5,\)"),
    ],
)
def test_shapes_that_do_not_belong_together_are_refused(change: dict[str, Any], message: str) -> None:
    arguments = {
        "pnl_r": np.ones((5, 3)),
        "traded": np.ones((5, 3), dtype=bool),
        "stressed_expectancy_r": np.zeros(3),
        "years": np.full(5, 2020),
        "passed": np.zeros(3, dtype=bool),
    }
    with pytest.raises(InputError, match=message):
        gather(**(arguments | change), settings=SETTINGS)
