"""When an account has to be flat, and what counts when it is."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from orb_pipeline.catalogue import FlatBy
from orb_pipeline.errors import ConfigurationError
from orb_pipeline.execution.context import AccountDay
from orb_pipeline.execution.flat import calendars_of, flat_minute
from orb_pipeline.execution.risk import RiskManager
from orb_pipeline.market.trading_day import number_of
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline_tests.execution.live import INSTRUMENTS, RANGE, WIDE, Live, account, bar, flat, kinds, rejections
from orb_pipeline_tests.execution.members import member

GOLD, EQUITY = "CMEGlobex_GC", "CME_Equity"
ABOVE, INSIDE, FALLEN = flat(1012), flat(1005), (1012, 1012, 1001, 1001)


def flat_at(trading_day: str, *calendars: str, **flat_by: Any) -> str | None:
    """The minute in UTC."""
    day = number_of(dt.date.fromisoformat(trading_day))
    minute = flat_minute(FlatBy.model_validate(flat_by), day, calendars)
    return None if minute is None else f"{dt.datetime.fromtimestamp(minute * 60, dt.UTC):%Y-%m-%d %H:%M}"


# A time and a zone.


@pytest.mark.parametrize(
    ("trading_day", "time", "zone", "expected"),
    [
        ("2024-01-10", "15:10", "America/Chicago", "2024-01-10 21:10"),
        ("2024-07-10", "15:10", "America/Chicago", "2024-07-10 20:10"),
        ("2024-01-10", "17:59", "America/New_York", "2024-01-10 22:59"),
        ("2024-01-10", "18:00", "America/New_York", "2024-01-09 23:00"),
        ("2024-07-10", "18:00", "America/New_York", "2024-07-10 22:00"),
        ("2024-07-10", "09:00", "Australia/Brisbane", "2024-07-09 23:00"),
        ("2024-07-10", "08:59", "Australia/Brisbane", "2024-07-10 22:59"),
        ("2024-07-10", "00:00", "UTC", "2024-07-10 00:00"),
    ],
)
def test_a_local_time_follows_its_zones_clock_into_the_trading_day(
    trading_day: str, time: str, zone: str, expected: str
) -> None:
    assert flat_at(trading_day, time=time, zone=zone) == expected


def test_a_local_time_that_the_clock_repeats_means_its_first_occurrence() -> None:
    """2024-11-03, 02:00 in New York is 01:00 again."""
    assert flat_at("2024-11-03", time="01:30", zone="America/New_York") == "2024-11-03 05:30"


def test_a_trading_day_with_the_same_local_time_at_both_ends_takes_the_first() -> None:
    """2024-03-10 runs from 18:00 to 19:00 of the next day in New York."""
    assert flat_at("2024-03-10", time="18:00", zone="America/New_York") == "2024-03-09 23:00"


@pytest.mark.parametrize(("trading_day", "time"), [("2024-03-10", "02:30"), ("2024-11-03", "18:00")])
def test_a_local_time_that_the_clock_skips_or_the_day_lacks_is_not_asked_for(trading_day: str, time: str) -> None:
    """2024-11-03 runs from 19:00 to 18:00 of the next day in New York."""
    assert flat_at(trading_day, time=time, zone="America/New_York") is None


# Minutes before the close.


@pytest.mark.parametrize(
    ("trading_day", "calendars", "minutes", "expected"),
    [
        ("2024-10-03", [GOLD], 0, "2024-10-03 21:00"),
        ("2024-10-03", [GOLD], 5, "2024-10-03 20:55"),
        ("2024-01-10", [GOLD], 5, "2024-01-10 21:55"),
        ("2024-11-29", [GOLD], 15, "2024-11-29 18:30"),
        ("2024-11-29", [GOLD, EQUITY], 15, "2024-11-29 17:45"),
        ("2024-11-29", [EQUITY, GOLD], 15, "2024-11-29 17:45"),
        ("2024-03-29", [GOLD, EQUITY], 15, "2024-03-29 13:00"),
        ("2024-12-25", [GOLD], 5, None),
        ("2024-12-25", [GOLD, EQUITY], 5, None),
        ("2024-10-05", [GOLD], 5, None),
    ],
)
def test_minutes_before_the_close_follow_the_calendar_of_normal_short_and_closed_days(
    trading_day: str, calendars: list[str], minutes: int, expected: str | None
) -> None:
    """The day after Thanksgiving gold closes at 13:45 in New York; of several exchanges the earliest close counts."""
    assert flat_at(trading_day, *calendars, minutes_before_close=minutes) == expected


def test_an_account_that_is_not_flat_by_any_time_has_no_minute() -> None:
    assert flat_minute(None, 20_000, [GOLD]) is None


def test_calendars_are_asked_of_the_instruments_only_where_the_account_counts_from_the_close() -> None:
    from_close = account(flat_by={"minutes_before_close": 5})
    instruments = {symbol: INSTRUMENTS[symbol] for symbol in ("MGC", "GC", "MNQ")}
    assert calendars_of(from_close, instruments) == [GOLD, EQUITY]
    assert calendars_of(account("prop_50k_trailing"), instruments) == []
    assert calendars_of(account(), instruments) == []


def test_an_instrument_without_a_calendar_is_refused_with_what_to_do() -> None:
    silver = INSTRUMENTS["MGC"].model_copy(update={"symbol": "SILVER", "calendar": None})
    instruments = {"MGC": INSTRUMENTS["MGC"], "SILVER": silver}
    assert calendars_of(account("prop_50k_trailing"), instruments) == []
    with pytest.raises(ConfigurationError) as caught:
        calendars_of(account(flat_by={"minutes_before_close": 5}), instruments)
    assert str(caught.value) == (
        "Account 25k is flat 5 minutes before the close, but SILVER has no `calendar` in instruments.yaml. Name one, "
        "or set the account's time and zone."
    )


def test_a_calendar_that_does_not_exist_is_refused_by_its_name() -> None:
    with pytest.raises(ConfigurationError, match=r"Unknown exchange calendar 'COMEX_OF_OLD'\. Expected a name"):
        flat_at("2024-10-03", "COMEX_OF_OLD", minutes_before_close=5)


# What counts when two instruments are closed one after the other.


def two_instruments(risk: RiskManager, rows: list[Any], others: list[Any], *more: PortfolioStrategy) -> Live:
    """MGC and MNQ bar by bar, both flat by minute 8, which their bars of minute 7 are the last before."""
    members = [member("0900", "E2"), member("0900", "E2", instrument="MNQ"), *more]
    live = Live(members, risk, flat_by=8, account=AccountDay(risk.account.equity, risk.account.equity))
    for minute, (row, other) in enumerate(zip([*RANGE, *rows], [*RANGE, *others], strict=True)):
        live.feed([bar(minute, row)])
        live.feed([bar(minute, other)], "MNQ")
    return live


def test_a_place_freed_by_closing_counts_when_the_day_ends() -> None:
    """RULES.md section 5: scratches count when the day ends, for the other instrument's last bar, too."""
    risk = RiskManager(account(limits=WIDE | {"max_concurrent_positions": 1}))
    live = two_instruments(risk, [ABOVE, ABOVE, ABOVE], [INSIDE, INSIDE, ABOVE])
    assert kinds(live.events) == ["ENTRY", "SCRATCH", "REJECTION"]
    assert rejections(live.events) == ["max_concurrent_positions"]


