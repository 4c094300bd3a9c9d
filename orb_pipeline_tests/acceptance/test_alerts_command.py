"""`orb alerts` as a user types it: what is open, and that somebody has seen it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from orb_pipeline.settings import Home
from orb_pipeline.storage.alerts import Alert, Severity, raise_alert, resolve
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.acceptance.command import orb

RAISED = dt.datetime(2026, 3, 4, 5, 6, tzinfo=dt.UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A home with a WARNING and a CRITICAL alert."""
    home = Home.at(tmp_path / "home")
    home.root.mkdir()
    with Warehouse(home.warehouse).transaction() as connection:
        for severity in (Severity.WARNING, Severity.CRITICAL):
            facts = {"condition": severity.value, "raised_at": RAISED, "account": "25k", "value": 1.0}
            raise_alert(
                connection, Alert(alert="reconciliation", severity=severity, message=f"a {severity} [thing]", **facts)
            )
    return home.root


def test_open_alerts_are_listed_for_people_and_for_scripts(root: Path) -> None:
    answer = orb(root, "alerts")
    assert answer.code == 0
    for text in ("WARNING", "CRITICAL", "2026-03-04 05:06 UTC", "a CRITICAL [thing]"):
        assert text in answer.out
    first, second = orb(root, "alerts", "--json").json()
    assert (first["severity"], second["severity"], second["status"]) == ("WARNING", "CRITICAL", "open")
    assert second["raised_at"] == RAISED.isoformat()


def test_an_acknowledged_alert_is_gone_from_the_list(root: Path) -> None:
    _, critical = orb(root, "alerts", "--json").json()
    answer = orb(root, "alerts", "--ack", str(critical["alert_id"]), "--by", "the operator", "--json")
    assert answer.code == 0
    assert "acknowledged by the operator" in answer.err
    assert [alert["severity"] for alert in answer.json()] == ["WARNING"]
    again = orb(root, "alerts", "--ack", str(critical["alert_id"]))
    assert again.code == 2
    assert "acknowledged by the operator at" in again.err


def test_an_unknown_alert_is_refused_and_nothing_is_acknowledged(root: Path) -> None:
    first, _ = orb(root, "alerts", "--json").json()
    answer = orb(root, "alerts", "--ack", str(first["alert_id"]), "--ack", "77")
    assert answer.code == 2
    assert "no alert 77" in answer.err
    assert len(orb(root, "alerts", "--json").json()) == 2


def test_a_home_without_alerts_says_so(tmp_path: Path) -> None:
    answer = orb(tmp_path / "home", "alerts")
    assert (answer.code, answer.out) == (0, "")
    assert "No open alerts; never evaluated" in answer.err
    assert orb(tmp_path / "home", "alerts", "--json").json() == []


def test_all_alerts_come_with_their_status_and_a_drift_with_its_weight(root: Path) -> None:
    drift = Alert(
        alert="expr_drift",
        condition="expr_drift:25k:S",
        severity=Severity.CRITICAL,
        message="makes less",
        raised_at=RAISED,
        value=0.05,
        threshold=0.1,
        expected=0.2,
        sample_size=50,
        chance=0.27,
    )
    with Warehouse(Home.at(root).warehouse).transaction() as connection:
        raise_alert(connection, drift)
        resolve(connection, "WARNING", RAISED)
    orb(root, "alerts", "--ack", "2", "--by", "me")
    assert [alert["alert"] for alert in orb(root, "alerts", "--json").json()] == ["expr_drift"]
    every = orb(root, "alerts", "--all", "--json").json()
    assert [alert["status"] for alert in every] == ["resolved", "acknowledged", "open"]
    shown = orb(root, "alerts", "--all").out
    for text in ("resolved 2026-03-04 05:06 UTC", "acknowledged by me", "0.05 for 0.2, n 50, chance 27.0%"):
        assert text in shown
