"""`orb notify` as a user types it: trying a channel, delivering what waits, listing what never arrived."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from orb_pipeline.settings import Home
from orb_pipeline.storage.alerts import Alert, Severity, raise_alert
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.acceptance.command import orb
from orb_pipeline_tests.monitoring.notification.receiver import PASSWORD, TOKEN, receiver


def home_with_an_alert(root: Path) -> Path:
    home = Home.at(root)
    home.root.mkdir()
    alert = Alert(
        alert="drawdown", condition="it", severity=Severity.CRITICAL, message="m", raised_at=dt.datetime.now(dt.UTC)
    )
    with Warehouse(home.warehouse).transaction() as connection:
        raise_alert(connection, alert)
    return home.root


def test_a_channel_is_tried_with_one_message(tmp_path: Path) -> None:
    with receiver() as phone:
        answer = orb(tmp_path / "home", "notify", "--test", ORB_NOTIFY_PHONE=phone.address)
    assert (answer.code, answer.out) == (0, "phone: delivered\n")
    assert phone.titles == ["Test"]


def test_a_channel_that_does_not_take_it_is_named_and_its_address_is_not(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with receiver(answers=[403]) as phone:
        secrets = home / "secrets.yaml"
        secrets.write_text(f"notify:\n  phone: {phone.address}\n")
        secrets.chmod(0o600)
        answer = orb(home, "--debug", "notify", "--test", "--channel", "phone")
    assert answer.code == 1
    assert "phone: " in answer.err
    assert "403" in answer.err
    assert TOKEN not in answer.err + answer.out
    assert PASSWORD not in answer.err + answer.out


def test_without_an_address_the_error_says_where_it_goes(tmp_path: Path) -> None:
    answer = orb(tmp_path / "home", "notify", "--test")
    assert answer.code == 2
    assert "ORB_NOTIFY_PHONE" in answer.err
    assert "secrets.yaml" in answer.err


def test_an_unknown_channel_is_refused_by_its_name(tmp_path: Path) -> None:
    answer = orb(tmp_path / "home", "notify", "--test", "--channel", "pager")
    assert answer.code == 2
    assert "'pager'" in answer.err
    assert "phone" in answer.err


def test_news_is_delivered_once(tmp_path: Path) -> None:
    root = home_with_an_alert(tmp_path / "home")
    with receiver() as phone:
        first = orb(root, "notify", ORB_NOTIFY_PHONE=phone.address)
        second = orb(root, "notify", ORB_NOTIFY_PHONE=phone.address)
    assert (first.code, first.out) == (0, "1 delivered\n")
    assert (second.code, second.out) == (0, "Nothing waits.\n")
    assert phone.titles == ["CRITICAL: drawdown"]


def test_what_never_arrived_is_listed_with_its_reason(tmp_path: Path) -> None:
    root = home_with_an_alert(tmp_path / "home")
    (root / "catalogue").mkdir()
    (root / "catalogue" / "notifications.yaml").write_text("delivery: {attempts: 1}")
    with receiver(answers=[500]) as phone:
        answer = orb(root, "notify", ORB_NOTIFY_PHONE=phone.address)
    assert answer.code == 1
    assert "1 given up" in answer.out
    (letter,) = orb(root, "notify", "--dead", "--json").json()
    assert (letter["channel"], letter["title"], letter["attempts"]) == ("phone", "CRITICAL: drawdown", 1)
    assert "500" in letter["reason"]
    assert "CRITICAL: drawdown" in orb(root, "notify", "--dead").out


def test_a_home_without_dead_letters_says_so(tmp_path: Path) -> None:
    answer = orb(tmp_path / "home", "notify", "--dead")
    assert (answer.code, answer.out) == (0, "")
    assert "No dead letters." in answer.err
