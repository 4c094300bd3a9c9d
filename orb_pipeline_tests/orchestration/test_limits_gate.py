"""The gate that works out limits from the journal alone: each kind of limit below, at and above, by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orb_pipeline.catalogue import Account
from orb_pipeline.errors import ConfigurationError
from orb_pipeline.orchestration.gates.limits import broken_limits, judge_limits
from orb_pipeline_tests.execution.live import CATALOGUE, WIDE, account
from orb_pipeline_tests.orchestration.journals import Journal

FIRM = "prop_50k_trailing"


def limited(name: str = "25k", **limits: Any) -> Account:
    return account(name, limits=WIDE | limits)


def firm(**rules: Any) -> Account:
    """A prop-firm account of 50,000 dollars with these rules and no other limits."""
    rules = {"max_drawdown": 20_000.0, "daily_loss_limit": None} | rules
    return account(FIRM, limits=WIDE, prop_firm=rules, risk_per_trade_pct=100.0, flat_by=None)


def broken(journal: Journal, of: Account) -> list[tuple[Any, ...]]:
    """What is broken, by whom, the value found and the one allowed."""
    found = broken_limits(journal.frame(), of, CATALOGUE)
    return list(found[["broken", "strategy_id", "value", "allowed"]].itertuples(index=False, name=None))


# Open positions.


@pytest.mark.parametrize(("held", "breaks"), [(2, 0), (3, 0), (4, 1), (5, 2)])
def test_open_positions_of_all_sessions_and_instruments_count_together(held: int, breaks: int) -> None:
    journal = Journal()
    for number in range(held):
        journal.trade(10 + number, 100, instrument="MNQ" if number % 2 else "MGC")
    found = broken(journal, limited(max_concurrent_positions=3))
    assert found == [("max_concurrent_positions", f"S{number:02d}", number, 3) for number in range(4, 4 + breaks)]


@pytest.mark.parametrize(("held", "breaks"), [(1, False), (2, False), (3, True)])
def test_open_positions_of_one_session_count_by_themselves(held: int, breaks: bool) -> None:
    journal = Journal().trade(10, 100, orb_label="1000").trade(10, 100, orb_label="0900", instrument="MNQ")
    for number in range(held):
        journal.trade(10 + number, 100, orb_label="0900")
    found = broken(journal, limited(max_per_orb_positions=2))
    assert found == ([("max_per_orb_positions", "S05", 3, 2)] if breaks else [])


def test_yesterdays_positions_are_not_todays() -> None:
    journal = Journal().trade(10, 100, outcome="scratch").trade(10, 100, day=1)
    assert broken(journal, limited(max_concurrent_positions=1)) == []


def test_a_trade_without_an_exit_stays_open() -> None:
    journal = Journal().trade(10, 20, exit_ts=None).trade(30, 40)
    assert broken(journal, limited(max_concurrent_positions=1)) == [("max_concurrent_positions", "S02", 2, 1)]


@pytest.mark.parametrize(("model", "breaks"), [("E1", True), ("E3", True), ("E2", False)])
def test_within_a_minute_orders_fill_before_exits_and_entries_at_the_close_come_after(model: str, breaks: bool) -> None:
    journal = Journal().trade(10, 50).trade(50, 60, model=model)
    found = broken(journal, limited(max_concurrent_positions=1))
    assert found == ([("max_concurrent_positions", "S02", 2, 1)] if breaks else [])


@pytest.mark.parametrize("model", ["E1", "E3"])
def test_a_trade_may_fill_and_exit_within_the_minute_in_which_another_enters_at_the_close(model: str) -> None:
    journal = Journal().trade(50, 50, model=model, outcome="loss").trade(50, 60)
    assert broken(journal, limited(max_concurrent_positions=1)) == []


def test_fills_of_one_step_count_together() -> None:
    journal = Journal().trade(50, 60).trade(50, 60)
    found = broken(journal, limited(max_concurrent_positions=1))
    assert found == [("max_concurrent_positions", name, 2, 1) for name in ("S01", "S02")]


@pytest.mark.parametrize(
    ("leaves", "enters", "model", "breaks"),
    [("MGC", "MNQ", "E1", False), ("MNQ", "MGC", "E1", True), ("MNQ", "MGC", "E2", True), ("MGC", "MNQ", "E2", False)],
)
def test_within_a_minute_one_instrument_goes_through_all_steps_before_the_next(
    leaves: str, enters: str, model: str, breaks: bool
) -> None:
    journal = Journal().trade(10, 50, instrument=leaves).trade(50, 60, instrument=enters, model=model)
    assert bool(broken(journal, limited(max_concurrent_positions=1))) is breaks


def test_a_scratch_leaves_its_place_when_the_day_ends_whenever_its_bar_was() -> None:
    """Its instrument had its last bar at minute 50; the market of the other one went on."""
    journal = Journal().trade(10, 50, outcome="scratch").trade(90, 95, instrument="MNQ")
    assert broken(journal, limited(max_concurrent_positions=1)) == [("max_concurrent_positions", "S02", 2, 1)]


# Entries of a day.


@pytest.mark.parametrize(("entries", "breaks"), [(14, False), (15, False), (16, True)])
def test_entries_of_a_day_are_counted_and_refused_ones_are_not(entries: int, breaks: bool) -> None:
    journal = Journal().refused(5).refused(6)
    for number in range(entries):
        journal.trade(10 * number, 10 * number + 1).trade(10 * number, 10 * number + 1, day=1 + number)
    found = broken(journal, limited(max_daily_trades=15))
    assert found == ([("max_daily_trades", "all", 16, 15)] if breaks else [])


# The circuit breaker.


@pytest.mark.parametrize(("realised", "breaks"), [(-4.99, False), (-5.0 + 5e-10, True), (-5.0, True), (-5.01, True)])
@pytest.mark.parametrize("limit", ["drawdown_halt_r", "max_daily_loss_r"])
def test_no_entry_after_the_realised_r_reached_the_nearer_halt_level(realised: float, breaks: bool, limit: str) -> None:
    journal = Journal().trade(10, 20, outcome="loss", r=realised).trade(30, 40)
    found = broken(journal, account(limits=WIDE | {limit: -5}))
    assert found == ([("circuit_breaker", "S02", realised, -5.0)] if breaks else [])


def test_the_breaker_stays_where_it_is_whatever_is_won_back_until_the_next_day() -> None:
    """The winner of +9 R was open when the halt came."""
    journal = Journal().trade(5, 25, r=9.0).trade(10, 20, outcome="loss", r=-5.0).trade(30, 40).trade(30, 40, day=1)
    assert broken(journal, limited(drawdown_halt_r=-5)) == [("circuit_breaker", "S03", -5.0, -5.0)]


@pytest.mark.parametrize(("model", "breaks"), [("E1", False), ("E3", False), ("E2", True)])
def test_r_lost_in_a_minute_counts_for_entries_at_its_close_but_not_for_its_fills(model: str, breaks: bool) -> None:
    journal = Journal().trade(10, 20, outcome="loss", r=-5.0).trade(20, 40, model=model)
    assert bool(broken(journal, limited(drawdown_halt_r=-5))) is breaks


def test_results_of_one_bar_are_taken_together() -> None:
    journal = Journal().trade(10, 20, outcome="loss", r=-5.0).trade(10, 20, r=2.0).trade(30, 40)
    assert broken(journal, limited(drawdown_halt_r=-5)) == []


def test_results_of_two_instruments_in_one_minute_are_taken_one_after_the_other() -> None:
    journal = Journal().trade(10, 20, outcome="loss", r=-5.0).trade(10, 20, r=2.0, instrument="MNQ").trade(30, 40)
    assert broken(journal, limited(drawdown_halt_r=-5)) == [("circuit_breaker", "S03", -5.0, -5.0)]


def test_what_is_scratched_at_the_end_halts_nothing() -> None:
    journal = Journal().trade(10, 20, outcome="scratch", r=-5.0).trade(30, 40)
    assert broken(journal, limited(drawdown_halt_r=-5)) == []


# Sizes.


@pytest.mark.parametrize(("contracts", "breaks"), [(0, True), (1, False), (10, False), (11, True)])
def test_a_trade_has_one_contract_or_more_and_at_most_what_the_account_allows(contracts: int, breaks: bool) -> None:
    found = broken(Journal().trade(10, 20, contracts=contracts), limited())
    assert found == ([("max_contracts", "S01", contracts, 10)] if breaks else [])


@pytest.mark.parametrize(("model", "is_asked"), [("E2", True), ("E3", True), ("E1", False)])
@pytest.mark.parametrize(("risk", "breaks"), [(9.9, False), (10.0, False), (10.1, True)])
def test_contracts_risk_at_most_the_budget_of_a_trade(model: str, is_asked: bool, risk: float, breaks: bool) -> None:
    """25,000 dollars at 2 %; 5 contracts at 10 dollars a point. E1 was sized on a close that the journal lacks."""
    found = broken(Journal().trade(10, 20, contracts=5, risk=risk, model=model), limited())
    assert found == ([("position_size", "S01", pytest.approx(505.0), 500.0)] if breaks and is_asked else [])


@pytest.mark.parametrize(("contracts", "breaks"), [(50, False), (51, True)])
def test_a_stop_is_taken_as_at_least_ten_ticks_away(contracts: int, breaks: bool) -> None:
    of = account(limits=WIDE, max_contracts=100)
    found = broken(Journal().trade(10, 20, contracts=contracts, risk=0.5), of)
    assert found == ([("position_size", "S01", 510.0, 500.0)] if breaks else [])


@pytest.mark.parametrize(("won", "allowed"), [(-5_000.0, 400.0), (5_000.0, 600.0)])
def test_the_budget_follows_the_equity_at_the_start_of_the_day(won: float, allowed: float) -> None:
    at_budget, above = allowed / 10, allowed / 10 + 0.1
    journal = Journal().trade(10, 20, dollars=won).trade(10, 20, day=1, risk=at_budget).trade(10, 20, day=2, risk=above)
    assert broken(journal, limited()) == [("position_size", "S03", pytest.approx(allowed + 1), pytest.approx(allowed))]


def test_the_budget_of_a_prop_firm_account_is_a_share_of_its_drawdown() -> None:
    of = account(FIRM, limits=WIDE, risk_per_trade_pct=10.0, flat_by=None)
    journal = Journal().trade(10, 20, risk=20.0, contracts=1).trade(30, 40, risk=20.1, contracts=1)
    assert broken(journal, of) == [("position_size", "S02", pytest.approx(201.0), 200.0)]


# Prop-firm rules.


@pytest.mark.parametrize(("lost", "breaks"), [(999.99, False), (1_000.0, True), (1_000.01, True)])
def test_no_entry_after_the_days_loss_in_dollars_was_reached(lost: float, breaks: bool) -> None:
    journal = Journal().trade(10, 20, dollars=5_000.0, day=-1).trade(10, 20, dollars=-lost).trade(30, 40)
    found = broken(journal, firm(daily_loss_limit=1_000.0))
    assert found == ([("daily_loss_limit", "S03", lost, 1_000.0)] if breaks else [])


@pytest.mark.parametrize(("lost", "breaks"), [(1_999.99, False), (2_000.0, True), (2_000.01, True)])
@pytest.mark.parametrize(("kind", "won_before"), [("static", 0.0), ("trailing", 0.0), ("trailing", 3_000.0)])
def test_no_entry_after_the_account_fell_to_its_floor(kind: str, won_before: float, lost: float, breaks: bool) -> None:
    """A trailing floor hangs below the highest equity at the end of a day, and does not sink again."""
    journal = Journal().trade(10, 20, dollars=won_before, day=-2).trade(10, 20, dollars=-500.0, day=-1)
    journal.trade(10, 20, dollars=500.0 - lost).trade(30, 40)
    found = broken(journal, firm(max_drawdown=2_000.0, drawdown=kind))
    floor = 48_000.0 + won_before
    assert found == ([("account_drawdown", "S04", floor + 2_000.0 - lost, floor)] if breaks else [])


def test_a_static_floor_does_not_rise() -> None:
    journal = Journal().trade(10, 20, dollars=3_000.0, day=-1).trade(10, 20, dollars=-4_999.0).trade(30, 40)
    assert broken(journal, firm(max_drawdown=2_000.0, drawdown="static")) == []


def test_an_account_that_was_lost_stays_lost_whatever_is_won_back() -> None:
    """It fell to its floor within the first day and ended it above."""
    journal = Journal().trade(5, 25, dollars=4_000.0).trade(10, 20, dollars=-2_000.0).trade(10, 20, day=1)
    found = broken(journal, firm(max_drawdown=2_000.0, drawdown="static"))
    assert found == [("account_drawdown", "S03", 52_000.0, 48_000.0)]


def test_an_account_that_ends_a_day_at_its_floor_does_not_trade_on_the_next() -> None:
    journal = Journal().trade(10, 20, outcome="scratch", dollars=-2_000.0).trade(10, 20, day=1)
    found = broken(journal, firm(max_drawdown=2_000.0))
    assert found == [("account_drawdown", "S02", 48_000.0, 48_000.0)]


def test_scratches_of_all_instruments_are_booked_together_at_the_end_of_the_day() -> None:
    """MGC's alone would have ended the account."""
    journal = Journal().trade(10, 50, outcome="scratch", dollars=-2_500.0)
    journal.trade(10, 50, outcome="scratch", dollars=2_000.0, instrument="MNQ").trade(10, 20, day=1)
    assert broken(journal, firm(max_drawdown=2_000.0)) == []


