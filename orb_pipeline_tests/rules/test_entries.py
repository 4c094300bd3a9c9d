"""RULES.md section 3, sentence by sentence: from break to entry."""

from __future__ import annotations

import pytest

from orb_pipeline_tests.rules.example_day import day_of, flat, minute_of, trade

OUTSIDE, INSIDE = flat(1012), flat(1008)


def test_the_break_bar_is_the_first_confirm_bar() -> None:
    assert minute_of(trade(day_of(OUTSIDE, INSIDE), "E2", confirm_bars=1), "entry_minute") == 5


def test_confirm_bars_are_consecutive_closes_outside() -> None:
    assert minute_of(trade(day_of(OUTSIDE, OUTSIDE, OUTSIDE), "E2", confirm_bars=3), "entry_minute") == 7


def test_a_close_inside_resets_the_count() -> None:
    day = day_of(OUTSIDE, OUTSIDE, INSIDE, OUTSIDE, OUTSIDE, OUTSIDE)
    assert minute_of(trade(day, "E2", confirm_bars=3), "entry_minute") == 10


def test_a_close_at_the_edge_is_not_strictly_outside_and_resets_the_count() -> None:
    day = day_of(OUTSIDE, flat(1010), OUTSIDE, OUTSIDE)
    assert minute_of(trade(day, "E2", confirm_bars=2), "entry_minute") == 8


def test_a_close_beyond_the_other_edge_resets_the_count_and_keeps_the_direction() -> None:
    result = trade(day_of(OUTSIDE, flat(990), OUTSIDE, OUTSIDE), "E2", confirm_bars=2)
    assert result is not None
    assert minute_of(result, "entry_minute") == 8
    assert result.target > result.entry


def test_counting_goes_on_past_the_next_session_until_the_end_of_the_day() -> None:
    quiet = [INSIDE] * 100
    assert minute_of(trade(day_of(OUTSIDE, *quiet, OUTSIDE, OUTSIDE), "E2", confirm_bars=2), "entry_minute") == 107


def test_consecutive_means_bars_present_not_minutes() -> None:
    assert minute_of(trade(day_of(OUTSIDE, None, None, OUTSIDE), "E2", confirm_bars=2), "entry_minute") == 8


def test_no_confirmation_by_the_end_of_the_day_means_no_trade() -> None:
    assert trade(day_of(OUTSIDE, INSIDE, OUTSIDE), "E2", confirm_bars=2) is None


def test_counting_does_not_go_on_into_the_next_day() -> None:
    next_day = day_of(OUTSIDE, OUTSIDE, opening=[], shift=1440)
    assert trade([*day_of(OUTSIDE), *next_day], "E2", confirm_bars=2) is None


def test_e1_fills_at_the_open_of_the_next_bar_present() -> None:
    result = trade(day_of(OUTSIDE, None, (1014, 1015, 1013, 1013)), "E1")
    assert result is not None
    assert (result.entry, minute_of(result, "entry_minute")) == (1014, 7)


def test_e1_has_no_trade_without_a_next_bar_of_the_same_day() -> None:
    next_day = day_of(OUTSIDE, opening=[], shift=1440)
    assert trade([*day_of(OUTSIDE), *next_day], "E1") is None


@pytest.mark.parametrize(("opens", "fills"), [(1001, True), (1000, False), (999, False)])
def test_e1_has_no_trade_when_the_open_is_at_or_through_the_stop(opens: int, fills: bool) -> None:
    assert (trade(day_of(OUTSIDE, flat(opens)), "E1") is not None) is fills


def test_e2_fills_at_the_close_of_the_confirm_bar() -> None:
    result = trade(day_of((1005, 1016, 1004, 1013), INSIDE), "E2")
    assert result is not None
    assert (result.entry, minute_of(result, "entry_minute")) == (1013, 5)


def test_e3_fills_at_the_edge_on_the_first_bar_that_touches_it() -> None:
    result = trade(day_of(OUTSIDE, (1012, 1014, 1011, 1012), (1012, 1013, 1010, 1012)), "E3")
    assert result is not None
    assert (result.entry, minute_of(result, "entry_minute")) == (1010, 7)


def test_e3_works_from_the_bar_after_the_confirm_bar() -> None:
    assert trade(day_of((1005, 1012, 1003, 1012)), "E3") is None


def test_e3_fills_at_its_limit_also_when_the_bar_opens_through_it() -> None:
    result = trade(day_of(OUTSIDE, (1006, 1007, 1004, 1005)), "E3")
    assert result is not None
    assert result.entry == 1010


def test_e3_without_a_touch_by_the_end_of_the_day_is_no_trade() -> None:
    next_day = day_of(INSIDE, opening=[], shift=1440)
    assert trade([*day_of(OUTSIDE, OUTSIDE), *next_day], "E3") is None


def test_the_stop_is_the_opposite_edge() -> None:
    for model in ("E1", "E2", "E3"):
        result = trade(day_of(OUTSIDE, INSIDE), model)
        assert result is not None
        assert result.stop == 1000


@pytest.mark.parametrize(("rr", "target"), [(1.0, 1013 + 13), (1.1, 1013 + 15), (1.5, 1013 + 20), (2.5, 1013 + 33)])
def test_the_target_is_rounded_away_from_entry_in_exact_tenths(rr: float, target: int) -> None:
    result = trade(day_of(flat(1013), INSIDE), "E2", rr=rr)
    assert result is not None
    assert result.target == target


def test_a_whole_product_is_not_rounded_up() -> None:
    result = trade(day_of(OUTSIDE, INSIDE), "E3", rr=1.1)
    assert result is not None
    assert result.target == 1021


def test_a_strategy_takes_one_trade_a_day() -> None:
    """After the stop the price breaks out again; the result is still the first trade's."""
    result = trade(day_of(OUTSIDE, flat(999), OUTSIDE, flat(1099)), "E2")
    assert result is not None
    assert (result.outcome, minute_of(result)) == ("loss", 6)
