"""Exchange calendars: when the market closes on a trading day, short days and holidays included."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from orb_pipeline.errors import ConfigurationError
from orb_pipeline.market.trading_day import date_of, day_numbers, minutes_of


def close_minute(calendar: str, day: int) -> int | None:
    """The minute (since the epoch, UTC) at which the market closes on a trading day; None where it does not open.

    Args:
        calendar: a name that `pandas_market_calendars` knows, such as CMEGlobex_GC.

    Raises:
        ConfigurationError: the calendar is unknown.
    """
    return _closes(calendar, date_of(day).year).get(day)


@lru_cache(maxsize=256)
def _closes(calendar: str, year: int) -> Mapping[int, int]:
    """Trading day -> minute of the close, of one year."""
    import pandas_market_calendars  # half a second: only where an account asks for it

    try:
        schedule = pandas_market_calendars.get_calendar(calendar).schedule(f"{year}-01-01", f"{year}-12-31")
    except RuntimeError:
        message = (
            f"Unknown exchange calendar {calendar!r}. Expected a name that pandas_market_calendars knows, such as "
            "CMEGlobex_GC or CME_Equity; correct `calendar` of the instrument in instruments.yaml."
        )
        raise ConfigurationError(message) from None
    minutes = minutes_of(schedule["market_close"])
    return dict(zip(day_numbers(minutes - 1).tolist(), minutes.tolist(), strict=True))
