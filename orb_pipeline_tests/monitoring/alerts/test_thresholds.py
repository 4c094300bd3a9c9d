"""Each alert one step on the quiet side of its threshold, at it, and one step beyond."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from orb_pipeline.monitoring.alerts import Event, Facts, Feed, FeedGap, GateState, RunEnd
from orb_pipeline_tests.monitoring.alerts.situations import (
    GOLD,
    NOW,
    RULES,
    STRATEGY,
    TODAY,
    asked,
    days,
    member,
    quiet,
    ranges,
    rule,
    trades,
    trades_of_today,
    winning,
)


def test_the_defaults_are_those_of_the_design() -> None:
    found = {
        name: getattr(RULES, name).model_dump()
        for name in (
            "drawdown",
            "circuit_break",
            "win_rate_drift",
            "expr_drift",
            "orb_size_regime",
            "missing_data",
            "strategy_stale",
        )
    }
    assert (found["drawdown"]["severity"], found["drawdown"]["below_r"]) == ("WARNING", -3.0)
    assert (found["circuit_break"]["severity"], found["circuit_break"]["below_r"]) == ("CRITICAL", -5.0)
    win_rate, expr = found["win_rate_drift"], found["expr_drift"]
    assert (win_rate["severity"], win_rate["trades"], win_rate["below_by"]) == ("WARNING", 50, 0.10)
    assert (expr["severity"], expr["trades"], expr["below_share"]) == ("CRITICAL", 50, 0.5)
    assert (win_rate["min_trades"], expr["min_trades"]) == (30, 30)
    assert (win_rate["max_chance"], expr["max_chance"]) == (None, None)
    regime, missing = found["orb_size_regime"], found["missing_data"]
    assert (regime["severity"], regime["days"], regime["above_times"]) == ("INFO", 30, 2.0)
    assert (missing["severity"], missing["below_share"]) == ("WARNING", 0.8)
    assert found["strategy_stale"] == {"severity": "INFO", "days": 30}


def severities(alert: str, facts: Facts, now: dt.datetime = NOW) -> list[str]:
    return [item.severity for item in asked(alert, facts, now)]


# The day's result.


@pytest.mark.parametrize(
    ("results", "drawdown", "circuit_break"),
    [
        ([-1.0, -1.0, -0.99], [], []),
        ([-1.0, -1.0, -1.0], [], []),
        ([-1.0, -1.0, -1.01], ["WARNING"], []),
        ([-1.0] * 4 + [-0.99], ["WARNING"], []),
        ([-1.0] * 5, ["WARNING"], []),
        ([-1.0] * 4 + [-1.01], ["WARNING"], ["CRITICAL"]),
        ([-0.1] * 30, [], []),  # as a sum of floats a hair below -3
    ],
)
def test_drawdown_below_3_r_and_circuit_break_below_5_r(
    results: list[float], drawdown: list[str], circuit_break: list[str]
) -> None:
    facts = quiet(trades=trades_of_today(results))
    assert severities("drawdown", facts) == drawdown
    assert severities("circuit_break", facts) == circuit_break


def test_a_days_result_is_each_accounts_own_of_its_latest_day_with_a_trade() -> None:
    ours = trades_of_today([-2.0, -2.0])
    facts = quiet(trades=pd.concat([ours, ours.assign(account="50k"), ours.assign(mode="live")]))
    assert [(item.account, item.value) for item in asked("drawdown", facts)] == [
        ("25k", -4.0),
        ("25k", -4.0),
        ("50k", -4.0),
    ]
    a_day_later = trades([1.0]).assign(trading_day=TODAY + dt.timedelta(days=1))
    assert not asked("drawdown", quiet(trades=pd.concat([ours, a_day_later])))


def test_open_trades_do_not_count_towards_the_days_result_and_are_named() -> None:
    (alert,) = asked("drawdown", quiet(trades=trades_of_today([-2.0, -2.0, float("nan")])))
    assert alert.value == -4.0
    assert "2 trades that are over and 1 open" in alert.message
    assert (alert.threshold, alert.trading_day) == (-3.0, TODAY)


# Drift.


@pytest.mark.parametrize(("wins", "expected"), [(21, []), (20, []), (19, ["WARNING"])])
def test_win_rate_drift_below_the_backtests_less_ten_points(wins: int, expected: list[str]) -> None:
    assert severities("win_rate_drift", quiet(trades=trades(winning(wins, 50 - wins)))) == expected


@pytest.mark.parametrize(("mean", "expected"), [(0.251, []), (0.25, []), (0.249, ["CRITICAL"])])
def test_expr_drift_below_half_of_the_backtests(mean: float, expected: list[str]) -> None:
    results = [mean - 1.0, mean + 1.0] * 25
    assert severities("expr_drift", quiet(trades=trades(results))) == expected


@pytest.mark.parametrize(("count", "expected"), [(29, []), (30, ["WARNING"]), (31, ["WARNING"])])
def test_drift_is_silent_with_fewer_than_thirty_trades(count: int, expected: list[str]) -> None:
    assert severities("win_rate_drift", quiet(trades=trades([-1.0] * count))) == expected
    assert len(severities("expr_drift", quiet(trades=trades([-1.0] * count)))) == len(expected)


def test_drift_looks_at_the_latest_fifty_trades_that_are_over() -> None:
    results = [-1.0] * 50 + winning(25, 25) + [float("nan")]
    assert not asked("win_rate_drift", quiet(trades=trades(results)))
    assert not asked("expr_drift", quiet(trades=trades(results)))


def test_drift_is_of_strategies_that_are_traded_and_each_mode_is_its_own() -> None:
    losing = trades([-1.0] * 40)
    assert not asked("win_rate_drift", quiet(trades=losing, members=()))
    assert not asked("win_rate_drift", quiet(trades=losing.assign(account="50k")))
    both = pd.concat([losing, trades(winning(30, 10), mode="live")])
    (alert,) = asked("win_rate_drift", quiet(trades=both))
    assert alert.condition == f"win_rate_drift:paper:25k:{STRATEGY}"


# Ranges.


@pytest.mark.parametrize(("latest", "expected"), [(7.9, []), (8.0, []), (8.1, ["INFO"])])
def test_orb_size_regime_above_twice_the_backtests_median(latest: float, expected: list[str]) -> None:
    assert severities("orb_size_regime", quiet(ranges=ranges(4.0, latest))) == expected


def test_orb_size_regime_needs_as_many_days_before_and_a_session_that_is_traded() -> None:
    assert not asked("orb_size_regime", quiet(ranges=ranges(4.0, 9.0, before=29)))
    assert asked("orb_size_regime", quiet(ranges=ranges(4.0, 9.0, before=30)))
    assert not asked("orb_size_regime", quiet(ranges=ranges(4.0, 9.0).assign(orb_label="1000")))
    half = ranges(4.0, 9.0)
    half.loc[half.index[-16:], "orb_size"] = 4.0  # the median is what counts
    assert not asked("orb_size_regime", quiet(ranges=half))


# Bars.


@pytest.mark.parametrize(("bars", "expected"), [(1082, []), (1081, ["WARNING"])])
def test_missing_data_below_eighty_percent_of_normal(bars: int, expected: list[str]) -> None:
    """1,352 bars are normal; eighty percent of that are 1,081.6."""
    assert severities("missing_data", quiet(days=days((TODAY, bars)))) == expected


def test_missing_data_at_eighty_percent_is_enough() -> None:
    assert severities("missing_data", quiet(days=days((TODAY, 1104), share=1.0))) == []
    assert severities("missing_data", quiet(days=days((TODAY, 1103), share=1.0))) == ["WARNING"]


# Strategies that find nothing.


@pytest.mark.parametrize(("back", "expected"), [(29, []), (30, ["INFO"]), (31, ["INFO"])])
def test_strategy_stale_after_thirty_days_without_a_trade(back: int, expected: list[str]) -> None:
    last = TODAY - dt.timedelta(days=back)
    assert severities("strategy_stale", quiet(trades=trades([1.0], last))) == expected
    never_traded = quiet(trades=trades([]), members=(member(since=last),))
    assert severities("strategy_stale", never_traded) == expected


def test_a_strategy_that_came_back_into_the_portfolio_is_not_stale_at_once() -> None:
    long_ago = trades([1.0], TODAY - dt.timedelta(days=100))
    assert not asked("strategy_stale", quiet(trades=long_ago, members=(member(since=TODAY),)))


# Feeds.


def feed(minutes: float | None, **changes: Any) -> Facts:
    newest = None if minutes is None else NOW - dt.timedelta(minutes=minutes)
    return quiet(feeds=(Feed(**{"instrument": "MGC", "calendar": GOLD, "newest": newest, **changes}),))


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(9.9, []), (10.0, []), (10.1, ["WARNING"]), (30.0, ["WARNING"]), (30.1, ["CRITICAL"])],
)
def test_feed_silent_for_longer_than_ten_minutes_and_critical_after_thirty(minutes: float, expected: list[str]) -> None:
    assert severities("feed_silent", feed(minutes)) == expected


@pytest.mark.parametrize(("hours", "expected"), [(95.9, 1), (96.0, 1), (96.1, 0)])
def test_a_feed_that_was_not_seen_lately_is_not_missed(hours: float, expected: int) -> None:
    assert len(asked("feed_silent", feed(60 * hours))) == expected
    assert len(asked("feed_silent", feed(60 * hours, is_traded=True))) == 1


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2024-11-21T21:59", 1),
        ("2024-11-21T22:00", 0),  # the hour in which gold rests
        ("2024-11-21T23:10", 0),  # open for ten minutes
        ("2024-11-21T23:11", 1),
        ("2024-11-23T12:00", 0),  # Saturday
        ("2024-11-28T19:29", 1),  # Thanksgiving closes at 19:30
        ("2024-11-28T19:30", 0),
    ],
)
def test_a_feed_may_be_silent_while_the_exchange_is_closed(now: str, expected: int) -> None:
    at = dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC)
    facts = quiet(feeds=(Feed(instrument="MGC", calendar=GOLD, newest=NOW, is_traded=True),))
    assert len(asked("feed_silent", facts, at)) == expected


def test_what_has_no_calendar_or_never_came_and_is_not_traded_is_not_missed() -> None:
    assert not asked("feed_silent", feed(60, calendar=None))
    assert not asked("feed_silent", feed(None))
    (alert,) = asked("feed_silent", feed(None, is_traded=True, open_trades=2))
    assert "none has ever come" in alert.message
    assert "2 open trades are not watched" in alert.message


@pytest.mark.parametrize(("gaps", "expected"), [(1, []), (2, []), (3, ["WARNING"])])
def test_feed_gaps_of_today_are_counted(gaps: int, expected: list[str]) -> None:
    """More than two, as these rules have it; those of the trading day before count no more."""
    before = [FeedGap(last=dt.datetime(2024, 11, 20, 22, 59, tzinfo=dt.UTC), reason="cut off")] * 5
    today = [
        FeedGap(last=dt.datetime(2024, 11, 20, 23, minute, tzinfo=dt.UTC), reason="a late row")
        for minute in range(gaps)
    ]
    of_feed = Feed(instrument="MGC", calendar=GOLD, newest=NOW, gaps=tuple(before + today))
    facts = quiet(feeds=(of_feed,), rules=rule("feed_gaps", gaps=2))
    assert severities("feed_gaps", facts) == expected
    assert not expected or "a late row" in asked("feed_gaps", facts)[0].message


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(4.9, []), (5.0, []), (5.1, ["WARNING"]), (3000.0, ["WARNING"]), (None, [])],
)
def test_bars_that_nobody_takes_are_told_after_five_minutes(minutes: float | None, expected: list[str]) -> None:
    since = None if minutes is None else NOW - dt.timedelta(minutes=minutes)
    of_feed = Feed(instrument="MGC", calendar=GOLD, newest=NOW, waiting_since=since)
    assert severities("bars_untaken", quiet(feeds=(of_feed,))) == expected


# Gates, waivers, runs, events.


def gate(**changes: Any) -> GateState:
    whole = {"asset": "bars_1m", "check": "schema", "scope": "MGC", "is_account": False, "message": "a bad price"}
    return GateState(**{**whole, "next_step": "Gate bars_1m/schema of MGC does not hold.", **changes})


def test_a_gate_that_does_not_hold_is_told_unless_it_is_waived() -> None:
    (alert,) = asked("gate_failed", quiet(gates=(gate(),)))
    assert (alert.severity, alert.instrument, alert.account) == ("WARNING", "MGC", None)
    assert not asked("gate_failed", quiet(gates=(gate(waiver=3, until=TODAY),)))


@pytest.mark.parametrize(("left", "expected"), [(8, []), (7, ["WARNING"]), (6, ["WARNING"]), (0, ["WARNING"])])
def test_a_waiver_that_something_stands_on_is_told_in_its_last_week(left: int, expected: list[str]) -> None:
    waived = gate(waiver=3, until=TODAY + dt.timedelta(days=left))
    assert severities("waiver_ending", quiet(gates=(waived,))) == expected


def run(*, failed: bool) -> RunEnd:
    return RunEnd(job="account_job", scope="25k", run_id="a1b2", ended_at=NOW, failed=failed, message="a gate failed.")


def test_a_run_that_failed_is_told_until_the_next_one_goes_well() -> None:
    (alert,) = asked("run_failed", quiet(runs=(run(failed=True),)))
    assert (alert.severity, alert.condition) == ("WARNING", "run_failed:account_job:25k")
    assert "failed at 2024-11-21 15:30 UTC: a gate failed. Run a1b2" in alert.message
    assert not asked("run_failed", quiet(runs=(run(failed=False),)))
    assert not asked("run_failed", quiet(runs=None))


@pytest.mark.parametrize(("back", "expected"), [(0, ["INFO"]), (1, ["INFO"]), (2, [])])
def test_a_contract_roll_is_told_for_a_day(back: int, expected: list[str]) -> None:
    rolled = Event(
        event="roll", trading_day=TODAY - dt.timedelta(days=back), reason="MGCZ24 to MGCG25", instrument="MGC"
    )
    assert severities("contract_roll", quiet(events=(rolled,))) == expected


def test_a_limit_is_told_until_the_account_begins_another_day() -> None:
    limit = Event(event="limit", trading_day=TODAY, reason="-5.1 R", account="25k", check="circuit_breaker")
    (alert,) = asked("limit_reached", quiet(events=(limit,)))
    assert (alert.severity, alert.account) == ("WARNING", "25k")
    assert "(circuit_breaker)" in alert.message
    tomorrow = TODAY + dt.timedelta(days=1)
    assert asked("limit_reached", quiet(events=(limit,), begun={"25k": TODAY, "50k": tomorrow}))
    assert not asked("limit_reached", quiet(events=(limit,), begun={"25k": tomorrow}))


def test_a_limit_that_ends_the_account_makes_the_same_condition_critical_and_stays() -> None:
    limit = Event(event="limit", trading_day=TODAY, reason="floor", account="25k", check="drawdown")
    lost = Event(event="account_lost", trading_day=TODAY, reason="a drawdown rule ended the account", account="25k")
    (before,) = asked("limit_reached", quiet(events=(limit,)))
    (after,) = asked("limit_reached", quiet(events=(limit, lost)))
    assert (before.condition, before.severity, after.severity) == (after.condition, "WARNING", "CRITICAL")
    assert asked("limit_reached", quiet(events=(lost,), begun={"25k": TODAY + dt.timedelta(days=1)}))


def test_thresholds_are_data() -> None:
    facts = quiet(trades=trades_of_today([-2.0]), rules=rule("drawdown", below_r=-1.0, severity="CRITICAL"))
    assert severities("drawdown", facts) == ["CRITICAL"]
    assert np.isclose(asked("drawdown", facts)[0].threshold or 0, -1.0)
