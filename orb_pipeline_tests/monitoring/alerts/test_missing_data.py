"""Missing data knows holidays and short days, and says where calendar and data disagree."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from orb_pipeline.monitoring.alerts import Facts
from orb_pipeline_tests.monitoring.alerts.situations import GOLD, asked, days, quiet

THANKSGIVING, DAY_AFTER = dt.date(2024, 11, 28), dt.date(2024, 11, 29)
CHRISTMAS_EVE = dt.date(2024, 12, 24)
MONDAY = dt.date(2024, 12, 2)


def missing(facts: Facts) -> list[tuple[str, dt.date | None]]:
    return [(str(alert.instrument), alert.trading_day) for alert in asked("missing_data", facts)]


def disagreeing(facts: Facts) -> list[tuple[str, dt.date | None]]:
    return [(str(alert.instrument), alert.trading_day) for alert in asked("calendar_disagreement", facts)]


def of(*frames: pd.DataFrame) -> Facts:
    symbols = {str(frame["symbol"].iloc[0]) for frame in frames}
    return quiet(days=pd.concat(frames, ignore_index=True), calendars=dict.fromkeys(symbols, GOLD))


def test_short_days_and_holidays_of_the_calendar_are_no_missing_data() -> None:
    christmas = of(days(until=dt.date(2024, 12, 27)))
    assert dt.date(2024, 12, 25) not in set(christmas.days["trading_day"])
    for facts in (of(days(until=MONDAY)), christmas):
        assert missing(facts) == []
        assert disagreeing(facts) == []


def test_a_short_day_that_lacks_bars_of_its_short_hours_is_missing_data() -> None:
    facts = of(days((DAY_AFTER, 900), until=MONDAY))  # 1,185 minutes open
    assert missing(facts) == [("MGC", DAY_AFTER)]
    (alert,) = asked("missing_data", facts)
    assert (alert.value, round(alert.expected or 0)) == (900.0, 1161)


def test_a_day_without_any_bar_is_missing_data_where_the_exchange_was_open() -> None:
    assert missing(of(days((DAY_AFTER, 0), until=MONDAY))) == [("MGC", DAY_AFTER)]
    assert disagreeing(of(days((DAY_AFTER, 0), until=MONDAY))) == []


def test_holes_are_missing_data_and_no_disagreement() -> None:
    frame = days((DAY_AFTER, 600), until=MONDAY)
    hole = frame["trading_day"] == DAY_AFTER
    frame.loc[hole, "last_ts"] = frame.loc[hole, "first_ts"] + pd.Timedelta(minutes=1180)
    assert missing(of(frame)) == [("MGC", DAY_AFTER)]
    assert disagreeing(of(frame)) == []


def test_one_instrument_that_ends_early_alone_is_told_as_both() -> None:
    """An early close that the calendar lacks, or a feed that stopped: on 24 December 2024 it was the close."""
    facts = of(days((CHRISTMAS_EVE, 1161), until=CHRISTMAS_EVE))
    assert missing(facts) == []  # 1,185 of 1,380 minutes: not so few
    half = of(days((CHRISTMAS_EVE, 700), until=CHRISTMAS_EVE))
    assert missing(half) == disagreeing(half) == [("MGC", CHRISTMAS_EVE)]
    (alert,) = asked("calendar_disagreement", half)
    assert alert.severity == "INFO"
    assert "its bars end at 10:54 UTC without holes, or its feed stopped" in alert.message


def test_a_whole_market_that_ends_early_is_a_disagreement_and_no_missing_data() -> None:
    short = (CHRISTMAS_EVE, 700)
    both = of(days(short, until=CHRISTMAS_EVE), days(short, until=CHRISTMAS_EVE, symbol="GC"))
    assert missing(both) == []
    assert disagreeing(both) == [("GC", CHRISTMAS_EVE), ("MGC", CHRISTMAS_EVE)]
    one = of(days(short, until=CHRISTMAS_EVE), days(until=CHRISTMAS_EVE, symbol="GC"))
    assert missing(one) == [("MGC", CHRISTMAS_EVE)]


@pytest.mark.parametrize("day", [dt.date(2024, 12, 25), dt.date(2025, 1, 1)])
def test_a_full_day_on_a_holiday_of_the_calendar_is_a_disagreement(day: dt.date) -> None:
    facts = of(days((day, None), until=day))
    assert missing(facts) == []
    assert disagreeing(facts) == [("MGC", day)]
    assert "closed; its bars are those of a full day" in asked("calendar_disagreement", facts)[0].message


def test_only_the_latest_week_is_looked_at_and_only_with_enough_days_before() -> None:
    assert missing(of(days((DAY_AFTER, 100), until=DAY_AFTER + dt.timedelta(days=6)))) == [("MGC", DAY_AFTER)]
    assert missing(of(days((DAY_AFTER, 100), until=DAY_AFTER + dt.timedelta(days=7)))) == []
    assert missing(of(days((MONDAY, 100), until=MONDAY, weeks=4))) == []
    assert missing(of(days((MONDAY, 100), until=MONDAY, weeks=5))) == [("MGC", MONDAY)]


def test_fridays_of_summer_and_winter_are_measured_by_their_hours() -> None:
    """Until 1 November 2024 a Friday has 1,320 minutes, then 1,380."""
    assert missing(of(days(until=dt.date(2024, 11, 8)))) == []
    (alert,) = asked("missing_data", of(days((dt.date(2024, 11, 8), 1000), until=dt.date(2024, 11, 8), share=1.0)))
    assert alert.expected == 1380.0


def test_without_a_calendar_a_day_is_measured_by_its_weekday() -> None:
    frame = days((DAY_AFTER, 900), until=MONDAY)
    bare = quiet(days=frame, calendars={})
    assert missing(bare) == [("MGC", DAY_AFTER)]
    assert disagreeing(bare) == []
