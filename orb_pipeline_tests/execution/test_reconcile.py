"""Every difference between the paper journal and the backtest is found, and put down to what made it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.catalogue import Account
from orb_pipeline.execution.backtest import VALUES, backtest_trades
from orb_pipeline.execution.day_trades import DayTrade
from orb_pipeline.execution.events import RiskDecision
from orb_pipeline.execution.reconcile import Difference, reconcile
from orb_pipeline.execution.risk import CHECKS
from orb_pipeline.rules.bars import Bar
from orb_pipeline_tests.execution.days import (
    ABOVE,
    GRID,
    INSIDE,
    LOST,
    WON,
    backtest_of,
    bars_of_days,
    history_of,
    random_walk,
    session,
)
from orb_pipeline_tests.execution.live import WIDE, account
from orb_pipeline_tests.execution.members import member, whole_grid
from orb_pipeline_tests.execution.test_parity import altered
from orb_pipeline_tests.execution.test_replay import REFUSED_BY
from orb_pipeline_tests.execution.traded import backtest_on, reconciled, seen_again, traded_day
from orb_pipeline_tests.series import BRISBANE, DAY, DAY_OPEN

MEMBER = member("0900", "E2")
BARS = bars_of_days(session(INSIDE, WON))
ENTERED, EXITED = 5, 7  # minutes of the day, of MEMBER's trade on BARS
WON_R, LOST_R = pytest.approx((24 - 8.4) / 20.4), pytest.approx(-1.0)
CAME_LATE = {"MGC": [DAY_OPEN + EXITED]}


def short(found: Any) -> list[tuple[Any, ...]]:
    """Of each difference its kind, its cause, and both results."""
    return [(str(item.difference), str(item.cause), item.paper_r, item.backtest_r) for item in found.differences]


def only(found: Any) -> Difference:
    (difference,) = found.differences
    return difference


def without(*minutes: int) -> list[Bar]:
    return [bar for bar in BARS if bar.minute - DAY_OPEN not in minutes]


def flat_at(time: str) -> Account:
    return account(limits=WIDE, flat_by={"time": time, "zone": "Australia/Brisbane"})


# The same on both sides.


def test_what_is_compared_are_the_values_of_the_backtest() -> None:
    assert list(DayTrade._fields) == VALUES


def test_the_same_bars_give_no_difference() -> None:
    found = reconciled([MEMBER, member("1000", "E2")], BARS)
    assert (found.compared, found.differences, found.unexplained) == (1, (), ())


def test_random_days_of_two_instruments_give_no_difference() -> None:
    bars = {symbol: random_walk(seed, days=2) for seed, symbol in enumerate(("MGC", "MNQ"))}
    members = [item for symbol in bars for item in whole_grid(GRID, BRISBANE.labels, symbol)[::7]]
    traded = traded_day(members, bars, day=DAY + 1)
    found = reconcile(traded, {symbol: backtest_on(of, DAY + 1, symbol) for symbol, of in bars.items()})
    assert found.compared > 30
    assert found.differences == ()


def test_a_day_on_which_nothing_traded_has_nothing_to_compare() -> None:
    assert reconciled([MEMBER], bars_of_days({0: [INSIDE] * 9})).compared == 0


def test_a_day_without_any_bar_has_nothing_to_compare() -> None:
    assert reconciled([MEMBER], BARS, day=DAY + 3).compared == 0


# One day of a study.


@pytest.mark.parametrize("day", range(4))
def test_the_backtest_of_one_day_is_that_day_of_the_whole_backtest(day: int) -> None:
    bars = random_walk(3, days=4, length=1_200)
    members = whole_grid(GRID, BRISBANE.labels)
    whole, one = backtest_of(history_of(bars)), backtest_on(bars, DAY + day)
    assert len(one.features) == len(whole.features) / 4
    expected = backtest_trades(members, {"MGC": whole}, [DAY + day])
    assert len(expected) > 100
    pd.testing.assert_frame_equal(backtest_trades(members, {"MGC": one}, [DAY + day]), expected)


def test_what_paper_saw_is_put_behind_the_bars_of_earlier_days() -> None:
    bars = random_walk(3, days=3)
    history = seen_again(backtest_on(bars, DAY + 1), bars, DAY + 1)
    whole = history_of(bars)
    assert history.days.tolist() == [DAY, DAY + 1]
    assert history.bars(DAY + 1) == whole.bars(DAY + 1)
    expected, found = whole.market_day(DAY + 1), history.market_day(DAY + 1)
    assert found.windows == expected.windows
    assert [found.history.at(minute) for minute in range(1440)] == [
        expected.history.at(minute) for minute in range(1440)
    ]


def test_an_instrument_of_which_paper_saw_nothing_has_no_day() -> None:
    history = seen_again(backtest_on(BARS), [])
    assert not history.has(DAY)


# Refusals.


@pytest.mark.parametrize("check", CHECKS)
def test_what_a_check_refused_is_a_risk_rejection(check: str) -> None:
    of, members, days = REFUSED_BY[check]
    bars = bars_of_days(days[0])
    if check == "account_drawdown":  # lost on an earlier day
        traded = traded_day(members, {"MGC": bars}, of=of, stopped=RiskDecision(False, check, 1.0, 2.0, "it is lost"))
        found = reconcile(traded, {"MGC": backtest_on(bars)})
    else:
        found = reconciled(members, bars, of=of)
    difference = only(found)
    assert (difference.difference, difference.cause, difference.explained) == ("not_traded", "risk_rejection", True)
    assert difference.paper_r is None
    assert difference.backtest_r is not None
    assert f"Refused by {check}: " in difference.detail


@pytest.mark.parametrize(("check", "cause"), [("halt", "halt"), ("blocked", "blocked"), ("unheard_of", "bug")])
def test_what_was_stopped_from_outside_says_by_what(check: str, cause: str) -> None:
    found = reconciled([MEMBER], BARS, stopped=RiskDecision(False, check, reason="the operator is asleep"))
    assert short(found) == [("not_traded", cause, None, WON_R)]
    assert only(found).detail == (
        "Backtest: in 2024-10-03 23:05 UTC at 101.2, win 2024-10-03 23:07 UTC at 103.6, +0.76 R. Paper: entry "
        f"2024-10-03 23:05 UTC at 101.2 refused. Refused by {check}: the operator is asleep."
    )


def test_a_refusal_of_another_fill_than_the_backtests_explains_nothing() -> None:
    stopped = RiskDecision(False, "halt", reason="by hand")
    wrong = lambda journal: journal.assign(decided_price=journal["decided_price"] + 0.1)  # noqa: E731
    assert short(reconciled([MEMBER], BARS, stopped=stopped, fault=wrong)) == [("not_traded", "bug", None, WON_R)]


def test_a_refusal_that_research_knows_nothing_of_is_put_down_to_the_bars() -> None:
    stopped = RiskDecision(False, "halt", reason="by hand")
    quiet = [bar for bar in BARS if bar.minute - DAY_OPEN < ENTERED]
    found = reconciled([MEMBER], BARS, quiet, stopped=stopped)
    assert short(found) == [("not_in_backtest", "missing_bar", None, None)]


def test_a_refusal_of_an_entry_that_never_was_is_a_bug() -> None:
    quiet = bars_of_days({0: [INSIDE] * 9})
    journal = traded_day([MEMBER], {"MGC": BARS}, stopped=RiskDecision(False, "halt", reason="by hand")).journal
    found = reconciled([MEMBER], quiet, fault=lambda _: journal)
    assert short(found) == [("not_in_backtest", "bug", None, None)]


# Flat by a time.


def test_a_trade_cut_short_by_the_accounts_time_is_put_down_to_it() -> None:
    found = reconciled([MEMBER], BARS, of=flat_at("09:07"))
    (kind, cause, paper_r, backtest_r) = short(found)[0]
    assert (kind, cause, backtest_r) == ("differs", "flat_by", WON_R)
    assert paper_r < 0
    assert "They differ in outcome, exit_ts, exit_price, pnl_r, mfe_r." in only(found).detail


@pytest.mark.parametrize("time", ["09:04", "09:05"])
def test_an_entry_at_or_after_that_time_is_put_down_to_it(time: str) -> None:
    assert short(reconciled([MEMBER], BARS, of=flat_at(time))) == [("not_traded", "flat_by", None, WON_R)]


def test_a_trade_that_ends_before_that_time_is_the_same() -> None:
    assert reconciled([MEMBER], BARS, of=flat_at("10:00")).differences == ()


# Bars.


def test_a_trade_that_differs_by_a_bar_that_came_late_is_put_down_to_it() -> None:
    later = [*BARS, *bars_of_days({EXITED + 1: [LOST]})]
    seen = [bar for bar in later if bar.minute - DAY_OPEN != EXITED]
    found = reconciled([MEMBER], seen, later, late=CAME_LATE)
    assert short(found) == [("differs", "late_bar", LOST_R, WON_R)]
    assert only(found).detail.endswith("Bars of MGC: 1 came too late for paper.")


def test_the_same_bar_is_missing_where_it_was_never_seen() -> None:
    found = reconciled([MEMBER], without(EXITED), BARS)
    assert short(found) == [("differs", "missing_bar", pytest.approx((-7 - 8.4) / 20.4), WON_R)]
    assert only(found).detail.endswith("Bars of MGC: 1 landed after the day.")


def test_late_bars_among_others_that_are_missing_are_not_the_whole_cause() -> None:
    found = reconciled([MEMBER], without(EXITED - 1, EXITED), BARS, late=CAME_LATE)
    assert only(found).cause == "missing_bar"
    assert "1 came too late for paper, 1 landed after the day" in only(found).detail


def test_a_bar_that_was_replaced_since_is_a_missing_one() -> None:
    changed = [bar._replace(high=1012, close=1012) if bar.minute == DAY_OPEN + EXITED else bar for bar in BARS]
    found = reconciled([MEMBER], changed, BARS, late=CAME_LATE)
    assert only(found).cause == "missing_bar"
    assert "1 changed since" in only(found).detail


def test_a_bar_that_research_has_lost_is_a_missing_one() -> None:
    found = reconciled([MEMBER], BARS, without(EXITED))
    assert only(found).cause == "missing_bar"
    assert "1 gone since" in only(found).detail


def test_a_trade_of_bars_that_research_does_not_have_is_not_in_the_backtest() -> None:
    assert short(reconciled([MEMBER], BARS, [])) == [("not_in_backtest", "missing_bar", WON_R, None)]


def test_a_trade_of_bars_that_paper_never_saw_is_not_traded() -> None:
    found = reconciled([MEMBER], [], BARS, late={"MGC": [bar.minute for bar in BARS]})
    assert short(found) == [("not_traded", "late_bar", None, WON_R)]


def test_bars_that_change_no_trade_make_no_difference() -> None:
    later = [*BARS, *bars_of_days({EXITED + 1: [INSIDE]})]
    assert reconciled([MEMBER], BARS, later).differences == ()


def test_volumes_of_earlier_days_that_landed_since_are_missing_bars() -> None:
    """With ten days before, the break's volume is above the median; what landed since doubles them."""
    by_volume = member("0900", "E2", filter_type="VOL_RV12_N20")
    days = bars_of_days(*[session(INSIDE, WON)] * 12)
    last = DAY + 11
    grown = [bar._replace(volume=15) if bar.minute >= DAY_OPEN + 11 * 1440 else bar for bar in days]
    since = [bar if bar.minute >= DAY_OPEN + 11 * 1440 else bar._replace(volume=20) for bar in grown]
    assert reconciled([by_volume], grown, day=last).differences == ()
    found = reconciled([by_volume], grown, since, day=last)
    assert short(found) == [("not_in_backtest", "missing_bar", WON_R, None)]
    assert only(found).detail.endswith("Bars of MGC: those of earlier days have changed since.")


