"""Parity finds every kind of difference between engine and backtest, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from orb_pipeline.execution.backtest import VALUES, Backtest, backtest_trades
from orb_pipeline.execution.parity import Parity, compare
from orb_pipeline.market.trading_day import date_of
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline_tests.execution.days import (
    GRID,
    INSIDE,
    WON,
    backtest_of,
    bars_of_days,
    history_of,
    random_walk,
    records,
    session,
)
from orb_pipeline_tests.execution.members import member, whole_grid
from orb_pipeline_tests.series import BRISBANE, DAY

MEMBER = member("0900", "E2")
PLACE = GRID.place_of("E2", 1, 2.0)


@cache
def two_days() -> Backtest:
    """Two won trades in session 0900."""
    return backtest_of(history_of(bars_of_days(session(WON), session(INSIDE, WON))))


def parity(backtest: Backtest, *strategies: PortfolioStrategy, **options: Any) -> Parity:
    return compare(strategies or [MEMBER], {"MGC": backtest}, **options)


def altered(backtest: Backtest, values: Mapping[str, Any], day: int = 0, place: int = PLACE) -> Backtest:
    """With other values in one outcome of one day, MEMBER's; a function makes it of the one that is there."""
    table, row = backtest.outcomes, day * GRID.combinations + place
    for name, value in values.items():
        column = table.column(name).to_pylist()
        column[row] = value(column[row]) if callable(value) else value
        index = table.column_names.index(name)
        table = table.set_column(index, name, pa.array(column, type=table.schema.field(name).type))
    return replace(backtest, outcomes=table)


MINUTE = pd.Timedelta(minutes=1)


def differences(found: Parity) -> list[tuple[Any, ...]]:
    return records(found.differences, "trading_day", "strategy_id", "what", "backtest", "engine")


# What is equal.


def test_random_days_of_two_instruments_are_equal_in_every_case() -> None:
    """Strategies of every session, entry model, confirm count, target and filter."""
    backtests = {
        symbol: backtest_of(history_of(random_walk(seed, days=3), symbol)) for seed, symbol in enumerate(("MNQ", "MGC"))
    }
    strategies = [strategy for symbol in backtests for strategy in whole_grid(GRID, BRISBANE.labels, symbol)[::5]]
    found = compare(strategies, backtests)
    assert found.holds
    assert (found.strategies, found.days, found.share) == (len(strategies), 3, 1.0)
    assert found.cases == found.trades + found.no_trades == len(strategies) * 3
    assert found.trades == len(backtest_trades(strategies, backtests, [DAY, DAY + 1, DAY + 2])) > 100
    assert found.no_trades > 100
    assert found.differences.empty


def test_days_without_a_trade_on_both_sides_are_cases_that_are_equal() -> None:
    too_wide = member("0900", "E2", filter_type="ORB_G3")
    found = parity(two_days(), MEMBER, too_wide, member("1800", "E2"))
    assert found.holds
    assert (found.cases, found.trades, found.no_trades) == (6, 2, 4)


def test_a_span_of_days_is_compared_alone_and_told_as_it_goes() -> None:
    told: list[tuple[int, int]] = []
    wrong = altered(two_days(), {"pnl_r": 9.0})
    found = parity(wrong, days=(DAY + 1, None), on_day=lambda done, of: told.append((done, of)))
    assert (found.holds, found.days, told) == (True, 1, [(1, 1)])
    assert not parity(wrong, days=(None, DAY)).holds


@pytest.mark.parametrize("name", ["entry_price", "stop_price", "target_price", "exit_price", "pnl_r", "mae_r", "mfe_r"])
@pytest.mark.parametrize(("apart", "holds"), [(0.9e-9, True), (2e-9, False), (-2e-9, False)])
def test_floats_may_be_1e9_apart(name: str, apart: float, holds: bool) -> None:
    assert parity(altered(two_days(), {name: lambda value: value + apart})).holds is holds


# What differs.


