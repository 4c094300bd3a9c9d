"""Whether entries are allowed: the dashboard says what the trader decides, and nothing that it does not ask."""

from __future__ import annotations

import datetime as dt
import shutil

import pytest

from orb_pipeline.intake.tape import MarkKind, Tape
from orb_pipeline.monitoring.dashboard.panels import now
from orb_pipeline.monitoring.dashboard.panels.today import STOPPED
from orb_pipeline.orchestration.dashboard.collect import collect
from orb_pipeline.orchestration.paper.halting import halt, resume
from orb_pipeline.settings import Home
from orb_pipeline.storage.alerts import Alert, Severity, acknowledge, raise_alert, unacknowledged_critical
from orb_pipeline.storage.paper import TradingEvent, record_events
from orb_pipeline_tests.browser.homes import ACCOUNT, FINISHED, SYMBOL, workshop_of

AT = dt.datetime(2026, 3, 3, 9, tzinfo=dt.UTC)


@pytest.fixture
def resting(replayed_home: Home, home: Home) -> Home:
    """No paper day is open, and the next one may begin."""
    shutil.copytree(replayed_home.root, home.root)
    return home


@pytest.fixture
def trading(traded_home: Home, home: Home) -> Home:
    """A paper day is open, and its CRITICAL alert has been seen."""
    shutil.copytree(traded_home.root, home.root)
    see(home)
    return home


def see(home: Home) -> None:
    """Acknowledge what is CRITICAL."""
    with workshop_of(home).warehouse.transaction() as connection:
        for alert in unacknowledged_critical(connection):
            acknowledge(connection, alert.alert_id, AT, "a test")


def stops(home: Home) -> dict[str, str]:
    """Kind and reason of all that stops entries; the first look says the same."""
    workshop = workshop_of(home)
    data = collect(workshop, workshop.catalogue.account(ACCOUNT))
    found = {row["kind"]: row["reason"] for row in data[STOPPED].records}
    assert ("Allowed" in now.panel(data).html) == (not found)
    return found


def fail(home: Home, asset: str, check: str, scope: str) -> None:
    """A verdict on what was built last, which is built where it has not been."""
    with workshop_of(home).warehouse.transaction() as connection:
        connection.execute(
            "insert into asset_builds (asset, instrument, content_hash, inputs, row_count, seconds, simulated, "
            "waivers, run_id, built_at) select $asset, $scope, 'h', '{}', 0, 0, false, [], 'a test', $at "
            "where not exists (select * from asset_builds where asset = $asset and instrument = $scope)",
            {"asset": asset, "scope": scope, "at": AT},
        )
        connection.execute(
            "insert or replace into gate_verdicts (asset, check_name, instrument, content_hash, passed, message, "
            "judged_at) select asset, $check, instrument, content_hash, false, 'no', $at from asset_builds "
            "where asset = $asset and instrument = $scope",
            {"asset": asset, "check": check, "scope": scope, "at": AT},
        )


def test_a_failed_gate_stops_entries_only_where_they_ask_for_it(resting: Home) -> None:
    fail(resting, "bars_1m", "schema", "MGC")
    assert stops(resting) == {}
    fail(resting, "validated_setups", "schema", SYMBOL)
    assert "Gate validated_setups/schema of XAUUSD does not hold" in stops(resting)["blocked"]


def test_a_critical_alert_stops_entries_until_it_is_acknowledged_whatever_was_published(resting: Home) -> None:
    alert = Alert(
        alert="feed_silent", condition="silent", severity=Severity.CRITICAL, message="No file came.", raised_at=AT
    )
    with workshop_of(resting).warehouse.transaction() as connection:
        raise_alert(connection, alert)
    fail(resting, "monitor_alerts", "no_open_critical", ACCOUNT)
    assert "(feed_silent) is CRITICAL and not acknowledged" in stops(resting)["blocked"]
    see(resting)
    assert stops(resting) == {}


def test_a_lost_account_enters_nothing_though_no_alert_is_open(resting: Home) -> None:
    lost = TradingEvent(AT, "account_lost", "a drawdown rule", "test:lost", account=ACCOUNT, trading_day=FINISHED)
    with workshop_of(resting).warehouse.transaction() as connection:
        record_events(connection, [lost], AT)
    assert stops(resting) == {"account_drawdown": "the account was lost on 2026-03-02 by its drawdown rule"}


def test_a_halt_stops_entries_until_somebody_resumes(resting: Home) -> None:
    halt(resting, "news", AT)
    assert stops(resting) == {"halt": "news"}
    resume(resting, AT)
    assert stops(resting) == {}


def test_a_block_stops_the_day_that_is_open_and_not_one_that_may_begin(resting: Home) -> None:
    Tape(resting).mark(MarkKind.BLOCKED, AT, "a gate that holds again", account=ACCOUNT)
    assert stops(resting) == {}


def test_a_day_that_is_open_is_stopped_by_what_it_stands_on(trading: Home) -> None:
    fail(trading, "bars_1m", "schema", "MGC")
    assert stops(trading) == {}
    fail(trading, "validated_setups", "schema", SYMBOL)
    assert "Gate validated_setups/schema of XAUUSD does not hold" in stops(trading)["blocked"]
    Tape(trading).mark(MarkKind.BLOCKED, AT, "a gate", account=ACCOUNT)
    assert stops(trading) == {"blocked": "a gate"}