# What nothing explains.


@pytest.mark.parametrize("name", VALUES)
def test_a_value_of_the_journal_that_nothing_explains_is_a_bug(name: str) -> None:
    def wrong(journal: pd.DataFrame) -> pd.DataFrame:
        value = journal[name].iloc[0]
        other = "loss" if name == "outcome" else value + (dt.timedelta(minutes=1) if name.endswith("_ts") else 1e-12)
        return journal.assign(**{name: [other]})

    found = reconciled([MEMBER], BARS, fault=wrong)
    assert [(str(item.difference), str(item.cause)) for item in found.unexplained] == [("differs", "bug")]
    assert f"They differ in {name}. " in only(found).detail
    assert "Of the bars that paper saw the engine makes: in 2024-10-03 23:05 UTC" in only(found).detail


def test_a_row_that_is_missing_is_a_bug() -> None:
    found = reconciled([MEMBER], BARS, fault=lambda journal: journal.iloc[:0])
    assert short(found) == [("not_traded", "bug", None, WON_R)]


def test_a_trade_that_is_still_open_after_the_day_is_a_bug() -> None:
    exit_values = ["exit_ts", "exit_price", "outcome", "exit_reason", "pnl_r", "mae_r", "mfe_r"]
    found = reconciled([MEMBER], BARS, fault=lambda journal: journal.assign(**dict.fromkeys(exit_values)))
    assert short(found) == [("differs", "bug", None, WON_R)]
    assert "still open" in only(found).detail


