"""Back-off, the list of gaps, and a clean end."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from orb_pipeline.errors import InputError
from orb_pipeline.feeds.feed import Event, Gap, Stop
from orb_pipeline.feeds.landing import Landing
from orb_pipeline.feeds.runner import Backoff, Run
from orb_pipeline.feeds.stamps import written
from orb_pipeline.settings import Home
from orb_pipeline_tests.feeds.house import NINE, Now, ScriptedFeed, Told, Trader, batch, gaps_of, run

SOURCE = [batch(NINE + n) for n in range(4)]


def test_waits_double_from_a_second_to_a_minute() -> None:
    backoff = Backoff()
    assert [backoff.next() for _ in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    backoff.reset()
    assert backoff.next() == 1


def test_a_delivery_ends_a_row_of_failures(home: Home) -> None:
    _, told = run(home, ScriptedFeed(SOURCE, [0, 0, 0, 2, 0]))
    assert told.waits == [1, 2, 4, 1, 2]


def test_a_connection_that_brings_nothing_does_not(home: Home) -> None:
    _, told = run(home, ScriptedFeed(SOURCE, [1, 1, 1]))
    assert told.waits == [1, 2, 4]


def test_an_outage_is_one_gap_with_its_reason(home: Home) -> None:
    _, told = run(home, ScriptedFeed(SOURCE, [3, 0, 0, 0, 0, 0, 0, 0]))
    (gap,) = gaps_of(home)
    assert gap["from"] == written(NINE)
    assert gap["to"] == written(NINE + 3)  # 1 + 2 + ... + 60 + 60 seconds later
    assert gap["reason"] == "connection lost; what the source still had of it was fetched"
    assert [one.reason for one in told.gaps] == [gap["reason"]]


def test_a_feed_stopped_while_cut_off_says_so(home: Home) -> None:
    now = Now()
    now.stops_after = 3
    run(home, ScriptedFeed(SOURCE, [2, 0, 0, 0, 0]), now)
    (gap,) = gaps_of(home)
    assert gap["reason"] == "connection lost; the feed was stopped before the source was back"


class Late:
    """Brings a minute again, and one that is missing at its source."""

    name = "late"

    def events(self, after: int | None, stop: Stop) -> Generator[Event]:
        yield batch(NINE, NINE + 1)
        yield batch(NINE + 1, NINE + 2)
        yield Gap(NINE + 3, NINE + 4, "not to be had")
        yield Gap(NINE + 3, NINE + 4, "not to be had")
        yield batch(NINE + 5)


def test_a_minute_that_comes_again_is_passed_over_and_written_down(home: Home) -> None:
    one, told = run(home, Late())
    stamps = [stamp for stamp, _ in Trader(home).stamps()]
    assert stamps == [written(NINE + n) for n in (0, 1, 2, 5)]
    assert [gap["reason"] for gap in gaps_of(home)] == [
        "1 bars came after their minutes had been delivered; passed over",
        "not to be had",
    ]
    assert (one.files, one.bars, one.gaps, len(told.gaps)) == (3, 4, 2, 2)


class Wrong:
    """A source that no trying again would mend."""

    name = "wrong"

    def __init__(self) -> None:
        self.is_closed = False

    def events(self, after: int | None, stop: Stop) -> Generator[Event]:
        try:
            yield batch(NINE)
            message = "no such symbol"
            raise InputError(message)
        finally:
            self.is_closed = True


def test_an_error_ends_the_feed_and_keeps_what_was_delivered(home: Home) -> None:
    with pytest.raises(InputError, match="no such symbol"):
        run(home, Wrong())
    assert len(Trader(home).stamps()) == 1


class Endless:
    """Asks to be stopped after its second minute, and would go on."""

    name = "endless"

    def __init__(self, stop: Now) -> None:
        self.stop = stop
        self.is_closed = False

    def events(self, after: int | None, stop: Stop) -> Generator[Event]:
        try:
            for n in range(10):
                if n == 1:
                    self.stop.set()
                yield batch(NINE + n)
        finally:
            self.is_closed = True


def test_a_stop_ends_after_the_delivery_at_hand_and_disconnects(home: Home) -> None:
    now = Now()
    feed = Endless(now)
    with Landing.held(home, "MGC", feed.name) as landing:
        Run(feed, landing, now, now, Told()).until_stopped()
    assert len(Trader(home).stamps()) == 2
    assert feed.is_closed
