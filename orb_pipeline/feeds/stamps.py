"""Minutes since the epoch, and how feeds write them."""

from __future__ import annotations

import datetime as dt

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def minute_of(moment: dt.datetime) -> int:
    """The minute an aware moment lies in."""
    return (moment - _EPOCH) // dt.timedelta(minutes=1)


def moment_of(minute: int) -> dt.datetime:
    """When a minute opens, aware UTC."""
    return _EPOCH + dt.timedelta(minutes=minute)


def written(minute: int) -> str:
    """`2024-01-05T23:01:00Z`."""
    return moment_of(minute).strftime("%Y-%m-%dT%H:%M:%SZ")


def compact(minute: int) -> str:
    """`20240105T2301`: sorts as text as it does in time."""
    return moment_of(minute).strftime("%Y%m%dT%H%M")
