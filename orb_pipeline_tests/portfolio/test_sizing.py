"""How many contracts a trade is given, in the numbers of RULES.md section 10."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orb_pipeline.catalogue import Account
from orb_pipeline.portfolio.sizing import MIN_RISK_TICKS, Size, compute_position_size, risk_base, true_risk_pct
from orb_pipeline_tests.execution.members import member
from orb_pipeline_tests.series import CATALOGUE, MGC

OWN = CATALOGUE.account("25k")
PROP = CATALOGUE.account("prop_50k_trailing")


def size(points: float, equity: float = 25_000.0, account: Account = OWN, **facts: Any) -> Size:
    strategy = member(**({"max_contracts": 100} | facts))
    return compute_position_size(account, equity, strategy, MGC, round(points / 0.1))


@pytest.mark.parametrize(("points", "contracts"), [(10, 5), (3, 16), (1, 50), (50, 1), (50.1, 0)])
def test_25_000_dollars_at_2_per_cent_carry_so_many_contracts_of_mgc(points: float, contracts: int) -> None:
    assert size(points).contracts == contracts


def test_no_more_contracts_than_the_strategys_most() -> None:
    assert size(3, max_contracts=10).contracts == 10


@pytest.mark.parametrize("points", [0.1, 0.5, 0.9, 1.0])
def test_a_stop_nearer_than_ten_ticks_is_sized_as_if_it_were_ten_away(points: float) -> None:
    sized = size(points)
    assert sized.contracts == 50
    assert sized.risk_of_one == MIN_RISK_TICKS * MGC.tick_value == 10.0


def test_the_all_in_risk_is_of_the_real_distance_and_holds_the_costs() -> None:
    assert size(10).all_in_risk == pytest.approx(5 * (100 + 8.40))
    assert size(0.5).all_in_risk == pytest.approx(50 * (5 + 8.40))


def test_a_weight_takes_its_share_of_the_budget() -> None:
    sized = size(10, weight=0.5)
    assert (sized.budget, sized.contracts) == (250.0, 2)


def test_zero_contracts_come_with_both_dollar_figures() -> None:
    sized = size(60)
    assert (sized.contracts, sized.budget, sized.risk_of_one, sized.all_in_risk) == (0, 500.0, 600.0, 0.0)


def test_a_prop_firm_account_risks_a_share_of_its_drawdown_whatever_its_equity() -> None:
    for equity in (48_500.0, 50_000.0, 60_000.0):
        sized = size(10, equity, PROP)
        assert (sized.budget, sized.contracts) == (200.0, 2)
        assert risk_base(PROP, equity) == 2_000.0


def test_the_true_risk_is_a_share_of_what_may_be_lost() -> None:
    assert true_risk_pct(OWN, 25_000.0, 500.0) == 2.0
    assert true_risk_pct(PROP, 50_000.0, 200.0) == 10.0
    assert true_risk_pct(OWN, 0.0, 500.0) == math.inf


@pytest.mark.parametrize("equity", [0.0, -1_000.0])
def test_an_account_without_equity_trades_nothing(equity: float) -> None:
    sized = size(10, equity)
    assert (sized.budget, sized.contracts) == (0.0, 0)


@given(
    st.floats(1.0, 1e6),
    st.floats(0.01, 1.0),
    st.integers(1, 5_000),
    st.integers(1, 50),
)
def test_contracts_are_the_most_that_the_budget_carries(
    equity: float, weight: float, risk_ticks: int, max_contracts: int
) -> None:
    strategy = member(weight=weight, max_contracts=max_contracts)
    sized = compute_position_size(OWN, equity, strategy, MGC, risk_ticks)
    assert 0 <= sized.contracts <= max_contracts
    assert sized.contracts * sized.risk_of_one <= sized.budget + 1e-6
    if sized.contracts < max_contracts:
        assert (sized.contracts + 1) * sized.risk_of_one > sized.budget
