"""News reaches a channel once, comes again when it was not taken, and never stands in the way of trading."""

from __future__ import annotations

import datetime as dt
import json
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.monitoring.notification.addresses import Addresses
from orb_pipeline.monitoring.notification.sending import Outcome
from orb_pipeline.monitoring.notification.spacing import Sending
from orb_pipeline.orchestration.notifying import Delivered, deliver, queue_news, tell, telling
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import Home
from orb_pipeline.storage.alerts import (
    Alert,
    Severity,
    acknowledge,
    open_alerts,
    raise_alert,
    raise_rejections,
    resolve,
)
from orb_pipeline.storage.notifications import select_dead_letters, select_waiting
from orb_pipeline.storage.paper import TradingEvent, record_events
from orb_pipeline_tests.catalogue.user_files import with_file
from orb_pipeline_tests.monitoring.notification.receiver import PASSWORD, TOKEN, Receiver, receiver
from orb_pipeline_tests.monitoring.notification.rows import DAY, NOW, REFUSED, STRATEGY, WON, journal_row

RULES = "delivery: {attempts: 2, step_seconds: 60}\nchannels: {phone: {burst: 100, from_severity: INFO}}"


@dataclass
class House:
    """A home whose clock is set by hand, and one channel to tell."""

    workshop: Workshop
    now: dt.datetime = NOW
    channels: dict[str, str] = field(default_factory=dict)

    @property
    def addresses(self) -> Addresses:
        return Addresses(self.channels)

    def write(self, table: str, row: Mapping[str, Any]) -> None:
        with self.workshop.warehouse.transaction() as connection:
            places = ", ".join("?" * len(row))
            connection.execute(f"insert into {table} ({', '.join(row)}) values ({places})", list(row.values()))

    def begin_day(self, finished_at: dt.datetime | None = None) -> None:
        row = {"account": "25k", "trading_day": DAY, "terms": "{}", "members": '[{"strategy_id": "x"}]'}
        row |= {"contents": "{}", "equity": 25_000.0, "highest_equity": 25_000.0, "began_at": NOW, "simulated": False}
        self.write("paper_days", row | {"finished_at": finished_at})

    def queue(self) -> int:
        with self.workshop.warehouse.transaction() as connection:
            rules = self.workshop.catalogue.notifications
            return queue_news(connection, rules, self.addresses.names, self.now)

    def deliver(self) -> Delivered:
        return deliver(self.workshop, self.now, self.addresses)

    def alert(self, message: str = "look", severity: Severity = Severity.WARNING, condition: str = "it") -> None:
        with self.workshop.warehouse.transaction() as connection:
            alert = Alert(alert="a", condition=condition, severity=severity, message=message, raised_at=self.now)
            raise_alert(connection, alert)

    def waits(self) -> list[str]:
        with self.workshop.warehouse.transaction() as connection:
            return [item.key for item in select_waiting(connection)]


@pytest.fixture
def house(home: Home) -> House:
    home.root.mkdir()
    catalogue = load_catalogue(with_file(home.catalogue, "notifications.yaml", RULES))
    house = House(Workshop(home, catalogue))
    house.workshop.now = lambda: house.now
    return house


@pytest.fixture
def phone(house: House) -> Iterator[Receiver]:
    with receiver() as phone:
        house.channels["phone"] = phone.address
        yield phone


# Told once.


def test_what_happens_on_a_paper_day_reaches_the_phone_in_order_and_once(house: House, phone: Receiver) -> None:
    house.begin_day()
    house.write("trade_journal", journal_row())
    assert house.queue() == 1
    assert house.deliver().delivered == 1
    with house.workshop.warehouse.transaction() as connection:
        connection.execute("delete from trade_journal")
    house.write("trade_journal", journal_row(**WON))
    house.write("trade_journal", journal_row(strategy_id="B", **REFUSED))
    with house.workshop.warehouse.transaction() as connection:
        record_events(connection, [TradingEvent(NOW, "halt", "by hand", "tape:7")], NOW)
        connection.execute("update paper_days set finished_at = ?", [NOW])
    house.alert()
    assert house.queue() == 5
    assert house.queue() == 0
    assert house.deliver().delivered == 5
    assert house.deliver() == Delivered()
    assert phone.titles == [
        f"Entry: {STRATEGY} long 2 (25k)",
        "Halt: all accounts",
        "Refused by max_daily_trades: B long 2 (25k)",
        f"Win +1.90 R: {STRATEGY} long 2 (25k)",
        "WARNING: a",
        f"25k on {DAY}: +1.90 R in 1 trades",
    ]


