"""RULES.md section 4, sentence by sentence: from entry to exit. E2 enters at 1012 (risk 12), E3 at 1010 (risk 10)."""

from __future__ import annotations

import pytest

from orb_pipeline_tests.rules.example_day import day_of, excursion, flat, in_r, minute_of, trade

OUTSIDE = flat(1012)  # E2 enters here: stop 1000, target at 2 R 1036
QUIET = (1012, 1013, 1011, 1012)


def test_e1_is_examined_from_its_fill_bar() -> None:
    result = trade(day_of(OUTSIDE, (1012, 1012, 1000, 1005), QUIET), "E1")
    assert result is not None
    assert (result.outcome, minute_of(result)) == ("loss", 6)


def test_e1_may_win_on_its_fill_bar() -> None:
    result = trade(day_of(OUTSIDE, (1012, 1036, 1011, 1012), QUIET), "E1")
    assert result is not None
    assert (result.outcome, result.exit, minute_of(result)) == ("win", 1036, 6)


def test_e2_is_examined_from_the_bar_after_the_confirm_bar() -> None:
    result = trade(day_of((1005, 1090, 990, 1012), QUIET), "E2")
    assert result is not None
    assert result.outcome == "scratch"


def test_e3_cannot_win_on_its_fill_bar() -> None:
    result = trade(day_of(OUTSIDE, (1012, 1099, 1010, 1012), QUIET), "E3")
    assert result is not None
    assert (result.outcome, result.mfe_r) == ("scratch", excursion(3))


def test_e3_whose_fill_bar_reaches_the_stop_is_a_filled_trade_and_a_loss() -> None:
    result = trade(day_of(OUTSIDE, (1012, 1099, 1000, 1012)), "E3")
    assert result is not None
    assert (result.outcome, result.exit, result.pnl_r) == ("loss", 1000, -1.0)


def test_e3_loses_exactly_one_r_even_where_its_fill_bar_opened_beyond_the_stop() -> None:
    result = trade(day_of(OUTSIDE, flat(990)), "E3")
    assert result is not None
    assert (result.exit, result.pnl_r, result.mae_r) == (1000, -1.0, excursion(10))


def test_the_stop_is_touched_at_its_price_and_costs_exactly_one_r() -> None:
    result = trade(day_of(OUTSIDE, (1012, 1013, 1000, 1005)), "E2")
    assert result is not None
    assert (result.outcome, result.exit, result.pnl_r) == ("loss", 1000, -1.0)


def test_a_low_one_tick_above_the_stop_does_not_touch_it() -> None:
    result = trade(day_of(OUTSIDE, (1012, 1013, 1001, 1005)), "E2")
    assert result is not None
    assert result.outcome == "scratch"


def test_an_open_beyond_the_stop_exits_at_the_open_worse_than_one_r() -> None:
    result = trade(day_of(OUTSIDE, (993, 1099, 990, 1000)), "E2")
    assert result is not None
    assert (result.outcome, result.exit, result.pnl_r) == ("loss", 993, in_r(-19, 12))
    assert result.mae_r == excursion(19, 12)


def test_an_open_at_the_stop_exits_at_the_stop() -> None:
    result = trade(day_of(OUTSIDE, (1000, 1099, 990, 1000)), "E2")
    assert result is not None
    assert (result.outcome, result.exit, result.pnl_r) == ("loss", 1000, -1.0)


def test_the_target_is_touched_at_its_price() -> None:
    result = trade(day_of(OUTSIDE, (1012, 1036, 1011, 1020)), "E2")
    assert result is not None
    assert (result.outcome, result.exit, result.pnl_r) == ("win", 1036, in_r(24, 12))


def test_a_high_one_tick_short_of_the_target_does_not_touch_it() -> None:
    result = trade(day_of(OUTSIDE, (1012, 1035, 1011, 1020)), "E2")
    assert result is not None
    assert result.outcome == "scratch"


def test_an_open_beyond_the_target_exits_at_the_target_never_better() -> None:
    result = trade(day_of(OUTSIDE, flat(1050)), "E2")
    assert result is not None
    assert (result.outcome, result.exit, result.mfe_r) == ("win", 1036, excursion(24, 12))


