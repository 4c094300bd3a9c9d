"""The stress of RULES.md section 3: E3 fills only where price trades through its limit. Longs are shorts as well."""

from __future__ import annotations

from functools import partial

import pytest

from orb_pipeline.rules.entries import TRADE_THROUGH_TICKS
from orb_pipeline_tests.rules.example_day import day_of, excursion, flat, in_r, minute_of
from orb_pipeline_tests.rules.example_day import trade as any_trade

OUTSIDE = flat(1012)
TOUCH = (1012, 1013, 1010, 1012)
THROUGH = (1012, 1013, 1009, 1012)
trade = partial(any_trade, through_ticks=TRADE_THROUGH_TICKS)


def test_a_touch_exactly_at_the_limit_does_not_fill() -> None:
    assert any_trade(day_of(OUTSIDE, TOUCH), "E3") is not None
    assert trade(day_of(OUTSIDE, TOUCH), "E3") is None


def test_one_tick_through_fills_at_the_limit() -> None:
    result = trade(day_of(OUTSIDE, THROUGH), "E3")
    assert result is not None
    assert (result.entry, minute_of(result, "entry_minute")) == (1010, 6)


def test_the_order_goes_on_working_after_a_touch() -> None:
    day = day_of(OUTSIDE, TOUCH, OUTSIDE, THROUGH, (1012, 1030, 1012, 1030))
    result = trade(day, "E3")
    assert result is not None
    assert (minute_of(result, "entry_minute"), result.outcome, minute_of(result)) == (8, "win", 9)
    assert minute_of(any_trade(day, "E3"), "entry_minute") == 6


def test_a_touch_that_runs_to_the_target_is_a_win_only_by_the_rule() -> None:
    day = day_of(OUTSIDE, TOUCH, (1012, 1030, 1012, 1030), (1030, 1030, 1009, 1010))
    by_the_rule, stressed = any_trade(day, "E3"), trade(day, "E3")
    assert by_the_rule is not None
    assert stressed is not None
    assert (by_the_rule.outcome, minute_of(by_the_rule, "entry_minute")) == ("win", 6)
    assert (stressed.outcome, minute_of(stressed, "entry_minute")) == ("scratch", 8)


@pytest.mark.parametrize("opens", [1012, 1005, 998])
def test_a_fill_that_reaches_the_stop_on_its_bar_is_a_loss_of_one_r(opens: int) -> None:
    result = trade(day_of(OUTSIDE, (opens, 1013, 998, 1000)), "E3")
    assert result is not None
    assert (result.outcome, result.exit, result.pnl_r) == ("loss", 1000, -1.0)


def test_on_the_bar_of_the_fill_the_target_does_not_count_and_the_low_does() -> None:
    result = trade(day_of(OUTSIDE, (1012, 1030, 1007, 1012)), "E3")
    assert result is not None
    assert (result.outcome, result.pnl_r) == ("scratch", in_r(2))
    assert (result.mae_r, result.mfe_r) == (excursion(3), 0.0)


@pytest.mark.parametrize("model", ["E1", "E2"])
def test_market_entries_know_no_stress(model: str) -> None:
    day = day_of(OUTSIDE, TOUCH, (1012, 1013, 1005, 1008))
    assert trade(day, model) == any_trade(day, model)
