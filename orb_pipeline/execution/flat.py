"""When an account has to be flat on a trading day (RULES.md section 10)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from orb_pipeline.catalogue import Account, FlatBy, Instrument
from orb_pipeline.errors import ConfigurationError
from orb_pipeline.market.calendars import close_minute
from orb_pipeline.market.trading_day import date_of, day_open


def flat_minute(flat_by: FlatBy | None, day: int, calendars: Iterable[str]) -> int | None:
    """The minute, since the epoch UTC, by which everything is closed on trading day `day`; None: not asked that day.

    A local time that DST repeats means its first occurrence, one that it skips is not asked for. Where no exchange
    opens there is no close to count from.

    Args:
        calendars: exchange calendars of the instruments; the earliest close counts.
    """
    if flat_by is None:
        return None
    if flat_by.minutes_before_close is not None:
        closes = [close for name in calendars if (close := close_minute(name, day)) is not None]
        return min(closes) - flat_by.minutes_before_close if closes else None
    assert flat_by.time is not None and flat_by.zone is not None  # noqa: S101, PT018 - the catalogue demands both
    return _clock(flat_by.time, ZoneInfo(flat_by.zone), day)


def _clock(time: dt.time, zone: ZoneInfo, day: int) -> int | None:
    """The first minute of the trading day at which the clock shows `time`."""
    first, end = int(day_open(day)), int(day_open(day + 1))
    for offset in (-1, 0, 1):
        local = dt.datetime.combine(date_of(day) + dt.timedelta(days=offset), time, tzinfo=zone)
        instant = local.astimezone(dt.UTC)
        minute = int(instant.timestamp()) // 60
        is_skipped = instant.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None)
        if first <= minute < end and not is_skipped:
            return minute
    return None


def calendars_of(account: Account, instruments: Mapping[str, Instrument]) -> list[str]:
    """Exchange calendars that `flat_by` has to look at; none where it does not count from the close.

    Raises:
        ConfigurationError: it does, and an instrument has no calendar.
    """
    if account.flat_by is None or account.flat_by.minutes_before_close is None:
        return []
    without = [symbol for symbol, instrument in instruments.items() if instrument.calendar is None]
    if without:
        message = (
            f"Account {account.account} is flat {account.flat_by.minutes_before_close} minutes before the close, but "
            f"{', '.join(without)} has no `calendar` in instruments.yaml. Name one, or set the account's time and zone."
        )
        raise ConfigurationError(message)
    return sorted({str(instrument.calendar) for instrument in instruments.values()})