@pytest.mark.parametrize(
    ("name", "value", "backtest", "engine"),
    [
        ("entry_ts", lambda value: value + MINUTE, "2024-10-03 23:06:00+00:00", "2024-10-03 23:05:00+00:00"),
        ("entry_price", 101.3, "101.3", "101.2"),
        ("stop_price", 100.1, "100.1", "100.0"),
        ("target_price", 103.7, "103.7", "103.6"),
        ("outcome", "loss", "loss", "win"),
        ("exit_ts", lambda value: value - MINUTE, "2024-10-03 23:05:00+00:00", "2024-10-03 23:06:00+00:00"),
        ("exit_price", 103.7, "103.7", "103.6"),
        ("pnl_r", 0.5, "0.5", str((24 - 8.4) / 20.4)),
        ("mae_r", 0.5, "0.5", "0.0"),
        ("mfe_r", None, None, str(24 / 20.4)),
    ],
)
def test_each_value_is_compared_and_shown_with_both_sides(
    name: str, value: object, backtest: str | None, engine: str
) -> None:
    found = parity(altered(two_days(), {name: value}))
    assert not found.holds
    assert (found.cases, found.trades, found.differing, found.share) == (2, 2, 1, 0.5)
    assert differences(found) == [(date_of(DAY), MEMBER.strategy_id, name, backtest, engine)]


def test_every_value_of_the_outcomes_is_among_those_compared() -> None:
    cases = test_each_value_is_compared_and_shown_with_both_sides.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert [case[0] for case in cases] == VALUES


def test_a_trade_that_the_backtest_lacks_is_found() -> None:
    found = parity(altered(two_days(), dict.fromkeys(VALUES), day=1))
    assert differences(found) == [(date_of(DAY + 1), MEMBER.strategy_id, "trade", "none", "a trade")]
    assert (found.trades, found.no_trades, found.differing) == (2, 0, 1)


def test_a_trade_that_the_engine_lacks_is_found() -> None:
    """Its limit at the edge is never touched; the backtest says that it was filled."""
    limit, place = member("0900", "E3"), GRID.place_of("E3", 1, 2.0)
    rows = two_days().outcomes.to_pylist()
    assert rows[place]["entry_ts"] is None
    found = parity(altered(two_days(), {name: rows[PLACE][name] for name in VALUES}, place=place), limit)
    assert differences(found) == [(date_of(DAY), limit.strategy_id, "trade", "a trade", "none")]
    assert (found.trades, found.no_trades, found.differing) == (2, 0, 1)


def test_a_case_with_several_differences_counts_once_and_all_are_in_order_of_day_and_strategy() -> None:
    other = member("0900", "E1")
    wrong = altered(altered(two_days(), {"pnl_r": 0.0, "exit_price": 1.0}, day=1), {"mae_r": 7.0})
    found = parity(wrong, other, MEMBER)
    assert (found.cases, found.differing, found.share) == (4, 2, 0.5)
    assert [(day, what) for day, _, what, *_ in differences(found)] == [
        (date_of(DAY), "mae_r"),
        (date_of(DAY + 1), "exit_price"),
        (date_of(DAY + 1), "pnl_r"),
    ]


def test_an_eligibility_that_research_sees_otherwise_is_found() -> None:
    features = two_days().features
    wide = features.assign(orb_size=features["orb_size"] + 2.0)
    by_size = member("0900", "E2", filter_type="ORB_G3")
    found = parity(replace(two_days(), features=wide), by_size)
    assert [(what, backtest) for *_, what, backtest, _ in differences(found)] == [("trade", "a trade")] * 2


def test_where_nothing_was_compared_nothing_is_shown() -> None:
    nobody = compare([], {"MGC": two_days()})
    no_day = parity(two_days(), days=(DAY + 5, None))
    for found in (nobody, no_day, compare([], {})):
        assert (found.holds, found.cases, found.differing, found.share) == (False, 0, 0, 0.0)
        assert found.differences.empty
