"""The trading day: 09:00 to 09:00 Brisbane, which is [23:00 UTC the evening before, 23:00 UTC).

Inside the domain a minute is an int64 count of minutes since 1970-01-01 UTC and a trading day an int64 count of
days since 1970-01-01; both convert to and from pandas at the edges with the functions below.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import pandas as pd

Int64Array = npt.NDArray[np.int64]

MINUTES_PER_DAY = 1440
_OPENS_BEFORE_MIDNIGHT = 60  # minutes; Brisbane is UTC+10 all year, so 09:00 there is 23:00 UTC the evening before


def minutes_of(ts_utc: pd.Series[pd.Timestamp]) -> Int64Array:
    """Minutes since the epoch of aware UTC stamps."""
    return ts_utc.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[m]").astype(np.int64)


def stamps_of(minutes: Int64Array) -> pd.DatetimeIndex:
    """Aware UTC stamps (microseconds) of minutes since the epoch."""
    return pd.DatetimeIndex(minutes.astype("datetime64[m]").astype("datetime64[us]")).tz_localize("UTC")


def day_numbers(minutes: Int64Array) -> Int64Array:
    """The trading day each minute belongs to, as days since the epoch."""
    return (minutes + _OPENS_BEFORE_MIDNIGHT) // MINUTES_PER_DAY


def day_number(minute: int) -> int:
    """The trading day of one minute."""
    return (minute + _OPENS_BEFORE_MIDNIGHT) // MINUTES_PER_DAY


def day_starts(day_numbers: Int64Array) -> Int64Array:
    """Index of the first bar of each trading day, for bars in order of time."""
    return np.flatnonzero(np.diff(day_numbers, prepend=-1))


def day_open(day_number: Int64Array | int) -> Int64Array:
    """The first minute of a trading day; the day ends, exclusively, at `day_open(day_number + 1)`."""
    return np.asarray(day_number, dtype=np.int64) * MINUTES_PER_DAY - _OPENS_BEFORE_MIDNIGHT


def dates_of(day_numbers: Int64Array) -> npt.NDArray[np.datetime64]:
    """Trading days as numpy dates."""
    return day_numbers.astype("datetime64[D]")


def date_of(day_number: int) -> dt.date:
    """The date of a trading day given as days since the epoch."""
    return dt.date(1970, 1, 1) + dt.timedelta(days=day_number)


def number_of(day: dt.date) -> int:
    """A trading day's date as days since the epoch."""
    return (day - dt.date(1970, 1, 1)).days


def last_closed_day(now: dt.datetime, grace_minutes: int) -> dt.date:
    """The latest trading day that had ended `grace_minutes` before `now` (aware)."""
    minute = int(now.timestamp()) // 60 - grace_minutes
    open_day = (minute + _OPENS_BEFORE_MIDNIGHT) // MINUTES_PER_DAY
    return date_of(open_day - 1)