def test_an_own_account_has_no_rules_in_dollars() -> None:
    journal = Journal().trade(10, 20, dollars=-24_000.0).trade(30, 40, contracts=1)
    assert broken(journal, limited()) == []


# Flat by.


@pytest.mark.parametrize(
    ("entered", "exited", "late"),
    [(10, 88, None), (10, 89, None), (89, 89, None), (10, 90, 0), (90, 95, 5), (100, 100, 10)],
)
def test_before_the_minute_to_be_flat_everything_is_closed(entered: int, exited: int, late: int | None) -> None:
    """10:30 in Brisbane is minute 90 of the trading day, so that the last bar is that of minute 89."""
    of = account(limits=WIDE, flat_by={"time": "10:30", "zone": "Australia/Brisbane"})
    found = broken(Journal().trade(entered, exited, outcome="scratch"), of)
    assert found == ([] if late is None else [("flat_by", "S01", late, -1)])


@pytest.mark.parametrize(("exited", "breaks"), [(1314, False), (1315, True)])
def test_minutes_before_the_close_are_counted_by_the_calendar_of_the_day(exited: int, breaks: bool) -> None:
    """2024-10-04, a Friday: gold closes at 17:00 New York, which is 21:00 UTC, minute 1,320."""
    of = account(limits=WIDE, flat_by={"minutes_before_close": 5})
    assert bool(broken(Journal().trade(10, exited, outcome="scratch"), of)) is breaks


