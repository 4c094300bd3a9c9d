"""Each check one below, at and above its limit; their order; and that nothing enters past them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from orb_pipeline.catalogue import Account
from orb_pipeline.execution.context import AccountDay
from orb_pipeline.execution.events import EventType
from orb_pipeline.execution.risk import CHECKS, RiskManager, UnlimitedRisk
from orb_pipeline.execution.states import State
from orb_pipeline_tests.execution.live import (
    INSTRUMENTS,
    RANGE,
    WIDE,
    Live,
    account,
    bar,
    bars_of,
    flat,
    kinds,
    rejections,
)
from orb_pipeline_tests.execution.members import member

ABOVE = flat(1012)


class Done:
    """A finished or asked trade, as far as the risk manager looks."""

    def __init__(
        self, pnl_r: float = 0.0, pnl_dollars: float = 0.0, label: str = "0900", risk_ticks: int = 100
    ) -> None:
        self.strategy = member(label)
        self.instrument = INSTRUMENTS["MGC"]
        self.pnl_r = pnl_r
        self.pnl_dollars = pnl_dollars
        self.risk_ticks = risk_ticks
        self.size: object = None


def manager(of: Account | None = None, day: AccountDay | None = None) -> RiskManager:
    risk = RiskManager(of or account(limits=WIDE))
    risk.daily_reset(day or AccountDay(risk.account.equity, risk.account.equity))
    return risk


def ask(risk: RiskManager, done: Done | None = None) -> Any:
    trade: Any = done or Done()
    trade.size = risk.size(trade, trade.risk_ticks)
    return risk.can_enter(trade)


def take(risk: RiskManager, *results: tuple[float, float], open_loss: float = 0.0) -> Any:
    """Trades that enter and exit with these (R, dollars), then the bar's stock-taking."""
    for pnl_r, dollars in results:
        trade: Any = Done(pnl_r, dollars)
        risk.on_trade_entry(trade)
        risk.on_trade_exit(trade)
    return risk.take_stock(open_loss)


# Circuit breaker.


@pytest.mark.parametrize(
    ("realised", "halted"), [(-4.99, False), (-5.0 + 5e-10, True), (-5.0, True), (-5.01, True), (5.0, False)]
)
@pytest.mark.parametrize("limit", ["drawdown_halt_r", "max_daily_loss_r"])
def test_at_the_halt_level_entries_stop_by_whichever_of_the_two_is_nearer(
    realised: float, halted: bool, limit: str
) -> None:
    risk = manager(account(limits=WIDE | {limit: -5}))
    halt = take(risk, (realised, realised * 100))
    decision = ask(risk)
    assert risk.is_halted() is halted
    assert decision.allowed is not halted
    if halted:
        assert (decision.check, decision.value, decision.limit) == ("circuit_breaker", pytest.approx(realised), -5)
        assert halt == decision


def test_once_halted_it_stays_so_whatever_is_won_back_until_the_next_day() -> None:
    risk = manager(account(limits=WIDE | {"drawdown_halt_r": -5}))
    take(risk, (-5.0, -500.0))
    take(risk, (9.0, 900.0))
    assert ask(risk).check == "circuit_breaker"
    risk.daily_reset(AccountDay(25_000.0, 25_000.0))
    assert ask(risk).allowed
    assert not risk.is_halted()


def test_results_of_one_bar_count_together_before_the_halt_is_looked_at() -> None:
    risk = manager(account(limits=WIDE | {"drawdown_halt_r": -5}))
    assert take(risk, (-5.0, -500.0), (2.0, 200.0)) is None
    assert not risk.is_halted()


@pytest.mark.parametrize(("realised", "warns"), [(-2.99, False), (-3.0, True), (-4.0, True)])
def test_at_the_warning_level_an_entry_is_allowed_with_a_warning(realised: float, warns: bool) -> None:
    risk = manager(account(limits=WIDE | {"drawdown_warning_r": -3}))
    take(risk, (realised, 0.0))
    decision = ask(risk)
    assert decision.allowed
    assert (decision.warning is not None) is warns
    if warns:
        assert f"{realised:.2f} R" in decision.warning


# Counts.


