"""What luck lets through validation: draw by draw against a slow reading, and on average against markets of luck."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.errors import InputError
from orb_pipeline.research.evidence.luck import Luck, blocks_in_years, draw_signs, luck, passes_by_luck
from orb_pipeline_tests.research.evidence.matrices import (
    FRICTION_R,
    Float64Array,
    Market,
    passes,
    random_market,
    validation,
)


def stress_cost_r(market: Market) -> Float64Array:
    return np.asarray(market.traded.sum(axis=0) * FRICTION_R)


def slow_passes(market: Market, signs: Float64Array, starts: list[int], rules: Any) -> int:
    """Give the days their blocks' signs and put each strategy to validation."""
    lengths = np.diff([*starts, len(market.pnl_r)])
    pnl_r = market.pnl_r * np.repeat(signs, lengths)[:, np.newaxis]
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
@given(st.integers(0, 10_000), st.integers(3, 150), RULES, st.sampled_from([7, 20]))
def test_each_draw_lets_through_what_the_slow_reading_of_the_rules_does(
    seed: int, days: int, changes: dict[str, Any], block_days: int
) -> None:
    market, rules = random_market(seed, days=days, families=3), validation(**changes)
    found = passes_by_luck(
        market.pnl_r, market.traded, stress_cost_r(market), market.years, rules, seed, block_days, draws=6
    )
    starts = blocks_in_years(market.years, block_days).tolist()
    signs = draw_signs(len(starts), 6, seed)
    assert found.tolist() == [slow_passes(market, row, starts, rules) for row in signs]


def test_blocks_cover_all_days_and_stay_inside_their_year() -> None:
    years = np.repeat([2019, 2020, 2022], [250, 3, 95])
    starts = blocks_in_years(years, 20)
    assert starts[0] == 0
    assert {250, 253} <= set(starts.tolist())
    lengths = np.diff(starts, append=len(years))
    assert lengths.min() == 3
    assert sorted(set(lengths.tolist())) == [3, 19, 20, 21]


def test_the_estimate_is_what_passes_on_average_on_markets_without_an_edge() -> None:
    markets = [random_market(seed, days=378, families=30) for seed in range(60)]
    truth = [market.passed.sum() for market in markets]
    estimates = [found_in(market).mean for market in markets[:20]]
    assert np.mean(truth) > 10
    assert np.mean(estimates) == pytest.approx(np.mean(truth), rel=0.2)


def found_in(market: Market, draws: int = 200) -> Luck:
    passed = int(market.passed.sum())
    return luck(
        market.pnl_r, market.traded, stress_cost_r(market), market.years, passed, validation(), seed=1, draws=draws
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
    counts = passes_by_luck(market.pnl_r, market.traded, stress_cost_r(market), market.years, validation(), seed=1)
    found = found_in(market)
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
