"""The sender reaches a service over HTTP, says why it was not taken, and ends when its time is over."""

from __future__ import annotations

import pytest

from orb_pipeline.monitoring.notification.addresses import Addresses
from orb_pipeline.monitoring.notification.sending import send
from orb_pipeline.monitoring.notification.spacing import Sending
from orb_pipeline_tests.monitoring.notification.receiver import PASSWORD, TOKEN, receiver

LIMIT = 60.0


def sending(channel: str, title: str = "a title", severity: str = "INFO") -> Sending:
    return Sending(channel, severity, title, "a body\nof two lines", ("key",))


def test_messages_arrive_in_order_as_they_were_written() -> None:
    with receiver() as phone:
        outcomes = send(
            [sending("phone", "one"), sending("phone", "two", "CRITICAL")], Addresses({"phone": phone.address}), LIMIT
        )
    assert [outcome.taken for outcome in outcomes] == [True, True]
    assert phone.titles == ["one", "two"]
    assert phone.messages[0]["message"] == "a body\nof two lines"
    assert [message["type"] for message in phone.messages] == ["info", "failure"]


def test_a_refusal_is_told_without_the_secrets_of_the_address() -> None:
    with receiver(answers=[401]) as phone:
        (outcome,) = send([sending("phone")], Addresses({"phone": phone.address}), LIMIT)
    assert outcome.reason is not None
    assert "401" in outcome.reason
    assert TOKEN not in outcome.reason
    assert PASSWORD not in outcome.reason


@pytest.mark.parametrize(
    ("address", "reason"),
    [("nonsense://x", "none that apprise understands"), ("json://127.0.0.1:1/hook", "Connection error")],
)
def test_an_address_that_leads_nowhere_is_a_reason(address: str, reason: str) -> None:
    (outcome,) = send([sending("phone")], Addresses({"phone": address}), LIMIT)
    assert outcome.reason is not None
    assert reason in outcome.reason


def test_a_channel_without_an_address_starts_no_process() -> None:
    (outcome,) = send([sending("phone")], Addresses({}), 0.0)
    assert outcome.reason is not None
    assert "no address" in outcome.reason


def test_a_channel_that_never_answers_is_given_up_and_keeps_no_other_waiting() -> None:
    with receiver(is_silent=True) as silent, receiver() as phone:
        addresses = Addresses({"silent": silent.address, "phone": phone.address})
        outcomes = send([sending("silent"), sending("phone")], addresses, 5.0)
    assert len(silent.messages) == 1
    assert {outcome.sending.channel: outcome.reason for outcome in outcomes} == {
        "silent": "no answer within 5 s",
        "phone": None,
    }
