"""When an exchange is open: pauses, short days, holidays, and the hour that moves with the clocks."""

from __future__ import annotations

import datetime as dt

import pytest

from orb_pipeline.errors import ConfigurationError
from orb_pipeline.market.calendars import open_minutes, open_since
from orb_pipeline.market.trading_day import number_of

GOLD, EQUITY = "CMEGlobex_GC", "CME_Equity"


@pytest.mark.parametrize(
    ("calendar", "day", "minutes"),
    [
        (GOLD, "2024-11-21", 1380),
        (GOLD, "2024-07-03", 1380),  # in summer 22 hours and, after the pause, one of the next session
        (GOLD, "2024-07-05", 1320),  # and on a Friday nothing after the pause
        (GOLD, "2024-07-07", 60),  # Sunday
        (GOLD, "2024-01-07", 0),  # in winter the week begins with the trading day of Monday
        (GOLD, "2024-11-28", 1230),  # Thanksgiving
        (GOLD, "2024-12-25", 0),
        (GOLD, "2024-12-24", 1380),  # which is wrong: see the alert calendar_disagreement
        (EQUITY, "2019-05-07", 1365),  # a quarter of an hour's pause inside the day
        (EQUITY, "2024-12-24", 1140),
    ],
)
def test_minutes_of_a_trading_day(calendar: str, day: str, minutes: int) -> None:
    assert open_minutes(calendar, number_of(dt.date.fromisoformat(day))) == minutes


@pytest.mark.parametrize(
    ("calendar", "time", "since"),
    [
        (GOLD, "2024-11-21 12:00", "2024-11-20 23:00"),
        (GOLD, "2024-11-21 21:59", "2024-11-20 23:00"),
        (GOLD, "2024-11-21 22:00", None),
        (GOLD, "2024-11-21 22:59", None),
        (GOLD, "2024-11-21 23:00", "2024-11-21 23:00"),
        (GOLD, "2024-07-03 22:30", "2024-07-03 22:00"),
        (GOLD, "2024-11-23 12:00", None),
        (GOLD, "2024-12-31 23:30", None),
        (GOLD, "2025-01-01 23:30", "2025-01-01 23:00"),  # the turn of the year is inside no one year's list
        (EQUITY, "2019-05-07 20:20", None),
        (EQUITY, "2019-05-07 20:30", "2019-05-07 20:30"),
    ],
)
def test_since_when_a_market_is_open(calendar: str, time: str, since: str | None) -> None:
    assert open_since(calendar, _minute(time)) == (None if since is None else _minute(since))


def test_an_unknown_calendar_names_itself() -> None:
    with pytest.raises(ConfigurationError, match="Unknown exchange calendar 'Moon'"):
        open_minutes("Moon", number_of(dt.date(2024, 1, 1)))


def _minute(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()) // 60
