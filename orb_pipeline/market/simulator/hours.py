"""When a simulated market is open and how lively each minute is. Arrays are [days, minutes of the trading day]."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from orb_pipeline.catalogue import SessionSet
from orb_pipeline.market.sessions import local_minutes_of_day, session_times
from orb_pipeline.market.trading_day import MINUTES_PER_DAY, Int64Array, day_open

Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

MARKET_ZONE = "America/New_York"
BREAK_START, BREAK_END = 17 * 60, 18 * 60  # the daily break, minutes of the New York day
OPEN_MINUTES_PER_DAY = MINUTES_PER_DAY - (BREAK_END - BREAK_START)

QUIET_LEVEL = 0.85  # volatility outside every hump and bump
HUMPS = (  # the broad liveliness of Europe's morning and of New York's: zone, minute of its peak, height, width
    ("Europe/London", 9 * 60, 0.3, 110.0),
    (MARKET_ZONE, 10 * 60, 0.55, 110.0),
)
OPENINGS = (  # the jolt of an opening: zone, minute, height
    ("Europe/London", 8 * 60, 0.4),
    (MARKET_ZONE, 9 * 60 + 30, 0.6),
)
SESSION_HEIGHT = 1.5
BUMP_FADE_MINUTES = 25.0

_MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0
_FRIDAY, _SUNDAY = 4, 6


def minute_grid(days: Int64Array) -> Int64Array:
    """The minutes since the epoch of each trading day."""
    return day_open(days)[:, None] + np.arange(MINUTES_PER_DAY)


def market_open(days: Int64Array) -> BoolArray:
    """Which minutes the market trades: closed 17:00-18:00 New York, and from Friday 17:00 to Sunday 18:00."""
    local = minute_grid(days) + _offsets(MARKET_ZONE, days)[:, None]
    of_day = local % MINUTES_PER_DAY
    of_week = (local + _EPOCH_WEEKDAY * MINUTES_PER_DAY) % _MINUTES_PER_WEEK
    daily_break = (of_day >= BREAK_START) & (of_day < BREAK_END)
    weekend_start, weekend_end = (weekday * MINUTES_PER_DAY for weekday in (_FRIDAY, _SUNDAY))
    weekend = (of_week >= weekend_start + BREAK_START) & (of_week < weekend_end + BREAK_END)
    return ~(daily_break | weekend)


def liveliness(days: Int64Array, session_set: SessionSet) -> Float64Array:
    """Volatility of each minute relative to the day's: its mean square over a day is 1.

    A level, humps for the mornings of Europe and New York, and a bump that fades after each opening and session.
    """
    minutes = minute_grid(days)
    level = np.full(minutes.shape, QUIET_LEVEL)
    for zone, peak, height, width in HUMPS:
        away = _minutes_since(zone, peak, days, minutes)
        away = np.minimum(away, MINUTES_PER_DAY - away)
        level += height * np.exp(-0.5 * (away / width) ** 2)
    for zone, minute, height in OPENINGS:
        level += _bump(_minutes_since(zone, minute, days, minutes), height)
    for starts in session_times(session_set, days).starts.T:
        since = np.where((starts[:, None] >= 0) & (minutes >= starts[:, None]), minutes - starts[:, None], np.inf)
        level += _bump(since, SESSION_HEIGHT)
    mean_square: Float64Array = np.mean(level**2, axis=1, keepdims=True)
    return level / np.sqrt(mean_square)


def _bump(since: Float64Array | Int64Array, height: float) -> Float64Array:
    return np.asarray(height * np.exp(-since / BUMP_FADE_MINUTES))


def _minutes_since(zone: str, minute_of_day: int, days: Int64Array, minutes: Int64Array) -> Int64Array:
    """Minutes since a local time last struck."""
    return np.asarray((minutes + _offsets(zone, days)[:, None] - minute_of_day) % MINUTES_PER_DAY)


def _offsets(zone: str, days: Int64Array) -> Int64Array:
    """Minutes by which the zone is ahead of UTC, one a trading day: offsets change while the market is closed."""
    last_minutes = day_open(days + 1) - 1
    difference = local_minutes_of_day(zone, last_minutes) - last_minutes % MINUTES_PER_DAY
    half = MINUTES_PER_DAY // 2
    return (difference + half) % MINUTES_PER_DAY - half
