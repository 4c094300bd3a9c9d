"""Sessions fall where their zone's clock says, DST included, and a break may come until the next session of the set."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orb_pipeline.catalogue import SessionSet, load_catalogue
from orb_pipeline.market.sessions import NO_SESSION, local_minutes_of_day, session_times
from orb_pipeline.market.trading_day import day_open, number_of

BRISBANE = load_catalogue().session_sets["brisbane"]


def session_set(zone: str, **sessions: str) -> SessionSet:
    return SessionSet.model_validate({"name": "test", "zone": zone, "sessions": sessions})


def stamp(minute: int) -> str:
    return f"{dt.datetime.fromtimestamp(int(minute) * 60, dt.UTC):%Y-%m-%d %H:%M}"


def on(session_set: SessionSet, day: str) -> tuple[list[str | None], list[str]]:
    """Starts and deadlines of one trading day as text, None where there is no session."""
    times = session_times(session_set, np.array([number_of(dt.date.fromisoformat(day))]))
    starts = [None if minute == NO_SESSION else stamp(minute) for minute in times.starts[0]]
    return starts, [stamp(minute) for minute in times.deadlines[0]]


def test_the_default_sessions_run_from_2300_utc_and_0030_falls_on_the_next_calendar_date_of_the_same_trading_day() -> (
    None
):
    starts, _ = on(BRISBANE, "2024-03-05")
    assert starts == [
        "2024-03-04 23:00",
        "2024-03-05 00:00",
        "2024-03-05 01:00",
        "2024-03-05 08:00",
        "2024-03-05 13:00",
        "2024-03-05 14:30",  # 00:30 of 6 March in Brisbane
    ]


def test_a_break_may_come_until_the_next_session_and_in_the_last_one_until_the_end_of_the_day() -> None:
    starts, deadlines = on(BRISBANE, "2024-03-05")
    assert deadlines == [*starts[1:], "2024-03-05 23:00"]


def test_the_next_session_is_the_next_in_time_whatever_the_order_in_the_file() -> None:
    _, deadlines = on(session_set("Australia/Brisbane", late="18:00", early="09:00", middle="11:00"), "2024-03-05")
    assert deadlines == ["2024-03-05 23:00", "2024-03-05 01:00", "2024-03-05 08:00"]


@pytest.mark.parametrize(
    ("day", "start"),
    [
        ("2024-03-08", "2024-03-08 14:30"),  # Friday, EST
        ("2024-03-11", "2024-03-11 13:30"),  # Monday after the clocks went forward, EDT
        ("2024-11-01", "2024-11-01 13:30"),  # Friday, EDT
        ("2024-11-04", "2024-11-04 14:30"),  # Monday after they went back, EST
    ],
)
def test_a_new_york_session_follows_new_yorks_clock_across_both_changes(day: str, start: str) -> None:
    starts, _ = on(session_set("America/New_York", open="09:30"), day)
    assert starts == [start]


def test_a_local_time_that_a_day_skips_means_no_session() -> None:
    starts, deadlines = on(session_set("America/New_York", gone="02:30", open="09:30"), "2024-03-10")
    assert starts == [None, "2024-03-10 13:30"]
    assert deadlines[1] == "2024-03-10 23:00"


def test_a_skipped_session_is_nobodys_deadline() -> None:
    _, deadlines = on(session_set("America/New_York", midnight="00:00", gone="02:30", open="09:30"), "2024-03-10")
    assert deadlines[0] == "2024-03-10 13:30"


def test_a_local_time_that_a_day_repeats_means_its_first_occurrence() -> None:
    starts, _ = on(session_set("America/New_York", twice="01:30"), "2024-11-03")
    assert starts == ["2024-11-03 05:30"]


def test_a_session_that_strikes_twice_in_a_trading_day_means_the_first_strike() -> None:
    """18:00 in New York opens the trading day of 10 March; after the change it strikes again in its last hour."""
    winter, _ = on(session_set("America/New_York", evening="18:00"), "2024-03-10")
    summer, _ = on(session_set("America/New_York", evening="18:00"), "2024-03-11")
    assert winter == ["2024-03-09 23:00"]
    assert summer == ["2024-03-11 22:00"]


ZONES = ["Australia/Brisbane", "America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]


@given(
    zone=st.sampled_from(ZONES),
    time=st.times(),
    day=st.dates(dt.date(2005, 1, 1), dt.date(2035, 1, 1)),
)
def test_a_session_starts_at_the_first_minute_of_its_trading_day_that_reads_its_time(
    zone: str, time: dt.time, day: dt.date
) -> None:
    number = number_of(day)
    times = session_times(session_set(zone, only=f"{time:%H:%M}"), np.array([number]))
    minutes = range(int(day_open(number)), int(day_open(number + 1)))
    clock = ZoneInfo(zone)
    matching = (
        minute
        for minute in minutes
        if dt.datetime.fromtimestamp(minute * 60, clock).strftime("%H:%M") == f"{time:%H:%M}"
    )
    assert times.starts[0, 0] == next(matching, NO_SESSION)


@given(zone=st.sampled_from(ZONES), minutes=st.lists(st.integers(10**7, 3 * 10**7), min_size=1, max_size=20))
def test_the_local_minute_of_the_day_is_the_zones_clock(zone: str, minutes: list[int]) -> None:
    expected = [
        local.hour * 60 + local.minute
        for local in (dt.datetime.fromtimestamp(minute * 60, ZoneInfo(zone)) for minute in minutes)
    ]
    assert local_minutes_of_day(zone, np.array(minutes, dtype=np.int64)).tolist() == expected
