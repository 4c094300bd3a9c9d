"""RULES.md section 2, sentence by sentence: ranges and breaks."""

from __future__ import annotations

import pytest

from orb_pipeline_tests.rules.example_day import RANGE, day_of, flat, session_of, trade


def test_range_is_highest_high_and_lowest_low_of_the_bars_inside() -> None:
    opening = [(5, 9, 4, 6), (6, 12, 6, 7), (7, 8, 1, 2), (2, 3, 2, 3), (3, 5, 3, 4)]
    found = session_of(day_of((4, 99, 0, 4), opening=opening)).opening_range
    assert found is not None
    assert (found.high, found.low) == (12, 1)


def test_range_ends_before_its_last_minute_is_over_so_the_next_bar_is_outside() -> None:
    for minutes in (5, 15, 30):
        opening = [flat(1000)] * (minutes - 1) + [flat(1004)]
        found = session_of(day_of(flat(2000), opening=opening), orb_minutes=minutes).opening_range
        assert found is not None
        assert (found.high, found.low) == (1004, 1000)


def test_missing_minutes_inside_the_range_are_no_bars() -> None:
    found = session_of(day_of(opening=[None, flat(1003), None, flat(1001), None])).opening_range
    assert found is not None
    assert (found.high, found.low) == (1003, 1001)


def test_no_bar_inside_the_window_means_no_range_and_no_trade() -> None:
    bars = day_of(flat(1000), flat(1020), opening=[None] * 5)
    assert session_of(bars).opening_range is None
    assert trade(bars, "E2") is None


def test_a_range_of_size_zero_never_breaks() -> None:
    bars = day_of(flat(1000), flat(1020), opening=[flat(1005)] * 5)
    assert session_of(bars).broken is None
    assert trade(bars, "E2") is None


def test_a_close_at_the_edge_is_no_break_and_a_close_beyond_it_is() -> None:
    assert session_of(day_of((1005, 1030, 1005, 1010))).broken is None
    assert session_of(day_of((1005, 1011, 1005, 1011))).broken is not None


def test_a_high_outside_that_closes_inside_is_no_break() -> None:
    assert session_of(day_of((1005, 1050, 950, 1005))).broken is None


def test_the_first_close_outside_fixes_the_direction_for_the_day() -> None:
    found = session_of(day_of(flat(1011), flat(990), flat(989))).broken
    assert found is not None
    assert found.direction == "long"


def test_a_close_below_the_low_is_a_short_break() -> None:
    found = session_of(day_of(flat(1005), flat(999))).broken
    assert found is not None
    assert (found.direction, found.index) == ("short", 6)


@pytest.mark.parametrize(("minute", "breaks"), [(59, True), (60, False)])
def test_a_break_counts_before_the_start_of_the_next_session_only(minute: int, breaks: bool) -> None:
    quiet = [flat(1005)] * (minute - len(RANGE))
    assert (session_of(day_of(*quiet, flat(1011))).broken is not None) is breaks


def test_the_last_session_may_break_until_the_end_of_the_day() -> None:
    quiet = [None] * (1439 - 15 * 60 - 30 - 5)
    bars = day_of(*quiet, flat(1011), shift=15 * 60 + 30)
    found = session_of(bars, "0030").broken
    assert found is not None
    assert bars[found.index].minute % 1440 == 1439 - 60