def test_minutes_before_the_close_need_an_instrument_with_a_calendar() -> None:
    instruments = {**CATALOGUE.instruments, "MGC": CATALOGUE.instrument("MGC").model_copy(update={"calendar": None})}
    catalogue = replace(CATALOGUE, instruments=instruments)
    of = account(limits=WIDE, flat_by={"minutes_before_close": 5})
    with pytest.raises(ConfigurationError, match="MGC has no `calendar`"):
        broken_limits(Journal().trade(10, 20).frame(), of, catalogue)


# The verdict.


def test_the_message_counts_entries_and_names_the_first_that_broke_something() -> None:
    journal = Journal().refused(5)
    for number in range(5):
        journal.trade(10, 20, day=number, contracts=11, dollars=0.5)
    result = judge_limits([journal.frame()], limited(), CATALOGUE)
    assert not result.passed
    assert result.message == (
        "5 entries on 5 days; 5 break a limit: 2024-10-04 S02 max_contracts: 11, allowed 10; "
        "2024-10-05 S03 max_contracts: 11, allowed 10; 2024-10-06 S04 max_contracts: 11, allowed 10."
    )


def test_one_entry_may_break_several_limits() -> None:
    journal = Journal().trade(10, 20, outcome="loss", r=-5.0, dollars=-1_500.0).trade(30, 40, contracts=11)
    of = account(FIRM, limits=WIDE | {"drawdown_halt_r": -5}, flat_by=None)
    assert [name for name, *_ in broken(journal, of)] == ["circuit_breaker", "daily_loss_limit", "max_contracts"]


