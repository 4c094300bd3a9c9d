"""Orders as messages, fills by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from orb_pipeline.errors import InputError
from orb_pipeline.execution.brokers import (
    BrokerFill,
    DesiredOrder,
    Leg,
    ManualFill,
    Side,
    Signal,
    SignalBroker,
    TradeKey,
    Wish,
    enter_manual_fill,
    reconcile_at_start,
    sync,
)
from orb_pipeline_tests.execution.brokers.market import ACCOUNT, DAY, END, NOON, wanted
from orb_pipeline_tests.series import CATALOGUE


class Person:
    """Gets messages, and types in what was filled. Each step is a new process with what was stored."""

    def __init__(self) -> None:
        self.stored: list[str] = []
        self.fills: list[BrokerFill] = []

    def step(self, *desired: DesiredOrder) -> list[str]:
        """The new messages."""
        broker = SignalBroker(map(Signal.from_json, self.stored), self.fills)
        report = sync(broker, desired, account=ACCOUNT)
        assert report.differences == ()
        self.stored += [signal.to_json() for signal in broker.new]
        return [signal.text for signal in broker.new]

    def types(self, order: DesiredOrder, leg: Leg, quantity: int, price: float) -> None:
        self.fills.append(typed(leg, quantity, price, desired=[order], stored=self.fills))


def typed(
    leg: Leg = Leg.ENTRY,
    quantity: int = 5,
    price: float = 1012.0,
    *,
    at: dt.datetime = NOON,
    key: TradeKey | None = None,
    desired: Any = None,
    stored: Any = (),
) -> BrokerFill:
    fill = ManualFill(key or wanted().key, leg, quantity, price, at)
    return enter_manual_fill(fill, desired or [wanted()], stored, CATALOGUE.instruments, END)


def test_an_order_is_said_once_with_all_that_is_needed_to_place_it() -> None:
    person = Person()
    (text,) = person.step(wanted())
    assert text == (
        "25k:2026-02-09:A: buy 5 MGCJ26 at the limit 1012.0, good until 2026-02-09 23:00 UTC; "
        "stop 1000.0 (sell 5 MGCJ26); target 1036.0 (sell 5 MGCJ26)."
    )
    assert person.step(wanted()) == []


def test_only_what_changes_is_said_again() -> None:
    person = Person()
    person.step(wanted(limit=None))
    assert person.step(wanted(wish=Wish.HOLD, limit=None, target="1037.0")) == [
        "25k:2026-02-09:A: target 1037.0 (sell 5 MGCJ26)."
    ]


def test_a_trade_from_entry_to_exit_with_fills_typed_in() -> None:
    person, order = Person(), wanted()
    person.step(order)
    person.types(order, Leg.ENTRY, 5, 1012.0)
    assert person.step(wanted(wish=Wish.HOLD)) == []
    person.types(order, Leg.TARGET, 5, 1036.0)
    assert person.step(wanted(wish=Wish.FLAT)) == []


def test_what_has_to_be_flat_is_said_with_what_is_held() -> None:
    person, order = Person(), wanted()
    person.step(order)
    person.types(order, Leg.ENTRY, 3, 1012.0)
    assert person.step(wanted(wish=Wish.FLAT)) == [
        "25k:2026-02-09:A: withdraw entry, stop, target. If it has filled, enter the fill; the next message then says "
        "what becomes of it.",
        "25k:2026-02-09:A: close: sell 3 MGCJ26 at the market.",
    ]
    assert person.step(wanted(wish=Wish.FLAT)) == []
    person.types(order, Leg.CLOSE, 3, 1020.0)
    assert person.step(wanted(wish=Wish.FLAT)) == []


def test_an_entry_withdrawn_at_a_limit_is_said_again_when_it_comes_back() -> None:
    person = Person()
    person.step(wanted())
    assert len(person.step(wanted(wish=Wish.WITHHOLD))) == 1
    assert len(person.step(wanted())) == 1
    assert person.step(wanted()) == []


def test_a_signal_comes_back_from_the_store_as_it_was() -> None:
    broker = SignalBroker()
    sync(broker, [wanted(), wanted("B", side=Side.SELL, limit=None)], account=ACCOUNT)
    assert [Signal.from_json(signal.to_json()) for signal in broker.new] == broker.new


def test_fills_that_were_not_typed_in_yet_are_no_difference_at_start() -> None:
    broker = SignalBroker()
    sync(broker, [wanted()], account=ACCOUNT)
    assert reconcile_at_start([wanted(wish=Wish.HOLD)], broker, account=ACCOUNT) == []


# Typing.


def test_a_fill_is_typed_with_its_side_and_contract_found_and_twice_is_once() -> None:
    fill = typed()
    assert (fill.client_id, fill.contract, fill.side) == (wanted().key.client_id(Leg.ENTRY), "MGCJ26", Side.BUY)
    assert (fill.quantity, fill.price, fill.filled_at, fill.source) == (5, 1012.0, NOON, "manual")
    assert typed(stored=[fill]) == fill
    assert typed(Leg.STOP, stored=[fill]).side is Side.SELL
    at_home = NOON.astimezone(dt.timezone(dt.timedelta(hours=10)))
    assert typed(at=at_home) == fill


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"key": TradeKey(ACCOUNT, DAY, "Z")}, "Z has no order on 2026-02-09 in account 25k. Orders of that day: A"),
        ({"key": TradeKey("50k", DAY, "A")}, "A has no order on 2026-02-09 in account 50k"),
        ({"price": 1012.05}, "1012.05 is no price of MGC; expected a positive multiple of its tick, 0.10"),
        ({"price": float("nan")}, "nan is no price"),
        ({"price": -1012.0}, "-1012.0 is no price"),
        ({"quantity": 6}, "6 contracts cannot have filled: the entry of A has 5 left"),
        ({"quantity": 0}, "0 contracts cannot have filled"),
        ({"leg": Leg.TARGET}, "the target of A has 0 left (0 of 5 entered, 0 held). Enter what the broker confirmed"),
        ({"at": NOON.replace(tzinfo=None)}, "has no zone"),
        ({"at": NOON - dt.timedelta(days=1)}, "comes before trading day 2026-02-09 begins (2026-02-08 23:00"),
    ],
)
def test_a_fill_that_cannot_be_is_refused_with_what_was_expected(wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError) as caught:
        typed(**wrong)
    assert reason in str(caught.value)


def test_a_position_may_be_closed_after_its_trading_day() -> None:
    entered = typed()
    later = END + dt.timedelta(minutes=2)
    fill = ManualFill(wanted().key, Leg.CLOSE, 5, 1013.0, later)
    closed = enter_manual_fill(fill, [wanted()], [entered], CATALOGUE.instruments, later)
    assert (closed.side, closed.filled_at) == (Side.SELL, later)


def test_a_fill_that_is_yet_to_come_is_refused() -> None:
    fill = ManualFill(wanted().key, Leg.ENTRY, 5, 1012.0, NOON)
    with pytest.raises(InputError, match="lies in the future"):
        enter_manual_fill(fill, [wanted()], (), CATALOGUE.instruments, NOON - dt.timedelta(minutes=1))