@pytest.mark.parametrize(("held", "allowed"), [(1, True), (2, True), (3, False), (4, False)])
def test_open_positions_are_counted_over_all_sessions(held: int, allowed: bool) -> None:
    risk = manager(account(limits=WIDE | {"max_concurrent_positions": 3}))
    for number in range(held):
        risk.on_trade_entry(Done(label=str(number)))  # type: ignore[arg-type]
    decision = ask(risk)
    assert decision.allowed is allowed
    if not allowed:
        assert (decision.check, decision.value, decision.limit) == ("max_concurrent_positions", held, 3)


@pytest.mark.parametrize(("held", "allowed"), [(0, True), (1, True), (2, False), (3, False)])
def test_open_positions_of_one_session_are_counted_by_themselves(held: int, allowed: bool) -> None:
    risk = manager(account(limits=WIDE | {"max_per_orb_positions": 2}))
    for _ in range(held):
        risk.on_trade_entry(Done(label="0900"))  # type: ignore[arg-type]
    decision = ask(risk)
    assert decision.allowed is allowed
    assert ask(risk, Done(label="1000")).allowed
    if not allowed:
        assert (decision.check, decision.value, decision.limit) == ("max_per_orb_positions", held, 2)
        assert "session 0900 of MGC" in decision.reason


@pytest.mark.parametrize(("entered", "allowed"), [(14, True), (15, False), (16, False)])
def test_entries_of_the_day_are_counted_whether_open_or_not(entered: int, allowed: bool) -> None:
    risk = manager(account(limits=WIDE | {"max_daily_trades": 15}))
    take(risk, *[(0.0, 0.0)] * entered)
    decision = ask(risk)
    assert decision.allowed is allowed
    if not allowed:
        assert (decision.check, decision.value, decision.limit) == ("max_daily_trades", entered, 15)


def test_an_exit_frees_a_place_in_both_counts() -> None:
    risk = manager(account(limits=WIDE | {"max_concurrent_positions": 1, "max_per_orb_positions": 1}))
    trade: Any = Done()
    risk.on_trade_entry(trade)
    assert not ask(risk).allowed
    risk.on_trade_exit(trade)
    assert ask(risk).allowed


# Sizing.


@pytest.mark.parametrize(("risk_ticks", "allowed"), [(499, True), (500, True), (501, False)])
def test_a_trade_whose_one_contract_is_above_the_budget_is_refused_with_both_figures(
    risk_ticks: int, allowed: bool
) -> None:
    """25,000 dollars at 2 %: 500 dollars, which MGC loses over 500 ticks of a dollar."""
    decision = ask(manager(), Done(risk_ticks=risk_ticks))
    assert decision.allowed is allowed
    if not allowed:
        assert (decision.check, decision.value, decision.limit) == ("position_size", 501.0, 500.0)
        assert "501.00" in decision.reason
        assert "500.00" in decision.reason


# Prop-firm rules.


@pytest.mark.parametrize(
    ("realised", "open_loss", "halted"),
    [(-999.0, 0.0, False), (-1000.0, 0.0, True), (-400.0, 599.0, False), (-400.0, 600.0, True), (500.0, 1500.0, True)],
)
def test_the_daily_loss_in_dollars_counts_open_losses(realised: float, open_loss: float, halted: bool) -> None:
    risk = manager(account("prop_50k_trailing", limits=WIDE))
    take(risk, (0.0, realised), open_loss=open_loss)
    decision = ask(risk)
    assert risk.is_halted() is halted
    if halted:
        assert (decision.check, decision.value, decision.limit) == ("daily_loss_limit", open_loss - realised, 1000.0)


@pytest.mark.parametrize(
    ("kind", "highest", "equity", "lost"),
    [
        ("static", 53_000.0, 48_001.0, False),
        ("static", 53_000.0, 48_000.0, True),
        ("trailing", 53_000.0, 51_001.0, False),
        ("trailing", 53_000.0, 51_000.0, True),
        ("trailing", 50_000.0, 48_000.0, True),
    ],
)
def test_the_drawdown_floor_hangs_below_the_start_or_trails_the_highest_equity(
    kind: str, highest: float, equity: float, lost: bool
) -> None:
    firm = account("prop_50k_trailing", limits=WIDE, prop_firm={"drawdown": kind, "daily_loss_limit": None})
    risk = manager(firm, AccountDay(equity + 100, highest))
    take(risk, (0.0, -60.0), open_loss=40.0)
    assert risk.is_lost is lost
    if lost:
        floor = (50_000.0 if kind == "static" else highest) - 2_000
        decision = ask(risk)
        assert (decision.check, decision.value, decision.limit) == ("account_drawdown", equity, floor)


