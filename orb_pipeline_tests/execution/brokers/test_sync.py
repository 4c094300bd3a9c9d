"""A broker brought to what should stand, and what it cannot explain at start."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from orb_pipeline.execution.brokers import (
    BrokerOrder,
    DifferenceKind,
    Leg,
    OrderKind,
    PaperBroker,
    Side,
    TradeKey,
    Wish,
    parse_client_id,
    reconcile_at_start,
    sync,
)
from orb_pipeline_tests.execution.brokers.market import ACCOUNT, CONTRACT, DAY, Connection, Market, wanted

ENTRY, STOP, TARGET, CLOSE = (wanted().key.client_id(leg) for leg in Leg)


def brought(market: Market, *orders: object, **options: object) -> Connection:
    connection = Connection(market)
    sync(connection, orders, account=ACCOUNT, **options)  # type: ignore[arg-type]
    return connection


def test_a_client_id_is_readable_and_follows_from_account_day_strategy_and_leg() -> None:
    key = TradeKey("25k", dt.date(2026, 2, 9), "MGC_0900_E1_RR2.5_CB2_ORB_G4")
    name = key.client_id(Leg.STOP)
    assert name == "25k:2026-02-09:MGC_0900_E1_RR2.5_CB2_ORB_G4:stop"
    assert parse_client_id(name) == (key, Leg.STOP)


@pytest.mark.parametrize("text", ["", "mine", "a:b:c:d", "25k:2026-02-09:X:sell", "25k::X:stop", "25k:2026-02-09:X"])
def test_other_references_are_not_ours(text: str) -> None:
    assert parse_client_id(text) is None


def test_the_paper_broker_needs_nothing_and_differs_in_nothing() -> None:
    assert sync(PaperBroker(), [wanted()], account=ACCOUNT).did_nothing
    assert reconcile_at_start([wanted(wish=Wish.HOLD)], PaperBroker(), account=ACCOUNT) == []


def test_closing_comes_before_guarding_and_guarding_before_entering() -> None:
    market = Market()
    brought(market, wanted("A"), wanted("B"))
    market.fill(wanted("A").key.client_id(Leg.ENTRY))
    market.fill(wanted("B").key.client_id(Leg.ENTRY))
    calls = brought(market, wanted("C"), wanted("A", Wish.HOLD, target="1040.0"), wanted("B", Wish.FLAT)).calls
    names = [call.rpartition(":")[0][-1] + ":" + call.rpartition(":")[2] for call in calls]
    assert names == ["B:stop", "B:target", "B:close", "A:target", "C:entry", "C:stop", "C:target"]


def test_a_late_entry_is_not_sent_but_told() -> None:
    market = Market()
    report = sync(Connection(market), [wanted(wish=Wish.HOLD)], account=ACCOUNT)
    assert market.orders == []
    assert [(one.kind, one.expected, one.found) for one in report.differences] == [
        (DifferenceKind.MISSING_POSITION, 5, 0)
    ]


def test_a_limit_that_the_session_has_filled_and_the_broker_has_not_keeps_working_and_is_explained() -> None:
    market = Market()
    brought(market, wanted())
    report = sync(Connection(market), [wanted(wish=Wish.HOLD)], account=ACCOUNT)
    assert report.did_nothing
    assert report.differences == ()


def test_a_fill_before_the_session_has_it_is_guarded_while_the_session_decides() -> None:
    market = Market()
    brought(market, wanted())
    market.fill(ENTRY)
    report = sync(Connection(market), [wanted(wish=Wish.WITHHOLD)], account=ACCOUNT)
    assert report.did_nothing
    assert set(market.standing()) == {STOP, TARGET}
    brought(market, wanted(wish=Wish.FLAT))  # it refused it
    assert set(market.standing()) == {CLOSE}


def test_with_entries_stopped_positions_are_still_guarded_and_closed() -> None:
    market = Market()
    brought(market, wanted("A"), wanted("B"))
    market.fill(wanted("A").key.client_id(Leg.ENTRY))
    market.remove(wanted("A").key.client_id(Leg.STOP))  # somebody took its stop away
    brought(market, wanted("A", Wish.HOLD), wanted("B"), wanted("C"), enterable=())
    assert set(market.standing()) == {STOP, TARGET}


def test_an_instrument_that_may_not_be_entered_has_its_entries_withdrawn_and_the_other_one_goes_on() -> None:
    market, other = Market(), replace(wanted("B"), instrument="MNQ")
    brought(market, wanted("A"), other)
    brought(market, wanted("A"), other, enterable={"MNQ"})
    assert set(market.standing()) == {other.key.client_id(leg) for leg in (Leg.ENTRY, Leg.STOP, Leg.TARGET)}


def test_fills_that_the_broker_has_forgotten_count_when_they_were_stored() -> None:
    market = Market()
    brought(market, wanted())
    market.fill(ENTRY)
    stored = tuple(market.executions)
    market.executions.clear()
    market.foreign_position[CONTRACT] = 5
    report = sync(Connection(market), [wanted(wish=Wish.HOLD)], account=ACCOUNT, stored_fills=stored)
    assert report.did_nothing
    assert report.differences == ()
    assert report.fills == stored


def test_in_a_contract_that_our_fills_do_not_explain_only_entries_are_withdrawn() -> None:
    market = Market()
    brought(market, wanted("A"), wanted("B"))
    market.fill(ENTRY)
    market.foreign_position[CONTRACT] = -5  # somebody closed it by hand
    report = sync(Connection(market), [wanted("A", Wish.FLAT), wanted("B")], account=ACCOUNT)
    assert set(market.standing()) == {STOP, TARGET}
    assert [one.kind for one in report.differences] == [DifferenceKind.UNKNOWN_POSITION]
    assert CLOSE not in market.standing()


def test_a_refused_order_does_not_stop_the_others() -> None:
    market = Market()
    connection = Connection(market, refuses=[ENTRY])
    report = sync(connection, [wanted("A"), wanted("B")], account=ACCOUNT)
    assert [(one.kind, one.client_id) for one in report.differences] == [(DifferenceKind.REFUSED, ENTRY)]
    assert wanted("B").key.client_id(Leg.ENTRY) in market.standing()


def test_once_an_exit_has_filled_no_more_is_entered() -> None:
    market = Market()
    brought(market, wanted())
    market.fill(ENTRY, 2)
    market.remove(STOP)
    brought(market, wanted())  # a stop for the two
    market.fill(STOP)
    brought(market, wanted())
    assert market.orders == []


def test_more_closed_than_entered_is_bought_back() -> None:
    market = Market()
    brought(market, wanted())
    market.fill(ENTRY, 2)
    market.orders = [order for order in market.orders if order.client_id != ENTRY]
    market.fill(STOP)  # all five, since the broker did not shrink it
    assert market.position() == -3
    brought(market, wanted(wish=Wish.HOLD))
    close = market.standing()[CLOSE]
    assert (close.side, close.quantity) == (Side.BUY, 3)
    market.fill(CLOSE)
    assert market.position() == 0
    assert brought(market, wanted(wish=Wish.HOLD)).calls == []


def test_a_fill_between_two_questions_is_no_difference() -> None:
    market = Market()
    brought(market, wanted())

    class Slow(Connection):
        """Its positions lag one question behind."""

        last: Mapping[str, int] = {}

        def positions(self) -> Mapping[str, int]:
            answer, self.last = self.last, super().positions()
            return answer

    market.fill(ENTRY)
    report = sync(Slow(market), [wanted(wish=Wish.HOLD)], account=ACCOUNT)
    assert report.differences == ()


# At start.


def test_own_orders_and_positions_that_the_session_explains_are_fine() -> None:
    market = Market()
    brought(market, wanted("A"), wanted("B"))
    market.fill(ENTRY)
    for wish in (Wish.HOLD, Wish.WITHHOLD, Wish.FLAT):
        desired = [wanted("A", wish), wanted("B")]
        assert reconcile_at_start(desired, Connection(market), account=ACCOUNT) == []


def test_an_unknown_order_a_strange_position_and_a_missing_one_are_told_with_both_sides() -> None:
    market = Market()
    market.foreign.append(BrokerOrder("mine", CONTRACT, Side.SELL, 1, OrderKind.LIMIT, Decimal("1100.0")))
    market.foreign.append(BrokerOrder("", "MNQH26", Side.SELL, 1, OrderKind.LIMIT, Decimal("1100.0")))
    market.foreign_position[CONTRACT] = -2
    found = reconcile_at_start([wanted(wish=Wish.HOLD)], Connection(market), account=ACCOUNT)
    assert [(one.kind, one.expected, one.found) for one in found] == [
        (DifferenceKind.UNKNOWN_ORDER, 0, 1),
        (DifferenceKind.UNKNOWN_POSITION, 0, -2),
        (DifferenceKind.MISSING_POSITION, 5, 0),
    ]
    assert all("`orb resume`" in one.message for one in found)
    watched = reconcile_at_start([], Connection(market), account=ACCOUNT, contracts=["MNQH26"])
    assert [one.contract for one in watched] == ["MNQH26"]


def test_an_order_of_ours_that_todays_session_does_not_know_is_told_and_one_of_yesterday_is_withdrawn() -> None:
    market = Market()
    brought(market, wanted("A"))
    yesterday = TradeKey(ACCOUNT, DAY - dt.timedelta(days=1), "A").client_id(Leg.ENTRY)
    market.orders.append(type(market.orders[0])(yesterday, CONTRACT, Side.BUY, 1, OrderKind.LIMIT, Decimal("1.0")))
    found = reconcile_at_start([wanted("B")], Connection(market), account=ACCOUNT)
    assert {one.client_id for one in found} == {ENTRY, STOP, TARGET}
    brought(market, wanted("B"))
    assert {name.split(":")[2] for name in market.standing()} == {"B"}


def test_a_position_left_from_another_day_is_told_and_keeps_its_stop() -> None:
    market = Market()
    brought(market, wanted("A"))
    market.fill(ENTRY)
    found = reconcile_at_start([], Connection(market), account=ACCOUNT, contracts=[CONTRACT])
    assert [(one.kind, one.client_id) for one in found if one.kind is DifferenceKind.UNKNOWN_POSITION] == [
        (DifferenceKind.UNKNOWN_POSITION, str(wanted("A").key))
    ]
    brought(market)
    assert set(market.standing()) == {STOP, TARGET}


def test_orders_of_another_account_at_the_same_broker_are_not_touched() -> None:
    market = Market()
    brought(market, wanted("A"))
    sync(Connection(market), [], account="50k")
    assert set(market.standing()) == {ENTRY, STOP, TARGET}
