"""What each limit cost or saved, by hand and as the difference between account run and backtest."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from orb_pipeline.execution.backtest import KEY, backtest_trades
from orb_pipeline.execution.limits import COLUMNS, limit_effects, with_unlimited_r
from orb_pipeline.execution.replay import replay_historical
from orb_pipeline.market.trading_day import number_of
from orb_pipeline_tests.execution.days import (
    GRID,
    INSIDE,
    WON,
    backtest_of,
    bars_of_days,
    history_of,
    random_walk,
    records,
    replayed,
    session,
)
from orb_pipeline_tests.execution.live import account
from orb_pipeline_tests.execution.members import member, portfolio_of, whole_grid
from orb_pipeline_tests.series import BRISBANE

MONDAY, TUESDAY = dt.date(2024, 3, 4), dt.date(2024, 3, 5)
Row = tuple[Any, ...]


def trades_of(*rows: tuple[dt.date, str, float]) -> pd.DataFrame:
    """The backtest's: day, strategy, R."""
    frame = pd.DataFrame(rows, columns=["trading_day", "strategy_id", "pnl_r"]).astype({"pnl_r": "float64"})
    return frame.assign(trading_day=pd.to_datetime(frame["trading_day"]).astype("datetime64[s]"))


def entries_of(*rows: tuple[dt.date, str, str | None, str | None, float | None]) -> pd.DataFrame:
    """The replay's: day, strategy, the check that refused it, how it ended, R."""
    frame = pd.DataFrame(rows, columns=["trading_day", "strategy_id", "risk_check", "exit_reason", "pnl_r"])
    return frame.assign(risk_check_passed=frame["risk_check"].isna()).astype({"pnl_r": "float64"})


def effects(entries: pd.DataFrame, trades: pd.DataFrame) -> list[Row]:
    table = limit_effects(with_unlimited_r(entries, trades), trades)
    assert list(table.columns) == COLUMNS
    return records(table, *COLUMNS)


def test_a_refused_trade_costs_what_the_backtest_won_with_it_or_saves_what_it_lost() -> None:
    trades = trades_of((MONDAY, "A", 2.0), (MONDAY, "B", -1.0), (MONDAY, "C", -1.0), (TUESDAY, "A", 0.5))
    entries = entries_of(
        (MONDAY, "A", "max_concurrent_positions", None, None),
        (MONDAY, "B", "circuit_breaker", None, None),
        (MONDAY, "C", "circuit_breaker", None, None),
        (TUESDAY, "A", "max_concurrent_positions", None, None),
    )
    assert effects(entries, trades) == [
        ("max_concurrent_positions", 2, 2.5, 0.0, -2.5),
        ("circuit_breaker", 2, -2.0, 0.0, 2.0),
    ]


def test_what_had_to_be_flat_counts_with_its_own_result_and_with_what_came_too_late_to_be_asked() -> None:
    trades = trades_of((MONDAY, "A", 2.0), (MONDAY, "B", -1.0), (TUESDAY, "A", 3.0), (TUESDAY, "B", 1.0))
    entries = entries_of((MONDAY, "A", None, "flat_by", 0.5), (TUESDAY, "B", None, "target_hit", 1.0))
    assert effects(entries, trades) == [("flat_by", 3, 4.0, 0.5, -3.5)]


def test_trades_that_no_limit_touched_cost_nothing_nor_does_a_scratch_at_the_end_of_the_day() -> None:
    trades = trades_of((MONDAY, "A", 2.0), (MONDAY, "B", 0.1))
    entries = entries_of((MONDAY, "A", None, "target_hit", 2.0), (MONDAY, "B", None, "session_end", 0.1))
    assert effects(entries, trades) == []


def test_limits_that_cost_the_same_are_in_order_of_their_names() -> None:
    trades = trades_of((MONDAY, "A", 1.0), (MONDAY, "B", 1.0))
    entries = entries_of((MONDAY, "A", "position_size", None, None), (MONDAY, "B", "max_daily_trades", None, None))
    assert [row[0] for row in effects(entries, trades)] == ["max_daily_trades", "position_size"]


def test_of_nothing_there_is_no_effect() -> None:
    assert effects(entries_of(), trades_of()) == []


def test_each_entry_gets_the_result_of_its_own_strategy_and_day_and_none_where_there_is_none() -> None:
    trades = trades_of((MONDAY, "A", 2.0), (TUESDAY, "A", -1.0), (TUESDAY, "B", 3.0))
    entries = entries_of(
        (TUESDAY, "B", None, "target_hit", 3.0),
        (MONDAY, "A", None, "target_hit", 2.0),
        (MONDAY, "B", None, "target_hit", 1.0),
    )
    found = with_unlimited_r(entries, trades)["unlimited_r"].tolist()
    assert found[:2] == [3.0, 2.0]
    assert np.isnan(found[2])


def test_being_flat_on_bars_by_hand() -> None:
    """Flat by minute 7: the first trade is cut short at 7 ticks below its entry, the second one is too late."""
    days = [session(INSIDE, WON) | session(WON, minute=60)]
    members = [member("0900", "E2"), member("1000", "E2")]
    flat_by = {"time": "09:07", "zone": "Australia/Brisbane"}
    entries = replayed(members, account(flat_by=flat_by), *days).entries
    history = history_of(bars_of_days(*days))
    trades = backtest_trades(members, {"MGC": backtest_of(history)}, history.days.tolist())
    won = (24 - 8.4) / 20.4
    cut = (-7 - 8.4) / 20.4
    (row,) = effects(entries, trades)
    assert row == ("flat_by", 2, pytest.approx(2 * won), pytest.approx(cut), pytest.approx(cut - 2 * won))


@pytest.mark.parametrize("flat_by", [None, {"time": "15:00", "zone": "Australia/Brisbane"}])
@pytest.mark.parametrize("name", ["25k", "prop_50k_trailing"])
def test_all_effects_together_are_the_difference_between_account_run_and_backtest(
    name: str, flat_by: dict[str, str] | None
) -> None:
    backtests = {
        symbol: backtest_of(history_of(random_walk(seed, days=3), symbol)) for seed, symbol in enumerate(("MGC", "MNQ"))
    }
    strategies = [strategy for symbol in backtests for strategy in whole_grid(GRID, BRISBANE.labels, symbol)[::7]]
    histories = {symbol: backtest.history for symbol, backtest in backtests.items()}
    result = replay_historical(portfolio_of(strategies), account(name, flat_by=flat_by), histories)
    trades = backtest_trades(strategies, backtests, [number_of(day) for day in result.days])
    entries = with_unlimited_r(result.entries, trades)
    table = limit_effects(entries, trades)
    assert entries["unlimited_r"].notna().all(), "whatever was asked is a trade of the backtest"
    assert table["effect_r"].sum() == pytest.approx(entries["pnl_r"].sum() - trades["pnl_r"].sum())
    assert ("flat_by" in set(table["limit"])) is (flat_by is not None)
    untouched = entries[entries["risk_check_passed"] & (entries["exit_reason"] != "flat_by")]
    assert np.allclose(untouched["pnl_r"], untouched["unlimited_r"], atol=1e-9)
    assert len(trades.drop_duplicates(KEY)) == len(trades)
