"""What luck lets through validation: draw by draw against a slow reading, and on average against markets of luck."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.errors import InputError
from orb_pipeline.research.evidence.luck import Luck, blocks_in_years, draw_signs, friction_share, luck, passes_by_luck
from orb_pipeline_tests.research.evidence.matrices import (
    COST_R,
    Float64Array,
    Market,
    passes,
    random_market,
    validation,
)


def slow_passes(market: Market, signs: Float64Array, starts: list[int], rules: Any, cost_r: float) -> int:
    """Give the days' R before costs their blocks' signs, take the costs off, and put each strategy to validation."""
    of_day = np.repeat(signs, np.diff([*starts, len(market.pnl_r)]))[:, np.newaxis]
    pnl_r = np.where(market.traded, of_day * (market.pnl_r + cost_r) - cost_r, 0.0)
    strategies = zip(pnl_r.T, market.traded.T, strict=True)
    return sum(passes(results, traded, market.years, rules) for results, traded in strategies)


RULES = st.fixed_dictionaries(
    {
        "min_trades": st.sampled_from([5, 30]),
        "min_positive_year_share": st.sampled_from([1.0, 0.6]),
        "excluded_years": st.sampled_from([[], [2020], [2019, 2020, 2021]]),
    }
)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(3, 150), RULES, st.sampled_from([7, 20]), st.booleans())
def test_each_draw_lets_through_what_the_slow_reading_of_the_rules_does(
    seed: int, days: int, changes: dict[str, Any], block_days: int, at_break_even: bool
) -> None:
    market, rules = random_market(seed, days=days, families=3), validation(**changes)
    found = passes_by_luck(
        market.pnl_r,
        market.traded,
        market.cost_r,
        market.years,
        rules,
        seed,
        at_break_even=at_break_even,
        block_days=block_days,
        draws=6,
    )
    starts = blocks_in_years(market.years, block_days).tolist()
    cost_r = 0.0 if at_break_even else COST_R
    signs = draw_signs(len(starts), 6, seed)
    assert found.tolist() == [slow_passes(market, row, starts, rules, cost_r) for row in signs]


def test_blocks_cover_all_days_and_stay_inside_their_year() -> None:
    years = np.repeat([2019, 2020, 2022], [250, 3, 95])
    starts = blocks_in_years(years, 20)
    assert starts[0] == 0
    assert {250, 253} <= set(starts.tolist())
    lengths = np.diff(starts, append=len(years))
    assert lengths.min() == 3
    assert sorted(set(lengths.tolist())) == [3, 19, 20, 21]


@pytest.mark.parametrize("at_break_even", [True, False])
def test_the_estimate_is_what_passes_on_average_on_markets_without_an_edge(at_break_even: bool) -> None:
    mean_r = 0.0 if at_break_even else -COST_R
    markets = [random_market(seed, days=378, families=30, edge_r=mean_r, with_edge=30) for seed in range(60)]
    truth = [market.passed.sum() for market in markets]
    estimates = [found_in(market, at_break_even=at_break_even).mean for market in markets[:20]]
    assert np.mean(truth) > 3
    assert np.mean(estimates) == pytest.approx(np.mean(truth), rel=0.25)


def test_costs_leave_less_to_luck() -> None:
    market = random_market(2, families=20)
    assert found_in(market, at_break_even=False).mean < 0.7 * found_in(market).mean


def found_in(market: Market, draws: int = 200, at_break_even: bool = True) -> Luck:
    return luck(
        market.pnl_r,
        market.traded,
        market.cost_r,
        market.years,
        int(market.passed.sum()),
        validation(),
        seed=1,
        at_break_even=at_break_even,
        draws=draws,
    )


def test_what_passes_with_an_edge_is_more_than_luck_lets_through() -> None:
    found = found_in(random_market(3, families=20, edge_r=0.4, with_edge=10))
    assert found.passed > found.high
    assert found.at_least_as_many < 0.05


def test_a_market_of_luck_is_an_ordinary_draw_of_luck() -> None:
    shares = [found_in(random_market(seed, families=10), draws=100).at_least_as_many for seed in range(12)]
    assert 0.25 < np.mean(shares) < 0.9


def test_quantiles_and_shares_are_those_of_the_draws() -> None:
    market = random_market(4)
    counts = passes_by_luck(market.pnl_r, market.traded, market.cost_r, market.years, validation(), seed=1)
    found = found_in(market, at_break_even=False)
    assert (found.low, found.median, found.high) == tuple(np.quantile(counts, [0.05, 0.5, 0.95]))
    assert found.mean == counts.mean()
    assert found.at_least_as_many == (counts >= found.passed).mean()
    assert found.draws == len(counts) == 200


def test_no_strategies_and_no_days_let_nothing_through() -> None:
    empty = Market(np.empty((0, 4)), np.empty((0, 4), dtype=bool), np.empty(0, dtype=np.int64))
    assert found_in(empty).mean == 0
    none = Market(np.empty((300, 0)), np.empty((300, 0), dtype=bool), np.full(300, 2020))
    assert found_in(none).mean == 0


@pytest.mark.parametrize("years", [[2020, 2019, 2019], [2019, 2019]])
def test_years_that_are_not_one_a_day_in_order_are_refused(years: list[int]) -> None:
    with pytest.raises(InputError, match=r"years has the shape .*, expected \(3,\)"):
        passes_by_luck(np.ones((3, 1)), np.ones((3, 1), dtype=bool), np.zeros(1), np.array(years), validation(), seed=1)


def test_the_friction_share_of_trades_of_one_risk_is_exact_by_the_formula_of_pnl_r() -> None:
    risk, friction, factor, gains = 40.0, 8.4, 1.5, np.array([-40.0, 80.0, 80.0, 13.0, -55.0])
    expectancy, stressed = (((gains - f) / (risk + f)).mean() for f in (friction, factor * friction))
    found = friction_share(np.array([expectancy]), np.array([stressed]), factor)
    assert found[0] == pytest.approx(friction / (risk + friction))


def test_the_friction_share_is_0_where_it_cannot_be_told() -> None:
    expectancy, stressed = np.array([np.nan, 0.1, -1.1]), np.array([np.nan, 0.1, -1.2])
    assert friction_share(expectancy, stressed, 1.5).tolist() == [0, 0, 0]
    assert friction_share(expectancy, stressed, 1.0).tolist() == [0, 0, 0]
