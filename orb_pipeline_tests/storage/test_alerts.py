"""An alert is raised once while its condition stands, acknowledged once, and raised anew only after it was over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orb_pipeline.errors import InputError
from orb_pipeline.storage.alerts import (
    Alert,
    Changed,
    Severity,
    Status,
    acknowledge,
    last_evaluated,
    open_alerts,
    raise_alert,
    raise_or_restate,
    raise_rejections,
    resolve,
    resolve_all,
    settle,
    standing_alerts,
    unacknowledged_critical,
)
from orb_pipeline.storage.warehouse import Warehouse

NOW = dt.datetime(2026, 3, 4, 5, 6, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)
DAY = dt.date(2026, 3, 3)
ALERT = Alert(
    alert="drawdown",
    condition="drawdown:25k",
    severity=Severity.CRITICAL,
    message="the account fell",
    raised_at=NOW,
    account="25k",
    trading_day=DAY,
    value=-6.5,
    threshold=-5.0,
)
Connection = duckdb.DuckDBPyConnection


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with Warehouse(tmp_path / "warehouse.duckdb").transaction() as connection:
        yield connection


def statuses(connection: Connection) -> list[tuple[int, str]]:
    return connection.execute("select occurrence, status from monitor_alerts order by alert_id").fetchall()


# Raised once.


def test_an_alert_is_stored_as_it_was_raised(connection: Connection) -> None:
    assert raise_alert(connection, ALERT)
    (stored,) = open_alerts(connection)
    assert Alert(**{name: getattr(stored, name) for name in Alert.__dataclass_fields__}) == ALERT
    assert (stored.occurrence, stored.status, stored.acknowledged_at, stored.resolved_at) == (
        1,
        Status.OPEN,
        None,
        None,
    )


def test_a_condition_that_stands_is_not_raised_again(connection: Connection) -> None:
    raise_alert(connection, ALERT)
    assert not raise_alert(connection, replace(ALERT, message="again", raised_at=LATER))
    acknowledge(connection, open_alerts(connection)[0].alert_id, LATER, "me")
    assert not raise_alert(connection, ALERT)
    assert statuses(connection) == [(1, "acknowledged")]


def test_another_condition_is_another_alert(connection: Connection) -> None:
    raise_alert(connection, ALERT)
    assert raise_alert(connection, replace(ALERT, condition="drawdown:50k", account="50k"))
    assert [alert.account for alert in open_alerts(connection)] == ["25k", "50k"]


def test_a_condition_that_was_resolved_is_raised_anew(connection: Connection) -> None:
    raise_alert(connection, ALERT)
    assert resolve(connection, ALERT.condition, LATER)
    assert not resolve(connection, ALERT.condition, LATER)
    assert raise_alert(connection, ALERT)
    assert statuses(connection) == [(1, "resolved"), (2, "open")]
    assert not raise_alert(connection, ALERT)


def test_what_never_stood_cannot_be_resolved(connection: Connection) -> None:
    assert not resolve(connection, "nothing", NOW)


# Seen by somebody.


def test_an_acknowledged_alert_says_by_whom_and_stands(connection: Connection) -> None:
    raise_alert(connection, ALERT)
    seen = acknowledge(connection, open_alerts(connection)[0].alert_id, LATER, "me")
    assert (seen.status, seen.acknowledged_at, seen.acknowledged_by) == (Status.ACKNOWLEDGED, LATER, "me")
    assert open_alerts(connection) == []
    assert standing_alerts(connection) == [seen]


def test_only_open_critical_alerts_count_as_unacknowledged(connection: Connection) -> None:
    for number, severity in enumerate(Severity):
        raise_alert(connection, replace(ALERT, condition=str(number), severity=severity))
    (critical,) = unacknowledged_critical(connection)
    assert critical.severity is Severity.CRITICAL
    acknowledge(connection, critical.alert_id, LATER, "me")
    assert unacknowledged_critical(connection) == []


def test_an_unknown_alert_is_refused_with_the_open_ones(connection: Connection) -> None:
    raise_alert(connection, ALERT)
    number = open_alerts(connection)[0].alert_id
    with pytest.raises(InputError, match=rf"no alert 77; expected an open one \({number}\)"):
        acknowledge(connection, 77, NOW, "me")
    resolve(connection, ALERT.condition, NOW)
    with pytest.raises(InputError, match=r"\(none\)"):
        acknowledge(connection, 77, NOW, "me")


def test_an_alert_is_acknowledged_once(connection: Connection) -> None:
    raise_alert(connection, ALERT)
    number = open_alerts(connection)[0].alert_id
    acknowledge(connection, number, LATER, "me")
    with pytest.raises(InputError, match=r"\(drawdown\) was acknowledged by me at 2026-03-04 06:06 UTC already"):
        acknowledge(connection, number, LATER, "you")


def test_what_is_over_needs_no_acknowledgement(connection: Connection) -> None:
    raise_alert(connection, ALERT)
    number = open_alerts(connection)[0].alert_id
    resolve(connection, ALERT.condition, LATER)
    with pytest.raises(InputError, match="was resolved at 2026-03-04 06:06 UTC"):
        acknowledge(connection, number, LATER, "me")


# Rejected bars.


def test_rejected_bars_make_one_alert_a_day_and_reason(connection: Connection) -> None:
    counts = {
        ("MGC", DAY, "late_bar"): (3, "0001.csv"),
        ("MGC", DAY, "off_tick_grid"): (1, "0001.csv"),
        ("MGC", None, "unreadable_file"): (1, "half.csv"),
    }
    assert len(raise_rejections(connection, counts, NOW)) == 3
    late, off_grid, unreadable = open_alerts(connection)
    assert (late.alert, late.severity, late.value) == ("bars_rejected", Severity.WARNING, 3.0)
    assert late.message.startswith("3 rows of MGC of 2026-03-03 rejected: late_bar, the latest in 0001.csv.")
    assert off_grid.message.startswith("1 row of MGC of 2026-03-03 rejected")
    assert unreadable.message.startswith(
        "1 row of MGC without a time that can be right rejected: unreadable_file, the latest in half.csv."
    )
    assert (late.trading_day, unreadable.trading_day) == (DAY, None)


def test_rejections_of_days_that_are_over_are_over_until_there_are_more(connection: Connection) -> None:
    counts = {("MGC", DAY, "late_bar"): (3, "0001.csv"), ("MGC", LATER.date(), "late_bar"): (1, "0002.csv")}
    raise_rejections(connection, counts, NOW)
    resolve_all(connection, "bars_rejected", LATER, before=LATER.date())
    assert [alert.trading_day for alert in standing_alerts(connection)] == [LATER.date()]
    assert raise_rejections(connection, counts, LATER) == []
    (alert,) = raise_rejections(connection, {("MGC", DAY, "late_bar"): (4, "0003.csv")}, LATER)
    assert alert.value == 4.0


def test_rejections_without_a_readable_time_are_of_the_day_on_which_they_were_raised_or_opened_again(
    connection: Connection,
) -> None:
    late = dt.datetime(2026, 3, 3, 23, 30, tzinfo=dt.UTC)  # of the trading day that began at 23:00
    raise_rejections(connection, {("MGC", None, "unreadable_file"): (1, "half.csv")}, late)
    resolve_all(connection, "bars_rejected", LATER, before=dt.date(2026, 3, 4))
    (alert,) = open_alerts(connection)
    acknowledge(connection, alert.alert_id, LATER, "me")
    raise_rejections(connection, {("MGC", None, "unreadable_file"): (2, "half.csv")}, late + dt.timedelta(days=1))
    resolve_all(connection, "bars_rejected", LATER, before=dt.date(2026, 3, 5))
    assert len(open_alerts(connection)) == 1
    resolve_all(connection, "bars_rejected", LATER, before=dt.date(2026, 3, 6))
    assert standing_alerts(connection) == []


def test_of_a_kind_all_is_over_but_what_is_named_and_what_others_have(connection: Connection) -> None:
    for condition, account in (("drawdown:a", "25k"), ("drawdown:b", "25k"), ("drawdown:c", "50k")):
        raise_alert(connection, replace(ALERT, condition=condition, account=account))
    resolve_all(connection, "drawdown", LATER, but=["drawdown:b"], account="25k")
    assert [alert.condition for alert in standing_alerts(connection)] == ["drawdown:b", "drawdown:c"]


def test_the_same_counts_change_nothing(connection: Connection) -> None:
    counts = {("MGC", DAY, "late_bar"): (3, "0001.csv")}
    raise_rejections(connection, counts, NOW)
    before = open_alerts(connection)
    assert raise_rejections(connection, counts, LATER) == []
    assert raise_rejections(connection, {("MGC", DAY, "off_tick_grid"): (0, "")}, LATER) == []
    assert open_alerts(connection) == before


def test_more_of_them_raise_the_count_and_open_the_alert_again(connection: Connection) -> None:
    raise_rejections(connection, {("MGC", DAY, "late_bar"): (3, "0001.csv")}, NOW)
    acknowledge(connection, open_alerts(connection)[0].alert_id, NOW, "me")
    assert len(raise_rejections(connection, {("MGC", DAY, "late_bar"): (4, "0002.csv")}, LATER)) == 1
    (alert,) = open_alerts(connection)
    assert (alert.value, alert.occurrence, alert.acknowledged_by) == (4.0, 1, None)
    assert alert.message.startswith("4 rows")


def test_what_grows_after_it_was_acknowledged_opens_again_and_what_shrinks_is_told_as_it_is(
    connection: Connection,
) -> None:
    few = replace(ALERT, message="2 differ", value=2.0)
    raise_or_restate(connection, few, NOW)
    raise_or_restate(connection, replace(few, message="3 differ", value=3.0), LATER)
    (stored,) = open_alerts(connection)
    assert (stored.message, stored.value, stored.escalated_at) == ("3 differ", 3.0, None)
    acknowledge(connection, stored.alert_id, LATER, "me")
    raise_or_restate(connection, few, LATER)
    (stored,) = standing_alerts(connection)
    assert (stored.message, stored.value, stored.status) == ("2 differ", 2.0, Status.ACKNOWLEDGED)
    raise_or_restate(connection, replace(few, message="4 differ", value=4.0), LATER)
    (stored,) = open_alerts(connection)
    assert (stored.message, stored.escalated_at, stored.acknowledged_by) == ("4 differ", LATER, None)
    resolve(connection, ALERT.condition, LATER)
    raise_or_restate(connection, few, LATER)
    assert statuses(connection) == [(1, "resolved"), (2, "open")]


# Settled: what an evaluation answers becomes what stands.

KINDS = ("drawdown", "feed_silent")
SILENT = replace(ALERT, alert="feed_silent", condition="feed_silent:MGC", severity=Severity.WARNING, message="silent")


def told(changes: tuple[Changed, ...]) -> list[tuple[str, str]]:
    return [(item.alert.condition, item.change.value) for item in changes]


def test_settling_raises_once_and_resolves_what_is_no_longer_answered(connection: Connection) -> None:
    assert told(settle(connection, [ALERT, SILENT], KINDS, NOW)) == [
        ("drawdown:25k", "raised"),
        ("feed_silent:MGC", "raised"),
    ]
    assert settle(connection, [ALERT, SILENT], KINDS, LATER) == ()
    assert told(settle(connection, [SILENT], KINDS, LATER)) == [("drawdown:25k", "resolved")]
    assert told(settle(connection, [ALERT, SILENT], KINDS, LATER)) == [("drawdown:25k", "raised")]
    assert statuses(connection) == [(1, "resolved"), (1, "open"), (2, "open")]


def test_what_has_become_graver_opens_again_and_says_since_when(connection: Connection) -> None:
    settle(connection, [SILENT], KINDS, NOW)
    acknowledge(connection, 1, NOW, "me")
    graver = replace(SILENT, severity=Severity.CRITICAL, message="silent for long", value=31.0)
    assert told(settle(connection, [graver], KINDS, LATER)) == [("feed_silent:MGC", "escalated")]
    (stored,) = open_alerts(connection)
    assert (stored.severity, stored.message, stored.value) == (Severity.CRITICAL, "silent for long", 31.0)
    assert (stored.raised_at, stored.escalated_at, stored.acknowledged_by) == (NOW, LATER, None)
    assert settle(connection, [graver], KINDS, LATER) == ()


def test_what_becomes_lighter_stays_as_grave_as_it_was(connection: Connection) -> None:
    settle(connection, [replace(SILENT, severity=Severity.CRITICAL)], KINDS, NOW)
    assert settle(connection, [SILENT], KINDS, LATER) == ()
    assert len(unacknowledged_critical(connection)) == 1


def test_what_stands_on_takes_its_present_figures_without_opening_again(connection: Connection) -> None:
    settle(connection, [SILENT], KINDS, NOW)
    acknowledge(connection, 1, NOW, "me")
    assert settle(connection, [replace(SILENT, message="silent still", value=20.0, chance=0.5)], KINDS, LATER) == ()
    (stored,) = standing_alerts(connection)
    assert (stored.message, stored.value, stored.chance, stored.status) == (
        "silent still",
        20.0,
        0.5,
        Status.ACKNOWLEDGED,
    )


def test_the_last_look_is_known_though_nothing_was_found(connection: Connection) -> None:
    assert last_evaluated(connection) is None
    settle(connection, [], KINDS, NOW)
    settle(connection, [], KINDS, LATER)
    assert last_evaluated(connection) == LATER


def test_settling_leaves_alerts_of_other_kinds_alone(connection: Connection) -> None:
    raise_alert(connection, replace(ALERT, alert="reconciliation", condition="reconciliation:25k"))
    assert settle(connection, [], KINDS, LATER) == ()
    assert len(standing_alerts(connection)) == 1
    with pytest.raises(ValueError, match="is of none of the kinds"):
        settle(connection, [ALERT], ("feed_silent",), NOW)
    with pytest.raises(ValueError, match="or is there twice"):
        settle(connection, [ALERT, ALERT], KINDS, NOW)
