"""Where the sessions of a set fall on each trading day, DST included (RULES.md section 2)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from orb_pipeline.catalogue.models import Session, SessionSet
from orb_pipeline.market.trading_day import MINUTES_PER_DAY, Int64Array, dates_of, day_open, stamps_of

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
    starts = np.stack([_starts(session, session_set.zone, days) for session in session_set.sessions], axis=1)
    ends = day_open(days + 1)
    later = np.where(starts[:, None, :] > starts[:, :, None], starts[:, None, :], ends[:, None, None])
    return SessionTimes(labels=session_set.labels, starts=starts, deadlines=later.min(axis=2))


def _starts(session: Session, zone: str, days: Int64Array) -> Int64Array:
    """The session's first occurrence inside each trading day, NO_SESSION where there is none."""
    opens, ends = day_open(days), day_open(days + 1)
    starts = np.full(len(days), NO_SESSION, dtype=np.int64)
    for offset in (1, 0, -1):  # the local date is the trading day's or a neighbour of it; the earliest wins, being last
        candidates = _occurrences(session.time, zone, days + offset)
        inside = (candidates >= opens) & (candidates < ends)
        starts[inside] = candidates[inside]
    return starts


def _occurrences(time: dt.time, zone: str, local_days: Int64Array) -> Int64Array:
    """UTC minutes at which `time` first strikes on each local date; NO_SESSION where DST skips it."""
    clock = pd.DatetimeIndex(dates_of(local_days)) + pd.Timedelta(hours=time.hour, minutes=time.minute)
    first_of_repeated = np.ones(len(clock), dtype=np.bool_)
    instants = clock.tz_localize(zone, ambiguous=first_of_repeated, nonexistent="NaT").as_unit("s")
    return np.where(instants.isna(), NO_SESSION, instants.asi8 // 60)


def local_minutes_of_day(zone: str, minutes: Int64Array) -> Int64Array:
    """Minute of the local day (0..1439) of each UTC minute, following the zone's DST."""
    clock = stamps_of(minutes).tz_convert(zone).tz_localize(None).as_unit("s")
    return np.asarray(clock.asi8 // 60 % MINUTES_PER_DAY)
