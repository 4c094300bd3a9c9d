"""The sample that parity takes of the whole grid: large enough, spread, and the same every time."""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest

from orb_pipeline.execution.sample import STRATA, members_of, sample_strategies
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline_tests.execution.members import whole_grid
from orb_pipeline_tests.series import BRISBANE, CATALOGUE


@cache
def grid() -> pd.DataFrame:
    """`experimental_strategies` as far as a sample looks: 7,020 rows."""
    return pd.DataFrame(map(vars, whole_grid(CATALOGUE.grid, BRISBANE.labels))).drop(
        columns=["weight", "max_contracts"]
    )


def names(count: int, strategies: pd.DataFrame | None = None) -> list[str]:
    return sample_strategies(grid() if strategies is None else strategies, count)["strategy_id"].tolist()


@pytest.mark.parametrize("count", [1, 5, 13, 100, 500, 1_000, 7_019])
def test_it_has_at_least_as_many_as_asked_for_and_every_value_of_every_axis(count: int) -> None:
    sampled = sample_strategies(grid(), count)
    assert count <= len(sampled) <= count + sum(grid()[axis].nunique() for axis in STRATA)
    assert sampled["strategy_id"].is_unique
    for axis in STRATA:
        assert set(sampled[axis]) == set(grid()[axis])


@pytest.mark.parametrize("count", [7_020, 7_021, 100_000])
def test_where_there_are_no_more_it_is_all_of_them(count: int) -> None:
    assert names(count) == grid()["strategy_id"].tolist()


def test_none_asked_for_is_none() -> None:
    assert names(0) == []


def test_it_is_the_same_every_time_whatever_the_order_and_the_kind_of_the_columns() -> None:
    expected = names(500)
    assert names(500) == expected
    assert names(500, grid().iloc[::-1]) == expected
    assert names(500, grid().sample(frac=1.0, random_state=3)) == expected
    backwards = sorted(BRISBANE.labels, reverse=True)
    coded = grid().assign(orb_label=pd.Categorical(grid()["orb_label"], categories=backwards))
    assert names(500, coded) == expected


def test_it_is_spread_evenly_over_sessions_entry_models_confirm_counts_and_filters() -> None:
    sampled = sample_strategies(grid(), 500)
    for axis in STRATA:
        shares = sampled[axis].value_counts(normalize=True) * grid()[axis].nunique()
        assert shares.between(0.75, 1.25).all(), axis


def test_targets_are_left_to_chance_and_all_come_up() -> None:
    assert set(sample_strategies(grid(), 500)["rr_target"]) == set(CATALOGUE.grid.rr_targets)


def test_sampled_rows_become_members_that_trade_one_contract() -> None:
    sampled = sample_strategies(grid(), 20)
    members = members_of(sampled)
    assert [member.strategy_id for member in members] == sampled["strategy_id"].tolist()
    assert all(isinstance(member, PortfolioStrategy) for member in members)
    assert {(member.weight, member.max_contracts) for member in members} == {(1.0, 1)}
    assert members_of(grid().head(0)) == []
