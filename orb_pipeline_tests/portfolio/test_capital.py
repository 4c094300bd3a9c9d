"""What a portfolio asks of an account, in numbers worked out by hand."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.catalogue import Account
from orb_pipeline.errors import InputError
from orb_pipeline.portfolio.capital import Capital, estimate_daily_capital, risk_of_ruin, size_at_median_risk
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline.research.daily import DailySeries
from orb_pipeline_tests.execution.members import member, portfolio_of
from orb_pipeline_tests.portfolio.examples import daily_of
from orb_pipeline_tests.series import CATALOGUE, MGC

OWN = CATALOGUE.account("25k")
PROP = CATALOGUE.account("prop_50k_trailing")
LABELS = ("0900", "1000", "1100", "1800", "2300", "0030")


def estimate(
    strategies: Sequence[PortfolioStrategy],
    daily: DailySeries | None = None,
    account: Account = OWN,
    **limits: Any,
) -> Capital:
    quiet = daily_of({strategy.strategy_id: [0.0, 1.0, -1.0, 0.5] for strategy in strategies})
    account = account.model_copy(update={"limits": account.limits.model_copy(update=limits)})
    return estimate_daily_capital(portfolio_of(strategies), daily or quiet, account, CATALOGUE.instruments)


def of_points(*points: float, label: str | None = None) -> list[PortfolioStrategy]:
    """A member a session (or all of one) with these median risks."""
    return [
        member(label or LABELS[place % 6], confirm_bars=1 + place // 6, rr_target=1.0 + place, median_risk_points=value)
        for place, value in enumerate(points)
    ]


def test_a_member_is_sized_at_its_median_risk() -> None:
    [found] = estimate(of_points(10.0)).members
    assert (found.contracts, found.budget, found.risk_of_one) == (5, 500.0, 100.0)
    assert (found.risk_dollars, found.true_risk_pct) == (500.0, 2.0)
    assert found.all_in_risk == pytest.approx(542.0)
    assert found.all_in_risk_pct == pytest.approx(2.168)
    assert found.margin == 5 * MGC.margin
    assert not found.is_below_one_contract


def test_half_a_tick_of_median_risk_counts_as_a_whole_one() -> None:
    [strategy] = of_points(12.45)
    assert size_at_median_risk(OWN, strategy, MGC).risk_of_one == 125.0


def test_a_prop_firm_account_is_measured_by_its_drawdown() -> None:
    capital = estimate(of_points(10.0), account=PROP)
    assert capital.members[0].contracts == 2
    assert capital.true_risk_pct == 10.0
    assert capital.all_in_risk_pct == pytest.approx(2 * 108.4 / 2_000 * 100)


def test_margin_and_concurrent_risk_are_of_the_worst_members_that_may_be_open_at_once() -> None:
    capital = estimate(of_points(10.0, 20.0, 5.0, 25.0))
    assert [found.contracts for found in capital.members] == [5, 2, 10, 2]
    assert capital.margin == (10 + 5 + 2) * MGC.margin
    assert capital.max_concurrent_risk == pytest.approx(10 * 58.4 + 5 * 108.4 + 2 * 258.4)
    assert capital.true_risk_pct == 2.0


def test_members_of_one_session_are_not_open_at_once_where_the_limit_is_one() -> None:
    capital = estimate(of_points(10.0, 20.0, label="0900"))
    assert capital.margin == 5 * MGC.margin
    assert estimate(of_points(10.0, 20.0, label="0900"), max_per_orb_positions=2).margin == 7 * MGC.margin


@pytest.mark.parametrize(
    ("count", "limits", "expected"),
    [
        (20, {}, -8.0),  # halted at -5, three more open
        (20, {"drawdown_halt_r": -2.5}, -5.5),
        (20, {"max_daily_trades": 6}, -6.0),
        (4, {}, -4.0),  # a strategy trades once a day
        (20, {"max_concurrent_positions": 1}, -6.0),
        (1, {}, -1.0),
        (0, {}, 0.0),
    ],
)
def test_the_worst_day_is_what_the_limits_let_happen(count: int, limits: dict[str, Any], expected: float) -> None:
    capital = estimate(of_points(*[10.0] * count), **limits)
    assert capital.worst_case_day_r == expected
    assert capital.worst_case_day_dollars == pytest.approx(expected * 542.0)


def test_members_of_one_session_lose_one_after_the_other() -> None:
    assert estimate(of_points(*[10.0] * 20, label="0900")).worst_case_day_r == -6.0


def test_the_worst_day_in_dollars_takes_the_members_that_risk_most() -> None:
    capital = estimate(of_points(10.0, 5.0, 20.0), max_daily_trades=2)
    assert capital.worst_case_day_dollars == pytest.approx(-(10 * 58.4 + 5 * 108.4))


def test_a_prop_firms_daily_limit_bounds_the_worst_day_in_dollars() -> None:
    capital = estimate(of_points(*[10.0] * 20), account=PROP)
    assert capital.worst_case_day_r == -8.0
    assert capital.worst_case_day_dollars == pytest.approx(-(1_000 + 3 * 2 * 108.4))


def test_trades_and_the_worst_day_seen_are_counted_over_all_trading_days() -> None:
    first, second = of_points(10.0, 10.0)
    daily = daily_of(
        {first.strategy_id: [1.0, -1.0, 0.0, math.nan], second.strategy_id: [math.nan, -1.5, 2.0, 0.0]},
    )
    capital = estimate([first, second], daily)
    assert capital.expected_trades_per_day == 4 / 4
    assert (capital.worst_day_seen_r, capital.worst_day_seen) == (-2.5, dt.date(2024, 1, 2))


def test_series_of_others_do_not_count() -> None:
    [strategy] = of_points(10.0)
    capital = estimate([strategy], daily_of({strategy.strategy_id: [0.0, -1.0], "other": [-9.0, -9.0]}))
    assert (capital.expected_trades_per_day, capital.worst_day_seen_r) == (0.5, -1.0)


def test_the_risk_of_ruin_measures_the_account_in_the_largest_members_r() -> None:
    first, second = of_points(10.0, 20.0)
    daily = daily_of({first.strategy_id: [2.0, -1.0, 0.0, 1.0], second.strategy_id: [0.0, 0.0, 1.0, -1.0]})
    summed = np.array([2.0, -1.0, 1.0, 0.0])
    expected = math.exp(-2 * summed.mean() * (25_000 / 542.0) / summed.var(ddof=1))
    assert estimate([first, second], daily).risk_of_ruin == pytest.approx(expected)


def test_a_portfolio_without_an_edge_is_ruined() -> None:
    [strategy] = of_points(10.0)
    assert estimate([strategy], daily_of({strategy.strategy_id: [1.0, -1.0]})).risk_of_ruin == 1.0


def test_the_risk_of_ruin_is_unknown_without_days_results_or_a_contract() -> None:
    [strategy] = of_points(10.0)
    assert estimate([strategy], daily_of({strategy.strategy_id: [1.0]})).risk_of_ruin is None
    assert estimate([strategy], daily_of({strategy.strategy_id: [0.0, math.nan, 0.0]})).risk_of_ruin is None
    assert estimate(of_points(60.0)).risk_of_ruin is None


def test_results_that_never_differ_and_win_are_never_ruined() -> None:
    assert risk_of_ruin(np.array([0.1, 0.1, 0.1]), 10.0) == 0.0


def test_the_formula_is_near_to_random_walks() -> None:
    """Daily steps overshoot the barrier, which the formula does not know: it is a little above."""
    random = np.random.default_rng(6)
    steps = random.normal(0.1, 1.0, size=(2_000, 1_500))
    ruined = (np.cumsum(steps, axis=1).min(axis=1) <= -10).mean()
    formula = risk_of_ruin(steps[:50].ravel(), 10.0)
    assert formula is not None
    assert ruined < formula < ruined + 0.05


def test_a_member_below_one_contract_is_told_with_both_dollar_figures() -> None:
    capital = estimate(of_points(10.0, 60.0))
    assert capital.members[1].is_below_one_contract
    assert (capital.members[1].margin, capital.members[1].all_in_risk) == (0.0, 0.0)
    name = capital.members[1].strategy_id
    assert capital.problems == (
        f"{name} is smaller than one contract: one risks 600.00 dollars at its median risk and the budget is 500.00.",
    )


def test_a_margin_above_the_equity_is_told() -> None:
    [problem] = estimate(of_points(5.0, 5.0)).problems
    assert "is 40,000.00 dollars and the equity is 25,000.00" in problem


def test_an_empty_portfolio_is_told_and_risks_nothing() -> None:
    capital = estimate([])
    assert capital.problems == ("The portfolio has no member.",)
    assert (capital.total_weight, capital.margin, capital.max_concurrent_risk) == (0.0, 0.0, 0.0)
    assert (capital.worst_case_day_r, capital.worst_case_day_dollars, capital.true_risk_pct) == (0.0, 0.0, 0.0)
    assert (capital.expected_trades_per_day, capital.worst_day_seen, capital.risk_of_ruin) == (None, None, None)
    assert "-0" not in json.dumps(capital.to_dict())


def test_a_member_without_a_daily_series_is_refused_by_name() -> None:
    [strategy] = of_points(10.0)
    with pytest.raises(InputError, match=rf"No daily series of {strategy.strategy_id}.*orb run --account 25k"):
        estimate([strategy], daily_of({"other": [1.0]}))


def test_its_document_is_plain_json() -> None:
    document = json.loads(json.dumps(estimate(of_points(10.0, 60.0)).to_dict(), allow_nan=False))
    assert document["worst_day_seen"] == "2024-01-03"
    assert document["members"][0]["session"] == ["MGC", "0900"]
    assert [found["is_below_one_contract"] for found in document["members"]] == [False, True]
    assert len(document["problems"]) == 1


def test_what_is_not_finite_is_null_in_the_document() -> None:
    broke = OWN.model_copy(update={"equity": -1.0})
    document = json.loads(json.dumps(estimate(of_points(10.0), account=broke).to_dict(), allow_nan=False))
    assert document["true_risk_pct"] is None
    assert document["members"][0]["true_risk_pct"] is None


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(LABELS), st.floats(0.1, 80)), max_size=12), st.integers(1, 4))
def test_what_is_open_at_once_is_never_more_than_any_choice_the_limits_allow(
    drawn: list[tuple[str, float]], at_once: int
) -> None:
    strategies = [
        member(label, rr_target=1.0 + place, median_risk_points=points) for place, (label, points) in enumerate(drawn)
    ]
    capital = estimate(strategies, max_concurrent_positions=at_once)
    by_session: dict[str, float] = {}
    for found in capital.members:
        by_session[found.session[1]] = max(by_session.get(found.session[1], 0.0), found.all_in_risk)
    expected = sum(sorted(by_session.values(), reverse=True)[:at_once])
    assert capital.max_concurrent_risk == pytest.approx(expected)
    assert 0 <= -capital.worst_case_day_r <= 5 + at_once