def test_a_lost_account_stays_lost_on_later_days() -> None:
    risk = manager(account("prop_50k_trailing"), AccountDay(60_000.0, 60_000.0, lost_on=dt.date(2024, 3, 1)))
    assert risk.is_lost
    assert ask(risk).check == "account_drawdown"
    assert "2024-03-01" in ask(risk).reason


def test_an_account_that_begins_the_day_at_its_floor_does_not_trade() -> None:
    risk = manager(account("prop_50k_trailing"), AccountDay(48_000.0, 50_000.0))
    assert ask(risk).check == "account_drawdown"


def test_a_loss_of_the_account_is_seen_on_a_day_that_had_halted_before() -> None:
    risk = manager(account("prop_50k_trailing", limits=WIDE | {"drawdown_halt_r": -5}))
    take(risk, (-5.0, -900.0))
    assert not risk.is_lost
    take(risk, (-1.0, -1_200.0))
    assert risk.is_lost
    assert ask(risk).check == "circuit_breaker"


# Order and completeness.


def test_the_checks_are_asked_in_the_order_of_the_rules_and_the_first_is_the_reason() -> None:
    """Everything is broken at once; mended one after the other, the next check speaks."""
    firm = account(
        "prop_50k_trailing",
        limits={"max_concurrent_positions": 1, "max_per_orb_positions": 1, "max_daily_trades": 1},
    )

    def decide(mended: set[str]) -> str | None:
        risk = manager(firm)
        if "max_concurrent_positions" not in mended:
            risk.open_positions = 1
        if "max_per_orb_positions" not in mended:
            risk._open_by_session["MGC", "0900"] = 1
        if "max_daily_trades" not in mended:
            risk.entries_today = 1
        pnl_r = 0.0 if "circuit_breaker" in mended else -5.0
        dollars = 0.0
        if "daily_loss_limit" not in mended:
            dollars = -1_000.0
        if "account_drawdown" not in mended:
            dollars = -2_000.0
        risk.realised_r, risk.realised_dollars = pnl_r, dollars
        risk.take_stock(0.0)
        decision = ask(risk, Done(risk_ticks=10 if "position_size" in mended else 100_000))
        return None if decision.allowed else str(decision.check)

    mended: set[str] = set()
    seen = []
    while (check := decide(mended)) is not None:
        seen.append(check)
        mended.add(check)
    assert tuple(seen) == CHECKS


def test_unlimited_risk_says_so_and_gives_one_contract() -> None:
    live = Live([member(entry_model="E2"), member(entry_model="E2", rr_target=3.0)], UnlimitedRisk())
    told = live.feed(bars_of(0, *RANGE, ABOVE))
    assert kinds(told) == ["ENTRY", "ENTRY"]
    assert {event.contracts for event in told} == {1}
    assert all(event.decision and event.decision.reason.startswith("unlimited risk") for event in told)


# Through the engine: what counts when.


def limited(**limits: Any) -> RiskManager:
    return RiskManager(account(limits=WIDE | limits))


def test_a_place_freed_on_a_bar_is_not_free_for_orders_that_fill_on_it_but_for_entries_at_its_close() -> None:
    """RULES.md section 5: step 1 comes before exits, step 5 after them."""
    members = [
        member("0900", "E2"),
        member("1000", "E1"),
        member("1000", "E2", confirm_bars=2),
    ]
    live = Live(members, limited(max_concurrent_positions=1))
    live.feed(bars_of(0, *RANGE, ABOVE))
    live.feed(bars_of(60, *[(1010, 1012, 1008, 1010)] * 5, flat(1013)))
    told = live.feed(bars_of(66, (1014, 1040, 1013, 1013)))
    assert kinds(told) == ["REJECTION", "EXIT", "ENTRY"]
    assert rejections(told) == ["max_concurrent_positions"]
    assert live.trade(1).state is State.DONE
    assert live.trade(2).state is State.ENTERED