def test_r_lost_by_closing_halts_nobody() -> None:
    risk = RiskManager(account(limits=WIDE | {"drawdown_halt_r": -0.5}))
    live = two_instruments(risk, [ABOVE, ABOVE, FALLEN], [INSIDE, INSIDE, ABOVE])
    assert kinds(live.events) == ["ENTRY", "SCRATCH", "ENTRY", "SCRATCH"]
    live.end()
    summary = live.engine.get_daily_summary()
    assert (summary.trades, summary.scratches, summary.open, summary.halt) == (2, 2, 0, None)
    assert summary.pnl_r < -0.5


@pytest.mark.parametrize(("limit", "is_reached"), [(256.5, False), (256.4, True)])
def test_dollars_lost_by_closing_go_on_to_count_as_an_open_loss(limit: float, is_reached: bool) -> None:
    """MGC loses 11 ticks of 10 dollars and 84 of costs; MNQ stands 7 ticks of 5 dollars and 27.40 of costs below."""
    rules = {"daily_loss_limit": limit, "max_drawdown": 50_000}
    risk = RiskManager(account("prop_50k_trailing", limits=WIDE, prop_firm=rules))
    later = member("0900", "E2", confirm_bars=2, instrument="MNQ")
    live = two_instruments(risk, [ABOVE, ABOVE, FALLEN], [INSIDE, ABOVE, (1012, 1012, 1005, 1012)], later)
    assert kinds(live.events)[:3] == ["ENTRY", "ENTRY", "SCRATCH"]
    assert rejections(live.events) == (["daily_loss_limit"] if is_reached else [])
