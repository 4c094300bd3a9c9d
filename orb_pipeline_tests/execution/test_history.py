"""Landed bars as the engine is fed with them: days, order, and what was known before each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.catalogue import SessionSet
from orb_pipeline.execution.context import AccountDay
from orb_pipeline.execution.history import History, bars_in_order, context_of, days_of
from orb_pipeline.research.study import Study
from orb_pipeline.rules.bars import Bar
from orb_pipeline_tests.execution.days import GRID, INSIDE, QUIET, bars_of_days, history_of, random_walk
from orb_pipeline_tests.properties.random_market import random_bars
from orb_pipeline_tests.series import BRISBANE, DAY, DAY_OPEN, MGC, series_of

NEW_YORK = SessionSet.model_validate(
    {"name": "night", "zone": "America/New_York", "sessions": {"late": "01:30", "skipped": "02:30", "last": "17:58"}}
)
ACCOUNT = AccountDay(25_000.0, 25_000.0)
CLOCK_BACK = 20_030  # 2024-11-03 in New York: 01:00 to 02:00 twice
CLOCK_ON = 20_157  # 2025-03-10 is the trading day after the clock went on


def in_new_york(bars: Sequence[Bar]) -> History:
    return History(Study(series_of(bars, zone="America/New_York"), MGC, NEW_YORK, GRID))


@cache
def local_minute(minute: int, zone: str) -> int:
    clock = dt.datetime.fromtimestamp(minute * 60, dt.UTC).astimezone(ZoneInfo(zone))
    return clock.hour * 60 + clock.minute


def volumes_by_counting(bars: Sequence[Bar], day: int, local: int, zone: str) -> list[int]:
    """Of the last 20 bars before the day at this minute of the local day."""
    first = day * 1440 - 60
    return [bar.volume for bar in bars if bar.minute < first and local_minute(bar.minute, zone) == local][-20:]


# Volumes before a day.


@settings(max_examples=10)
@given(bars=random_bars(), probes=st.lists(st.integers(0, 1439), min_size=20, max_size=20))
def test_volumes_before_a_day_are_those_of_a_slow_count(bars: list[Bar], probes: list[int]) -> None:
    if not bars:
        return
    history = history_of(bars)
    for day in history.days.tolist():
        at = history.market_day(day).history.at
        for local in [*probes, *range(540, 560)]:
            assert list(at(local)) == volumes_by_counting(bars, day, local, "Australia/Brisbane")


def test_of_many_days_only_the_last_twenty_count_also_across_a_clock_that_is_put_back() -> None:
    shift = (CLOCK_BACK - 12 - DAY) * 1440
    bars = [
        Bar(DAY_OPEN + shift + day * 1440 + minute, 5, 5, 5, 5, 10_000 * day + minute)
        for day in range(26)
        for minute in range(330, 470, 6)
    ]
    history = in_new_york(bars)
    seen = 0
    for day in history.days.tolist():
        at = history.market_day(day).history.at
        for local in range(30, 170, 2):
            expected = volumes_by_counting(bars, day, local, "America/New_York")
            assert list(at(local)) == expected
            seen = max(seen, len(expected))
    assert seen == 20


def test_a_day_knows_no_volume_of_its_own_or_later() -> None:
    bars = bars_of_days({10: QUIET}, {10: QUIET}, {10: QUIET})
    volumes = [history_of(bars).market_day(DAY + day).history.at((540 + 10) % 1440) for day in range(3)]
    assert [list(found) for found in volumes] == [[], [10], [10, 10]]


# Days and bars.


def test_days_are_cut_at_the_trading_day_and_hold_their_bars_as_they_are() -> None:
    bars = bars_of_days({0: [INSIDE], 1439: [INSIDE]}, {}, {0: [INSIDE], 500: [(1005, 1009, 1001, 1002)]})
    history = history_of(bars)
    assert history.days.tolist() == [DAY, DAY + 2]
    assert history.bars(DAY) == bars[:2]
    assert history.bars(DAY + 1) == []
    assert history.bars(DAY + 2) == bars[2:]
    assert [history.has(DAY + day) for day in range(4)] == [True, False, True, False]
    assert {type(value) for value in history.bars(DAY)[0]} == {int}, "the engine takes whole Python numbers"


def test_days_of_several_instruments_are_those_of_any_from_first_to_last() -> None:
    one, other = history_of(bars_of_days({0: QUIET}, {}, {0: QUIET})), history_of(bars_of_days({}, {0: QUIET}), "MNQ")
    assert days_of([one, other]) == [DAY, DAY + 1, DAY + 2]
    assert days_of([one, other], first=DAY + 1) == [DAY + 1, DAY + 2]
    assert days_of([one, other], last=DAY + 1) == [DAY, DAY + 1]
    assert days_of([one, other], first=DAY + 1, last=DAY + 1) == [DAY + 1]
    assert days_of([one, other], first=DAY + 3) == []
    assert days_of([]) == []


def test_bars_of_several_instruments_come_by_minute_and_within_it_by_symbol() -> None:
    streams = {symbol: random_walk(seed, days=2) for seed, symbol in enumerate(("MNQ", "MGC", "ES"))}
    histories = {symbol: history_of(bars, symbol) for symbol, bars in streams.items()}
    for day in (DAY, DAY + 1):
        expected = sorted(
            (bar.minute, symbol, bar)
            for symbol, bars in streams.items()
            for bar in bars
            if DAY_OPEN <= bar.minute - (day - DAY) * 1440 < DAY_OPEN + 1440
        )
        found = [(bar.minute, symbol, bar) for symbol, bar in bars_in_order(histories, day)]
        assert found == expected
        assert len({minute for minute, *_ in found}) < len(found), "some minutes have bars of several"


@pytest.mark.parametrize("symbols", [("MGC",), ("MGC", "MNQ")])
def test_an_instrument_without_bars_on_a_day_brings_none_and_is_no_market_of_it(symbols: tuple[str, ...]) -> None:
    histories = {"MGC": history_of(bars_of_days({0: QUIET})), "MNQ": history_of(bars_of_days({}, {0: QUIET}), "MNQ")}
    histories = {symbol: histories[symbol] for symbol in symbols}
    assert [symbol for symbol, _ in bars_in_order(histories, DAY)] == ["MGC"] * 3
    context = context_of(histories, DAY, ACCOUNT, flat_by=DAY_OPEN + 90)
    assert list(context.markets) == ["MGC"]
    assert (context.day, context.account, context.flat_by) == (DAY, ACCOUNT, DAY_OPEN + 90)


# What is known of a day.


def test_the_contract_of_a_day_is_that_of_its_front_month_and_the_instrument_where_none_is_told() -> None:
    series = series_of(bars_of_days({0: QUIET}, {0: QUIET}))
    history = History(Study(series, MGC, BRISBANE, GRID), {DAY: "MGCZ4"})
    assert [history.market_day(DAY + day).front_month for day in range(2)] == ["MGCZ4", "MGC"]


def test_sessions_of_a_day_are_in_order_of_time_with_their_deadlines() -> None:
    windows = history_of(bars_of_days({700: QUIET})).market_day(DAY).windows
    starts = [0, 60, 120, 540, 840, 930]
    assert [window.label for window in windows] == ["0900", "1000", "1100", "1800", "2300", "0030"]
    assert [window.start - DAY_OPEN for window in windows] == starts
    assert [window.range_end - window.start for window in windows] == [5] * 6
    assert [window.deadline - DAY_OPEN for window in windows] == [*starts[1:], 1440]


def test_a_range_ends_with_the_day_and_a_skipped_session_does_not_exist() -> None:
    """2025-03-09 in New York runs from 18:00 to 19:00 without 02:30."""
    day = CLOCK_ON - 1
    history = in_new_york([Bar(day * 1440 - 60 + 5, 5, 5, 5, 5, 1), Bar(CLOCK_ON * 1440 - 60 + 5, 5, 5, 5, 5, 1)])
    first = day * 1440 - 60
    assert [(window.label, window.start - first) for window in history.market_day(day).windows] == [
        ("late", 450),
        ("last", 1378),
    ]
    following = history.market_day(CLOCK_ON).windows
    assert [(window.label, window.start - first - 1440) for window in following] == [
        ("late", 390),
        ("skipped", 450),
        ("last", 1378),
    ]


def test_a_range_at_the_very_end_of_the_day_is_cut_off_there() -> None:
    """In winter New York's 17:58 is 22:58 UTC, two minutes before the trading day ends."""
    day = CLOCK_BACK + 10
    (*_, last) = in_new_york([Bar(day * 1440, 5, 5, 5, 5, 1)]).market_day(day).windows
    end = (day + 1) * 1440 - 60
    assert (last.label, last.start, last.range_end, last.deadline) == ("last", end - 2, end, end)


def test_local_minutes_of_a_day_follow_the_clock_of_the_session_set() -> None:
    day = CLOCK_BACK
    market = in_new_york([Bar(day * 1440, 5, 5, 5, 5, 1)]).market_day(day)
    first = day * 1440 - 60
    assert market.local_minutes.tolist() == [local_minute(first + minute, NEW_YORK.zone) for minute in range(1440)]
    assert (market.local_minutes == 90).sum() == 2, "01:30 comes twice"
