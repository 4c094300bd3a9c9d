"""All alerts fire on a prepared data set, none on a quiet one; and what every alert has to say."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from orb_pipeline.monitoring.alerts import (
    ALERTS,
    Event,
    Facts,
    Feed,
    FeedGap,
    GateState,
    RunEnd,
    evaluate,
    kinds_answered,
)
from orb_pipeline_tests.monitoring.alerts.situations import (
    GOLD,
    NOW,
    RULES,
    TODAY,
    days,
    member,
    quiet,
    ranges,
    trades,
    trades_of_today,
)

YESTERDAY = TODAY - dt.timedelta(days=1)


def troubled() -> Facts:
    """Everything at once."""
    lost_streak = trades([-1.0] * 50, YESTERDAY)
    bad_gate = GateState(
        asset="bars_1m",
        check="schema",
        scope="MGC",
        is_account=False,
        message="",
        next_step="Gate bars_1m/schema fails.",
    )
    waived = GateState(
        asset="walk_forward",
        check="no_degradation",
        scope="25k",
        is_account=True,
        message="",
        next_step="Gate walk_forward/no_degradation fails.",
        waiver=1,
        until=TODAY,
    )
    return quiet(
        trades=pd.concat([lost_streak, trades_of_today([-2.0] * 3)], ignore_index=True),
        members=(member(), member(strategy_id="MGC_1000_E2_RR1.0_CB1_ORB_G8", orb_label="1000")),
        ranges=ranges(4.0, 12.0),
        days=days((YESTERDAY, 600)),
        feeds=(
            Feed(
                instrument="MGC",
                calendar=GOLD,
                newest=NOW - dt.timedelta(hours=1),
                is_traded=True,
                waiting_since=NOW - dt.timedelta(hours=1),
                gaps=(FeedGap(last=NOW, reason="cut off"),),
            ),
        ),
        gates=(bad_gate, waived),
        runs=(RunEnd(job="research_job", scope="MGC", run_id="a1b2", ended_at=NOW, failed=True),),
        events=(
            Event(event="roll", trading_day=TODAY, reason="MGCZ24 to MGCG25", instrument="MGC"),
            Event(event="limit", trading_day=TODAY, reason="-6 R", account="25k", check="circuit_breaker"),
        ),
    )


def test_every_alert_fires_on_what_is_in_trouble() -> None:
    assert {alert.alert for alert in evaluate(troubled(), NOW)} == {name for name, _ in ALERTS}


def test_no_alert_fires_on_what_is_quiet() -> None:
    assert evaluate(quiet(), NOW) == []


def test_no_alert_fires_on_a_home_with_nothing_in_it() -> None:
    assert evaluate(Facts(rules=RULES), NOW) == []


def test_every_alert_has_a_condition_of_its_own_and_says_what_to_do() -> None:
    found = evaluate(troubled(), NOW)
    assert len({alert.condition for alert in found}) == len(found)
    for alert in found:
        assert alert.condition.startswith(f"{alert.alert}:")
        assert alert.message.endswith(".")
        assert "  " not in alert.message


def test_asked_twice_they_answer_the_same() -> None:
    assert evaluate(troubled(), NOW) == evaluate(troubled(), NOW)


def test_every_alert_has_its_rule_and_its_file() -> None:
    assert [name for name, _ in ALERTS] == list(type(RULES).model_fields)
    assert all(ask.__module__.endswith(f".{name}") for name, ask in ALERTS)


def test_without_a_look_at_the_runs_their_alerts_are_not_answered() -> None:
    assert "run_failed" not in kinds_answered(quiet(runs=None))
    assert "run_failed" in kinds_answered(quiet())
