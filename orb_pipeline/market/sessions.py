"""Where the sessions of a set fall on each trading day, DST included (RULES.md section 2)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from orb_pipeline.catalogue.models import Session, SessionSet
from orb_pipeline.market.trading_day import MINUTES_PER_DAY, Int64Array, dates_of, day_open

NO_SESSION = -1


@dataclass(frozen=True)
class SessionTimes:
    """Start and break deadline of every session on every trading day.

    Attributes:
        labels: session labels, in the set's order.
        starts: int64 [days, sessions], minutes since the epoch; NO_SESSION where the day has none.
        deadlines: int64 [days, sessions], the first minute at which a break no longer counts: the day's next
            session of the set, or the end of the day.
    """

    labels: tuple[str, ...]
    starts: Int64Array
    deadlines: Int64Array


def session_times(session_set: SessionSet, days: Int64Array) -> SessionTimes:
    """Times of `session_set` on `days` (trading days as days since the epoch)."""
    zone = ZoneInfo(session_set.zone)
    starts = np.stack([_starts(session, zone, days) for session in session_set.sessions], axis=1)
    ends = day_open(days + 1)
    later = np.where(starts[:, None, :] > starts[:, :, None], starts[:, None, :], ends[:, None, None])
    return SessionTimes(labels=session_set.labels, starts=starts, deadlines=later.min(axis=2))


def _starts(session: Session, zone: ZoneInfo, days: Int64Array) -> Int64Array:
    """The session's first occurrence inside each trading day, NO_SESSION where there is none."""
    opens, ends = day_open(days), day_open(days + 1)
    starts = np.full(len(days), NO_SESSION, dtype=np.int64)
    for offset in (
        1,
        0,
        -1,
    ):  # the local date is the trading day's or a neighbour of it; the earliest wins, so it is last
        candidates = _occurrences(session.time, zone, days + offset)
        inside = (candidates >= opens) & (candidates < ends)
        starts[inside] = candidates[inside]
    return starts


def _occurrences(time: dt.time, zone: ZoneInfo, local_days: Int64Array) -> Int64Array:
    """UTC minutes at which `time` strikes on each local date; NO_SESSION where DST skips it."""
    minutes = np.empty(len(local_days), dtype=np.int64)
    for index, day in enumerate(dates_of(local_days).tolist()):
        local = dt.datetime.combine(day, time, tzinfo=zone)  # fold=0: the first of a repeated time
        instant = local.astimezone(dt.UTC)
        exists = instant.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None)
        minutes[index] = int(instant.timestamp()) // 60 if exists else NO_SESSION
    return minutes


def local_minutes_of_day(zone_name: str, minutes: Int64Array) -> Int64Array:
    """Minute of the local day (0..1439) of each UTC minute, following the zone's DST."""
    zone = ZoneInfo(zone_name)
    days = minutes // MINUTES_PER_DAY
    offsets = np.zeros(len(minutes), dtype=np.int64)
    for day, first, last in _runs(days):
        at_start, at_end = _offset(zone, day * MINUTES_PER_DAY), _offset(zone, (day + 1) * MINUTES_PER_DAY)
        same = at_start == at_end
        offsets[first:last] = at_start if same else [_offset(zone, int(minute)) for minute in minutes[first:last]]
    return (minutes + offsets) % MINUTES_PER_DAY


def _runs(values: Int64Array) -> Iterator[tuple[int, int, int]]:
    """(value, first, last + 1) of each run of equal values."""
    edges = np.flatnonzero(np.diff(values)) + 1
    bounds = [0, *edges.tolist(), len(values)]
    return ((int(values[first]), first, last) for first, last in pairwise(bounds) if first < last)


def _offset(zone: ZoneInfo, minute: int) -> int:
    """Minutes the zone is ahead of UTC."""
    aware = dt.datetime.fromtimestamp(minute * 60, zone)
    return round((aware.utcoffset() or dt.timedelta()) / dt.timedelta(minutes=1))