def test_a_trade_of_a_strategy_that_was_no_member_is_a_bug() -> None:
    found = reconciled([MEMBER], BARS, fault=lambda journal: pd.concat([journal, journal.assign(strategy_id="X")]))
    assert [item.strategy_id for item in found.differences] == ["X"]
    assert short(found) == [("not_in_backtest", "bug", WON_R, None)]
    assert found.compared == 2


@pytest.mark.parametrize("values", [{"pnl_r": 9.0}, {"entry_price": 101.3}, dict.fromkeys(VALUES)])
def test_a_backtest_that_the_engine_does_not_confirm_is_a_bug(values: dict[str, Any]) -> None:
    wrong = altered(backtest_on(BARS), values)
    found = reconcile(traded_day([MEMBER], {"MGC": BARS}), {"MGC": wrong})
    assert only(found).cause == "bug"
    assert "Of research's own bars the engine makes" in only(found).detail


def test_a_bug_is_not_hidden_behind_another_cause() -> None:
    wrong = altered(backtest_on(BARS), {"exit_price": 1.0})
    stopped = RiskDecision(False, "halt", reason="by hand")
    for paper in ({"stopped": stopped}, {"of": flat_at("09:07")}, {"fault": lambda journal: journal.assign(mae_r=7.0)}):
        found = reconcile(traded_day([MEMBER], {"MGC": BARS}, **paper), {"MGC": wrong})
        assert only(found).cause == "bug"
    other_bars = reconciled([MEMBER], without(EXITED), BARS, fault=lambda journal: journal.assign(mae_r=7.0))
    assert only(other_bars).cause == "bug"
    assert "1 landed after the day" in only(other_bars).detail