def test_fills_made_earlier_in_the_same_step_count_in_portfolio_order() -> None:
    members = [
        member(rr_target=3.0),
        member(rr_target=2.0),
        member(entry_model="E2"),
        member(entry_model="E2", rr_target=1.0),
    ]
    live = Live(members, limited(max_per_orb_positions=1))
    told = live.feed(bars_of(0, *RANGE, ABOVE, flat(1013)))
    assert kinds(told) == ["ORDER", "ORDER", "ENTRY", "REJECTION", "REJECTION", "REJECTION"]
    assert live.trade(2).state is State.ENTERED
    assert [live.trade(number).state for number in (0, 1, 3)] == [State.DONE] * 3


def test_a_halt_latches_without_anybody_asking_and_tells_so_once_while_open_trades_run_on() -> None:
    members = [member("0900", "E2"), member("0900", "E2", rr_target=4.0), member("1000", "E2", rr_target=1.0)]
    live = Live(members, limited(drawdown_halt_r=-1))
    live.feed(bars_of(0, *RANGE, ABOVE))
    told = live.feed(bars_of(6, flat(1000)))
    assert kinds(told) == ["EXIT", "EXIT", "HALT"]
    assert told[-1].decision is not None
    assert told[-1].decision.check == "circuit_breaker"
    later = live.feed(bars_of(60, *RANGE, ABOVE))
    assert kinds(later) == ["REJECTION"]
    assert live.engine.get_daily_summary().halt == "circuit_breaker"


def test_contracts_are_sized_when_the_order_is_placed() -> None:
    """E1 on the confirming close, E3 on its limit: what the fill then risks does not change them."""
    live = Live([member(entry_model="E1"), member(entry_model="E3"), member(entry_model="E2")], limited())
    told = live.feed(bars_of(0, *RANGE, flat(1100), (1200, 1200, 1010, 1150)))
    by_kind = {(event.event_type, event.strategy_id): event.contracts for event in told}
    e1, e3, e2 = (strategy.strategy_id for strategy in live.engine.portfolio.strategies)
    assert by_kind[EventType.ORDER, e1] == by_kind[EventType.ENTRY, e1] == 5
    assert by_kind[EventType.ORDER, e3] == by_kind[EventType.ENTRY, e3] == 10
    assert by_kind[EventType.ENTRY, e2] == 5


def test_each_instrument_goes_through_all_steps_before_the_next_and_sessions_are_counted_apart() -> None:
    members = [member("0900", "E2"), member("0900", "E2", instrument="MNQ", max_contracts=1)]
    live = Live(members, limited(max_concurrent_positions=1))
    for minute, row in enumerate([*RANGE, ABOVE]):
        live.feed([bar(minute, row)])
        live.feed([bar(minute, row)], "MNQ")
    assert rejections(live.events) == ["max_concurrent_positions"]
    apart = Live(members, limited(max_per_orb_positions=1))
    for minute, row in enumerate([*RANGE, ABOVE]):
        apart.feed([bar(minute, row)])
        apart.feed([bar(minute, row)], "MNQ")
    assert rejections(apart.events) == []


def test_open_losses_of_a_prop_firm_account_are_marked_at_the_worst_price_of_every_bar() -> None:
    """10 contracts of MGC from 1012, friction 84 dollars: 1002 is a loss of 184 dollars, 1003 one of 174."""
    firm = account("prop_50k_trailing", limits=WIDE, prop_firm={"daily_loss_limit": 184.0, "max_drawdown": 50_000})
    live = Live([member("0900", "E2"), member("1000", "E2")], RiskManager(firm), account=AccountDay(50_000.0, 50_000.0))
    live.feed(bars_of(0, *RANGE, ABOVE, (1012, 1012, 1003, 1012)))
    assert not live.engine.risk.is_halted()
    assert kinds(live.feed([bar(7, (1012, 1012, 1002, 1012))])) == ["HALT"]
    assert live.engine.get_daily_summary().halt == "daily_loss_limit"
