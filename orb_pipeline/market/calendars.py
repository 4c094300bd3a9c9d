"""Exchange calendars: when the market is open and when it closes, short days and holidays included."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache

import pandas as pd

from orb_pipeline.errors import ConfigurationError
from orb_pipeline.market.trading_day import date_of, day_number, day_numbers, day_open, minutes_of


def close_minute(calendar: str, day: int) -> int | None:
    """The minute (since the epoch, UTC) at which the market closes on a trading day; None where it does not open.

    Args:
        calendar: a name that `pandas_market_calendars` knows, such as CMEGlobex_GC.

    Raises:
        ConfigurationError: the calendar is unknown.
    """
    return _closes(calendar, date_of(day).year).get(day)


def open_minutes(calendar: str, day: int) -> int:
    """How many minutes of a trading day (days since the epoch) the market is open; 0 on a holiday.

    Raises:
        ConfigurationError: the calendar is unknown.
    """
    first, end = int(day_open(day)), int(day_open(day + 1))
    stretches = _stretches(calendar, date_of(day).year)
    return sum(max(0, min(close, end) - max(opened, first)) for opened, close in stretches)


def open_since(calendar: str, minute: int) -> int | None:
    """The minute (since the epoch, UTC) since which the market has been open at `minute`; None where it is closed.

    Raises:
        ConfigurationError: the calendar is unknown.
    """
    stretches = _stretches(calendar, date_of(day_number(minute)).year)
    place = bisect_right(stretches, (minute, minute + 10**9)) - 1
    if place < 0:
        return None
    opened, close = stretches[place]
    return opened if minute < close else None


@lru_cache(maxsize=256)
def _stretches(calendar: str, year: int) -> tuple[tuple[int, int], ...]:
    """From when until before when the market is open without a pause, of all trading days of one year; in order."""
    schedule = _schedule(calendar, f"{year - 1}-12-24", f"{year + 1}-01-08")
    found: list[tuple[int, int]] = []
    opens, closes = minutes_of(schedule["market_open"]).tolist(), minutes_of(schedule["market_close"]).tolist()
    pauses = _pauses(schedule)
    for opened, close in zip(opens, closes, strict=True):
        start = opened
        for pause, resumed in pauses:
            if start < pause < close:
                found.append((start, pause))
                start = resumed
        found.append((start, close))
    return tuple(found)


def _pauses(schedule: pd.DataFrame) -> list[tuple[int, int]]:
    """Pauses inside days."""
    if "break_start" not in schedule:
        return []
    days = schedule[schedule["break_start"].notna()]
    days = days[days["break_start"] < days["break_end"]]
    starts, ends = minutes_of(days["break_start"]).tolist(), minutes_of(days["break_end"]).tolist()
    return list(zip(starts, ends, strict=True))


@lru_cache(maxsize=256)
def _closes(calendar: str, year: int) -> Mapping[int, int]:
    """Trading day -> minute of the close, of one year."""
    minutes = minutes_of(_schedule(calendar, f"{year}-01-01", f"{year}-12-31")["market_close"])
    return dict(zip(day_numbers(minutes - 1).tolist(), minutes.tolist(), strict=True))


def _schedule(calendar: str, first: str, last: str) -> pd.DataFrame:
    import pandas_market_calendars  # half a second: only where somebody asks for it

    try:
        schedule: pd.DataFrame = pandas_market_calendars.get_calendar(calendar).schedule(first, last)
    except RuntimeError:
        message = (
            f"Unknown exchange calendar {calendar!r}. Expected a name that pandas_market_calendars knows, such as "
            "CMEGlobex_GC or CME_Equity; correct `calendar` of the instrument in instruments.yaml."
        )
        raise ConfigurationError(message) from None
    return schedule