def test_an_alert_that_becomes_graver_or_is_over_is_told_again(house: House, phone: Receiver) -> None:
    house.alert()
    house.queue()
    with house.workshop.warehouse.transaction() as connection:
        connection.execute("update monitor_alerts set severity = 'CRITICAL'")
    house.queue()
    with house.workshop.warehouse.transaction() as connection:
        resolve(connection, "it", NOW)
    house.queue()
    house.deliver()
    assert phone.titles == ["WARNING: a", "CRITICAL: a", "Over: a"]


def test_rejected_bars_are_told_again_when_more_of_them_open_an_acknowledged_alert_again(
    house: House, phone: Receiver
) -> None:
    for count in (1, 2, 3):
        with house.workshop.warehouse.transaction() as connection:
            raise_rejections(connection, {("MGC", DAY, "late_bar"): (count, "0001.csv")}, house.now)
            if count == 2:  # 1 and 2 are one alert that nobody has seen yet
                (alert,) = open_alerts(connection)
                acknowledge(connection, alert.alert_id, house.now, "me")
        house.queue()
    house.deliver()
    assert [message["message"].split(" of ")[0] for message in phone.messages] == ["1 row", "3 rows"]


def test_a_channel_without_an_address_is_told_nothing_then_or_later(house: House) -> None:
    house.alert()
    assert house.queue() == 1
    assert house.waits() == []
    house.channels["phone"] = "json://127.0.0.1:1"
    assert house.queue() == 0
    assert house.waits() == []


def test_old_news_is_not_told(house: House, phone: Receiver) -> None:
    house.begin_day(finished_at=NOW)
    house.write("trade_journal", journal_row(**WON))
    with house.workshop.warehouse.transaction() as connection:
        record_events(connection, [TradingEvent(NOW, "halt", "by hand", "tape:7")], NOW)
    house.now += dt.timedelta(hours=24, seconds=1)
    assert house.queue() == 0


# Taken, or not.


def test_what_is_not_taken_comes_again_after_a_while(house: House, phone: Receiver) -> None:
    phone.answers.append(500)
    house.alert()
    house.queue()
    first = house.deliver()
    assert (first.delivered, first.failed, first.waiting) == (0, 1, 1)
    house.now += dt.timedelta(seconds=9)
    assert (house.deliver().delivered, len(phone.messages)) == (0, 1)
    house.now += dt.timedelta(seconds=1)
    assert house.deliver().delivered == 1
    assert phone.titles == ["WARNING: a"] * 2


def test_what_is_never_taken_becomes_a_dead_letter_with_its_reason_and_an_alert(house: House, phone: Receiver) -> None:
    phone.answers += [500, 503, 200]
    house.alert()
    house.queue()
    house.deliver()
    house.now += dt.timedelta(seconds=10)
    assert (house.deliver().buried, house.waits()) == (1, [])
    with house.workshop.warehouse.transaction() as connection:
        (letter,) = select_dead_letters(connection)
        failing = open_alerts(connection)[-1]
    assert (letter.channel, letter.attempts, letter.title) == ("phone", 2, "WARNING: a")
    assert "503" in letter.reason
    assert (failing.alert, failing.condition) == ("notifications", "notifications:phone")
    house.queue()
    house.deliver()
    with house.workshop.warehouse.transaction() as connection:
        assert [alert.alert for alert in open_alerts(connection)] == ["a"]


def test_no_table_holds_an_address_or_a_part_of_one(house: House, phone: Receiver) -> None:
    phone.answers += [500, 500]
    house.alert()
    house.queue()
    house.deliver()
    house.now += dt.timedelta(seconds=10)
    house.deliver()
    with house.workshop.warehouse.transaction() as connection:
        tables = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
        content = json.dumps([connection.execute(f"from {table}").fetchall() for table in tables], default=str)
    assert "error=500" in content
    assert TOKEN not in content
    assert PASSWORD not in content