def test_a_waived_parity_explains_where_engine_and_backtest_part_and_nothing_else() -> None:
    wrong = altered(backtest_on(BARS), {"exit_price": 1.0})
    waived = {"waiver": "waiver 3: for a test"}
    found = reconcile(traded_day([MEMBER], {"MGC": BARS}, **waived), {"MGC": wrong})
    assert (only(found).cause, found.unexplained) == ("waiver", ())
    assert only(found).detail.endswith("replay_results/parity is passed over (waiver 3: for a test).")
    refused = traded_day([MEMBER], {"MGC": BARS}, stopped=RiskDecision(False, "halt", reason="by hand"), **waived)
    assert only(reconcile(refused, {"MGC": wrong})).cause == "halt"
    tampered = reconciled([MEMBER], BARS, fault=lambda journal: journal.assign(mae_r=7.0), **waived)
    assert only(tampered).cause == "bug"


# Several at once.


def test_of_several_steps_the_last_one_is_the_cause_and_all_are_told() -> None:
    found = reconciled([MEMBER], without(6), BARS, of=flat_at("09:07"), late={"MGC": [DAY_OPEN + 6]})
    assert only(found).cause == "flat_by"
    assert "1 came too late for paper. The account had to be flat" in only(found).detail


def test_each_strategy_has_its_own_cause_in_portfolio_order() -> None:
    bars = bars_of_days(session(INSIDE, WON) | session(ABOVE, minute=60))
    members = [member("1000", "E2"), MEMBER, member("0900", "E2", rr_target=3.0)]
    one_each = account(limits=WIDE | {"max_per_orb_positions": 1}, flat_by=flat_at("09:30").flat_by)
    found = reconciled(members, bars, of=one_each)
    assert [(item.strategy_id, item.cause) for item in found.differences] == [
        (members[0].strategy_id, "flat_by"),
        (members[2].strategy_id, "risk_rejection"),
    ]
    assert found.compared == 3


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), is_late=st.booleans(), share=st.sampled_from([0.0, 0.01, 0.2]))
def test_every_difference_of_a_day_with_missing_bars_limits_and_a_flat_time_is_explained(
    seed: int, is_late: bool, share: float
) -> None:
    random = np.random.default_rng(seed)
    research = random_walk(seed, days=1, length=400)
    kept = random.random(len(research)) >= share
    seen = [bar for bar, is_kept in zip(research, kept, strict=True) if is_kept]
    late = {"MGC": [bar.minute for bar, is_kept in zip(research, kept, strict=True) if not is_kept and is_late]}
    members = whole_grid(GRID, BRISBANE.labels)[::11]
    of = account(flat_by={"time": "13:00", "zone": "Australia/Brisbane"})
    found = reconciled(members, seen, research, of=of, late=late)
    causes = {str(item.cause) for item in found.differences}
    bars = {"late_bar" if is_late else "missing_bar"} if share else set()
    assert causes <= {"risk_rejection", "flat_by"} | bars
    assert all(item.explained for item in found.differences)
