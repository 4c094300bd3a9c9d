"""How many bars a closed trading day has, and how many would be normal: by its weekday and by the exchange's hours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from orb_pipeline.catalogue.monitoring import MissingData
from orb_pipeline.market.calendars import open_minutes
from orb_pipeline.market.trading_day import number_of

_FRIDAY = 4
_WHOLE_DAY = 1440
_Bars = tuple[int, dt.datetime | None, dt.datetime | None]  # how many, the first and the last
_NO_BARS: _Bars = (0, None, None)


@dataclass(frozen=True)
class DayCount:
    """One trading day of one instrument.

    Attributes:
        bars: 0 where the day has none.
        usual: median bars of earlier days of its weekday.
        normal: the same for the minutes that the exchange is open on this day.
        open_share: those minutes over the usual ones of its weekday; 1 where the instrument has no calendar.
        in_stretch: what is normal from the day's first bar to its last.
        last_ts: its last bar, None where it has none.
    """

    symbol: str
    day: dt.date
    bars: int
    usual: float
    normal: float
    open_share: float
    in_stretch: float
    last_ts: dt.datetime | None

    def is_thin(self, share: float) -> bool:
        """Whether it has fewer bars than this share of what is normal."""
        return self.bars < share * self.normal - 1e-9

    def has_ended_early(self, share: float) -> bool:
        """Whether it is thin, and yet without holes from its first bar to its last."""
        return self.is_thin(share) and self.bars > 0 and self.bars >= share * self.in_stretch

    def is_full_on_a_short_day(self, share: float) -> bool:
        """Whether the exchange should have closed early, or not opened, and has not."""
        return self.open_share < share and self.bars >= share * self.usual


def day_counts(days: pd.DataFrame, calendars: Mapping[str, str], rule: MissingData) -> list[DayCount]:
    """The latest days of each instrument, days without bars included, where there are enough earlier ones.

    Args:
        days: columns of monitoring.alerts.base.Facts.days.
        calendars: symbol -> exchange calendar, where it has one.
    """
    return [
        counted
        for symbol, rows in days.groupby("symbol", sort=True, observed=True)
        for counted in _latest(_History.of(str(symbol), rows, calendars.get(str(symbol))), rule)
    ]


def whole_markets_short(counts: Sequence[DayCount], calendars: Mapping[str, str], share: float) -> set[DayCount]:
    """Days on which at least two instruments of a calendar, and all that were open, have ended early.

    One alone may as well be a feed that stopped.
    """
    short: set[DayCount] = set()
    for day in {item.day for item in counts}:
        for calendar in set(calendars.values()):
            found = [item for item in counts if item.day == day and calendars.get(item.symbol) == calendar]
            if len(found) > 1 and all(item.has_ended_early(share) for item in found):
                short.update(found)
    return short


@dataclass(frozen=True)
class _History:
    symbol: str
    calendar: str | None
    rows: Mapping[dt.date, _Bars]

    @classmethod
    def of(cls, symbol: str, days: pd.DataFrame, calendar: str | None) -> _History:
        stamps = days[["first_ts", "last_ts"]].astype(object).where(days["first_ts"].notna(), None)
        values = zip(days["bar_count"].tolist(), stamps["first_ts"], stamps["last_ts"], strict=True)
        return cls(symbol, calendar, dict(zip(days["trading_day"], values, strict=True)))

    def minutes(self, day: dt.date) -> int:
        """How long the exchange is open; without a calendar every day is alike."""
        return _WHOLE_DAY if self.calendar is None else open_minutes(self.calendar, number_of(day))

    def is_expected(self, day: dt.date) -> bool:
        """Whether the day has bars or, by the calendar or its weekday, should have."""
        if day in self.rows:
            return True
        return day.weekday() <= _FRIDAY if self.calendar is None else self.minutes(day) > 0

    def earlier(self, day: dt.date, most: int) -> list[dt.date]:
        """The latest days with bars of the same weekday before `day`."""
        alike = [other for other, (bars, *_) in self.rows.items() if _alike(other, day) and bars > 0]
        return sorted(alike)[-most:]


def _alike(other: dt.date, day: dt.date) -> bool:
    return other < day and other.weekday() == day.weekday()


def _latest(history: _History, rule: MissingData) -> list[DayCount]:
    first, last = min(history.rows), max(history.rows)
    days = [last - dt.timedelta(days=back) for back in reversed(range(rule.look_back_days))]
    wanted = [day for day in days if day >= first and history.is_expected(day)]
    return [counted for day in wanted if (counted := _count(history, day, rule)) is not None]


def _count(history: _History, day: dt.date, rule: MissingData) -> DayCount | None:
    earlier = history.earlier(day, rule.usual_days)
    if len(earlier) < rule.min_days:
        return None
    counts = np.array([history.rows[other][0] for other in earlier], dtype="float64")
    minutes = np.array([history.minutes(other) for other in earlier], dtype="float64")
    was_open = minutes > 0
    usual, opened = float(np.median(counts)), float(history.minutes(day))
    a_minute = float(np.median(counts[was_open] / minutes[was_open])) if was_open.any() else usual / _WHOLE_DAY
    bars, first_ts, last_ts = history.rows.get(day, _NO_BARS)
    return DayCount(
        symbol=history.symbol,
        day=day,
        bars=int(bars),
        usual=usual,
        normal=a_minute * opened,
        open_share=opened / float(np.median(minutes[was_open])) if was_open.any() else 1.0,
        in_stretch=a_minute * (last_ts - first_ts).total_seconds() / 60 if first_ts and last_ts else 0.0,
        last_ts=last_ts,
    )