@pytest.mark.parametrize("opens", [1036, 1040])
def test_a_later_bar_that_opens_at_or_beyond_the_target_wins_even_if_it_touches_the_stop(opens: int) -> None:
    result = trade(day_of(OUTSIDE, (opens, 1041, 990, 995)), "E2")
    assert result is not None
    assert (result.outcome, result.exit) == ("win", 1036)


def test_on_a_bar_that_won_by_its_open_the_adverse_side_does_not_count() -> None:
    result = trade(day_of(OUTSIDE, (1012, 1013, 1009, 1012), (1040, 1041, 1001, 1001)), "E2")
    assert result is not None
    assert result.mae_r == excursion(3, 12)


@pytest.mark.parametrize("model", ["E1", "E2"])
def test_a_bar_that_touches_both_is_stopped(model: str) -> None:
    result = trade(day_of(OUTSIDE, (1012, 1099, 1000, 1050)), model)
    assert result is not None
    assert (result.outcome, result.exit) == ("loss", 1000)


def test_neither_by_the_end_of_the_day_is_a_scratch_at_the_last_close() -> None:
    next_day = day_of(flat(2000), opening=[], shift=1440)
    result = trade([*day_of(OUTSIDE, QUIET, (1012, 1017, 1010, 1015)), *next_day], "E2")
    assert result is not None
    assert (result.outcome, result.exit, minute_of(result)) == ("scratch", 1015, 7)
    assert result.pnl_r == in_r(3, 12)


def test_e2_confirmed_on_the_last_bar_is_a_scratch_at_its_close_with_no_excursions() -> None:
    result = trade(day_of((1005, 1020, 1004, 1012)), "E2")
    assert result is not None
    assert (result.outcome, result.exit, minute_of(result)) == ("scratch", 1012, 5)
    assert (result.pnl_r, result.mae_r, result.mfe_r) == (in_r(0, 12), 0, 0)


def test_e1_filled_on_the_last_bar_is_a_scratch_at_its_close() -> None:
    result = trade(day_of(OUTSIDE, (1012, 1015, 1010, 1014)), "E1")
    assert result is not None
    assert (result.outcome, result.exit, minute_of(result)) == ("scratch", 1014, 6)
    assert (result.mae_r, result.mfe_r) == (excursion(2, 12), excursion(3, 12))


def test_e3_filled_on_the_last_bar_is_a_scratch_at_its_close() -> None:
    result = trade(day_of(OUTSIDE, (1012, 1015, 1007, 1014)), "E3")
    assert result is not None
    assert (result.outcome, result.exit, minute_of(result)) == ("scratch", 1014, 6)


def test_on_an_e3_fill_bar_that_did_not_stop_only_the_adverse_side_counts() -> None:
    result = trade(day_of(OUTSIDE, (1012, 1015, 1007, 1014)), "E3")
    assert result is not None
    assert (result.mae_r, result.mfe_r) == (excursion(3), 0)


def test_on_a_loss_bar_the_favourable_side_does_not_count() -> None:
    result = trade(day_of(OUTSIDE, (1012, 1014, 1011, 1012), (1012, 1030, 1000, 1005)), "E2")
    assert result is not None
    assert (result.outcome, result.mfe_r) == ("loss", excursion(2, 12))


def test_on_the_exit_bar_the_side_that_was_hit_is_capped_at_the_exit_price() -> None:
    stopped = trade(day_of(OUTSIDE, (1012, 1013, 980, 985)), "E2")
    won = trade(day_of(OUTSIDE, (1012, 1080, 1010, 1070)), "E2")
    assert stopped is not None
    assert won is not None
    assert stopped.mae_r == excursion(12, 12)
    assert (won.mfe_r, won.mae_r) == (excursion(24, 12), excursion(2, 12))


def test_excursions_are_never_negative() -> None:
    result = trade(day_of(OUTSIDE, flat(1020), flat(1025)), "E2")
    assert result is not None
    assert (result.mae_r, result.mfe_r) == (0, excursion(13, 12))


def test_stamps_are_open_times_of_the_fill_or_confirm_bar_and_of_the_exit_bar() -> None:
    day = day_of(OUTSIDE, (1012, 1013, 1010, 1012), (1012, 1099, 1010, 1012))
    minutes = {
        model: (minute_of(trade(day, model), "entry_minute"), minute_of(trade(day, model)))
        for model in ("E1", "E2", "E3")
    }
    assert minutes == {"E1": (6, 7), "E2": (5, 7), "E3": (6, 7)}
