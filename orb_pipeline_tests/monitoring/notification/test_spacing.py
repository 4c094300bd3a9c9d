"""A channel gets so many messages and no more; what exceeds them is told all the same, in one."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from orb_pipeline.catalogue import Channel, load_catalogue
from orb_pipeline.monitoring.notification.message import Message
from orb_pipeline.monitoring.notification.retry import next_attempt
from orb_pipeline.monitoring.notification.spacing import BODY_LENGTH, Bucket, spaced
from orb_pipeline_tests.monitoring.notification.rows import NOW

CHANNEL = Channel(name="phone", from_severity="INFO", per_minute=2, burst=3)
DELIVERY = load_catalogue().notifications.delivery


def messages(*severities: str, body: str = "what happened") -> list[Message]:
    return [
        Message(key=str(number), kind="alert", severity=severity, title=f"title {number}", body=body)
        for number, severity in enumerate(severities)
    ]


def test_what_fits_goes_out_one_by_one_in_order() -> None:
    sendings, left = spaced(CHANNEL, messages("INFO", "CRITICAL", "INFO"), Bucket.full(CHANNEL, NOW), NOW)
    assert [sending.title for sending in sendings] == ["title 0", "title 1", "title 2"]
    assert left.tokens == 0


def test_what_exceeds_it_is_bundled_and_the_graver_ones_stand_alone() -> None:
    sendings, left = spaced(CHANNEL, messages("INFO", "INFO", "INFO", "CRITICAL"), Bucket.full(CHANNEL, NOW), NOW)
    assert [sending.keys for sending in sendings] == [("0",), ("3",), ("1", "2")]
    assert sendings[-1].title == "2 messages"
    assert sendings[-1].body.splitlines() == ["title 1. what happened", "title 2. what happened"]
    assert left.tokens == 0


def test_a_bundle_is_as_grave_as_the_gravest_in_it() -> None:
    (bundle,), _ = spaced(CHANNEL, messages("INFO", "CRITICAL", "WARNING"), Bucket(1.0, NOW), NOW)
    assert bundle.severity == "CRITICAL"


def test_without_room_everything_waits_until_there_is_some() -> None:
    empty = Bucket(0.0, NOW)
    assert spaced(CHANNEL, messages("CRITICAL"), empty, NOW + dt.timedelta(seconds=29))[0] == []
    assert len(spaced(CHANNEL, messages("CRITICAL"), empty, NOW + dt.timedelta(seconds=30))[0]) == 1


def test_a_quiet_while_fills_the_bucket_and_no_more() -> None:
    assert Bucket(0.0, NOW).at_time(CHANNEL, NOW + dt.timedelta(days=1)).tokens == 3


def test_a_clock_that_is_set_back_gives_nothing() -> None:
    assert Bucket(1.0, NOW).at_time(CHANNEL, NOW - dt.timedelta(hours=1)) == Bucket(1.0, NOW)


@given(
    severities=st.lists(st.sampled_from(["INFO", "WARNING", "CRITICAL"]), max_size=60),
    tokens=st.floats(0, 3),
    length=st.integers(0, 3_000),
)
def test_every_message_is_told_once_or_waits_and_never_more_than_there_is_room_for(
    severities: list[str], tokens: float, length: int
) -> None:
    waiting = messages(*severities, body="x" * length)
    sendings, left = spaced(CHANNEL, waiting, Bucket(tokens, NOW), NOW)
    told = [key for sending in sendings for key in sending.keys]
    assert sorted(told) == sorted(message.key for message in waiting if told)
    assert len(sendings) <= tokens
    assert left.tokens >= 0
    assert all(len(sending.body) <= BODY_LENGTH for sending in sendings)


def test_each_wait_is_twice_the_one_before_up_to_the_longest_and_ends() -> None:
    waits = [next_attempt(attempts, NOW, DELIVERY) for attempts in range(1, DELIVERY.attempts)]
    seconds = [(wait - NOW).total_seconds() for wait in waits if wait]
    assert seconds[:9] == [10, 20, 40, 80, 160, 320, 640, 1280, 2560]
    assert set(seconds[9:]) == {DELIVERY.longest_retry_seconds}
    assert 23 < sum(seconds) / 3600 < 25, "a day without network loses nothing"
    assert next_attempt(DELIVERY.attempts, NOW, DELIVERY) is None