@pytest.mark.parametrize("journal", [Journal(), Journal().refused(5), Journal().trade(10, 20).refused(30)])
def test_a_journal_in_which_nothing_is_broken_passes(journal: Journal) -> None:
    result = judge_limits([journal.frame()], limited(), CATALOGUE)
    assert result.passed
    assert "0 break a limit" in result.message


def test_each_run_begins_with_the_starting_equity() -> None:
    """As days of one run the account would be lost on the second one."""
    first = Journal().trade(10, 20, dollars=-2_000.0)
    second = Journal().trade(10, 20, day=1)
    of = firm(max_drawdown=2_000.0)
    both = Journal([*first.rows, *second.rows])
    assert not judge_limits([both.frame()], of, CATALOGUE).passed
    result = judge_limits([first.frame(), second.frame()], of, CATALOGUE)
    assert result.passed
    assert result.message == "2 entries on 2 days; 0 break a limit."


def test_a_limit_that_any_run_breaks_is_found() -> None:
    sound, bad = Journal().trade(10, 20), Journal().trade(10, 20, day=1, contracts=11)
    result = judge_limits([sound.frame(), bad.frame(), Journal().frame()], limited(), CATALOGUE)
    assert not result.passed
    assert "2 entries on 2 days; 1 break a limit: 2024-10-05 S01 max_contracts" in result.message
