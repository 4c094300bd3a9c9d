"""The trading day runs from 09:00 to 09:00 Brisbane, which is 23:00 to 23:00 UTC."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orb_pipeline.market.trading_day import (
    dates_of,
    day_numbers,
    day_open,
    last_closed_day,
    minutes_of,
    number_of,
    stamps_of,
)


def trading_day_of(text: str) -> str:
    minutes = minutes_of(pd.Series(pd.to_datetime([text], utc=True)))
    return str(dates_of(day_numbers(minutes))[0])


@pytest.mark.parametrize(
    ("stamp", "day"),
    [
        ("2024-03-04 22:59", "2024-03-04"),
        ("2024-03-04 23:00", "2024-03-05"),
        ("2024-03-05 00:00", "2024-03-05"),
        ("2024-03-05 22:59", "2024-03-05"),
        ("1969-12-31 22:59", "1969-12-31"),
        ("1969-12-31 23:00", "1970-01-01"),
    ],
)
def test_a_bar_at_exactly_2300_utc_opens_the_new_day(stamp: str, day: str) -> None:
    assert trading_day_of(stamp) == day


@given(st.integers(10**9, 2 * 10**9))
def test_the_day_is_brisbanes_date_nine_hours_ago(second: int) -> None:
    instant = dt.datetime.fromtimestamp(second // 60 * 60, dt.UTC)
    expected = (instant.astimezone(ZoneInfo("Australia/Brisbane")) - dt.timedelta(hours=9)).date()
    assert trading_day_of(instant.isoformat()) == str(expected)


@given(st.integers(-(10**5), 10**5))
def test_a_day_holds_its_first_minute_and_not_the_next_days(day: int) -> None:
    first, following = day_open(day), day_open(day + 1)
    assert following - first == 1440
    assert day_numbers(np.array([first, following - 1, following])).tolist() == [day, day, day + 1]


def test_stamps_and_minutes_convert_into_each_other() -> None:
    stamps = pd.Series(pd.to_datetime(["2024-03-10 06:59", "2024-03-10 07:00"], utc=True))
    assert stamps_of(minutes_of(stamps)).tolist() == stamps.tolist()
    assert str(stamps_of(minutes_of(stamps)).dtype) == "datetime64[us, UTC]"


def test_stamps_of_another_zone_mean_the_same_minutes() -> None:
    utc = pd.Series(pd.to_datetime(["2024-03-10 06:59", "2024-03-10 07:00"], utc=True))
    assert minutes_of(utc.dt.tz_convert("America/New_York")).tolist() == minutes_of(utc).tolist()


@pytest.mark.parametrize(
    ("now", "grace", "closed"),
    [
        ("2024-03-05T22:59:00+00:00", 0, "2024-03-04"),
        ("2024-03-05T23:00:00+00:00", 0, "2024-03-05"),
        ("2024-03-05T23:04:00+00:00", 5, "2024-03-04"),
        ("2024-03-05T23:05:00+00:00", 5, "2024-03-05"),
        ("2024-03-06T09:05:00+10:00", 5, "2024-03-05"),
    ],
)
def test_a_day_is_closed_once_the_grace_after_its_end_is_over(now: str, grace: int, closed: str) -> None:
    assert last_closed_day(dt.datetime.fromisoformat(now), grace) == dt.date.fromisoformat(closed)


def test_a_date_and_its_number_name_the_same_day() -> None:
    day = dt.date(2024, 2, 29)
    assert dates_of(np.array([number_of(day)])).tolist() == [day]