@pytest.mark.parametrize("seconds", [300, 3600])
def test_a_channel_that_is_down_for_a_day_is_told_of_however_seldom_it_is_tried(
    house: House, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    object.__setattr__(house.workshop.catalogue, "notifications", load_catalogue().notifications)
    house.channels["phone"] = "json://127.0.0.1:1"
    tried: list[Sending] = []

    def refuse(sendings: Sequence[Sending], *_rest: object) -> list[Outcome]:
        tried.extend(sendings)
        return [Outcome(sending, "the service is down") for sending in sendings]

    monkeypatch.setattr("orb_pipeline.orchestration.delivering.send", refuse)
    house.alert()
    house.queue()
    while house.waits():
        house.now += dt.timedelta(seconds=seconds)
        house.deliver()
    assert len(tried) < house.workshop.catalogue.notifications.delivery.attempts
    with house.workshop.warehouse.transaction() as connection:
        failing = open_alerts(connection)[-1]
    assert failing.condition == "notifications:phone"
    assert "the service is down" in failing.message


def test_news_that_nobody_took_within_a_day_is_given_up(house: House) -> None:
    house.channels["phone"] = "json://127.0.0.1:1"
    house.alert()
    house.queue()
    house.now += dt.timedelta(hours=25)
    assert (house.deliver().buried, house.waits()) == (1, [])


def test_a_channel_that_is_gone_leaves_dead_letters(house: House, phone: Receiver) -> None:
    house.alert()
    house.queue()
    changed = house.workshop.catalogue.notifications.model_copy(update={"channels": {}})
    object.__setattr__(house.workshop.catalogue, "notifications", changed)
    assert house.deliver().buried == 1
    with house.workshop.warehouse.transaction() as connection:
        assert "notifications.yaml" in select_dead_letters(connection)[0].reason


def test_what_exceeds_the_rate_is_bundled_and_the_rate_is_kept_between_steps(house: House, phone: Receiver) -> None:
    channels = {"phone": house.workshop.catalogue.notifications.channels["phone"].model_copy(update={"burst": 2})}
    rules = house.workshop.catalogue.notifications.model_copy(update={"channels": channels})
    object.__setattr__(house.workshop.catalogue, "notifications", rules)
    for number in range(4):
        house.alert(condition=str(number))
    house.queue()
    assert house.deliver().delivered == 4
    assert phone.titles == ["WARNING: a", "3 messages"]
    house.alert(condition="one more")
    house.queue()
    assert house.deliver() == Delivered(waiting=1)
    house.now += dt.timedelta(seconds=10)  # six a minute
    assert house.deliver().delivered == 1


# Beside trading.


def test_whatever_is_wrong_is_logged_once_and_not_raised(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house.workshop.home.secrets.write_text("notify: {phone: 'json://token'}")
    house.workshop.home.secrets.chmod(0o644)
    with caplog.at_level(logging.ERROR):
        trouble = tell(house.workshop)
        assert tell(house.workshop, trouble) == trouble
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "chmod 600" in caplog.text
    assert "token" not in caplog.text


def test_a_defect_is_logged_and_not_raised(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError

    monkeypatch.setenv("ORB_NOTIFY_PHONE", "json://127.0.0.1")
    monkeypatch.setattr("orb_pipeline.orchestration.notifying.queue_news", broken)
    assert tell(house.workshop) == "RuntimeError"
    assert "trading goes on" in caplog.text


def test_without_a_channel_the_warehouse_stays_closed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_arguments: object) -> None:
        raise AssertionError

    monkeypatch.setattr(type(house.workshop.warehouse), "transaction", opened)
    assert tell(house.workshop) == ""


def test_a_trader_goes_on_while_a_channel_hangs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver(is_silent=True) as silent:
        monkeypatch.setenv("ORB_NOTIFY_PHONE", silent.address)
        house.alert()
        arrived = threading.Event()
        monkeypatch.setattr(silent, "messages", _Told(arrived))
        with telling(house.workshop) as news:
            news(False)
            assert arrived.wait(60)
            house.alert(condition="meanwhile")  # the warehouse is free
            silent.over.set()  # it answers after all
    assert len(house.waits()) == 0


def test_what_follows_a_day_s_end_is_done_beside_trading_and_only_then(house: House) -> None:
    done = threading.Event()
    with telling(house.workshop, heartbeat_seconds=0.01, after_day=done.set) as news:
        news(False)
        assert not done.wait(1.0)
    with telling(house.workshop, heartbeat_seconds=0.01, after_day=done.set) as news:
        news(True)
        assert done.wait(60.0)


def test_two_that_deliver_at_once_do_not_tell_twice(house: House, phone: Receiver) -> None:
    phone.is_silent = True
    arrived = threading.Event()
    phone.messages = _Told(arrived)
    house.alert()
    house.queue()
    first: list[Delivered] = []
    thread = threading.Thread(target=lambda: first.append(house.deliver()))
    thread.start()
    assert arrived.wait(60)
    assert house.deliver().is_busy
    phone.over.set()
    thread.join()
    assert (first[0].delivered, len(phone.messages)) == (1, 1)


class _Told(list[dict[str, Any]]):
    """A list that says when something was added."""

    def __init__(self, arrived: threading.Event) -> None:
        super().__init__()
        self._arrived = arrived

    def append(self, item: dict[str, Any]) -> None:
        super().append(item)
        self._arrived.set()
