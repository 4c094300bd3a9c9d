"""Interactive Brokers, against a gateway that speaks its protocol: brackets, retries, refusals, the live guard."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any

import pytest

from orb_pipeline.catalogue import Account
from orb_pipeline.errors import ConfigurationError, GateFailedError
from orb_pipeline.execution.brokers import (
    Broker,
    BrokerError,
    DifferenceKind,
    Leg,
    OrderRefusedError,
    PaperBroker,
    Side,
    SignalBroker,
    Wish,
    open_broker,
    reconcile_at_start,
    sync,
)
from orb_pipeline.execution.brokers.ib import IbBroker, IbConnection
from orb_pipeline_tests.execution.brokers.market import ACCOUNT, CONTRACT, wanted
from orb_pipeline_tests.execution.live import account
from orb_pipeline_tests.ib_gateway import MGC, Gateway, GatewayContract, GatewayOrder, serving
from orb_pipeline_tests.series import CATALOGUE

ENTRY, STOP, TARGET, CLOSE = (wanted().key.client_id(leg) for leg in Leg)
INSTRUMENTS = {CONTRACT: CATALOGUE.instrument("MGC")}


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with serving(Gateway()) as served:
        yield served


def connect(gateway: Gateway, of: Account | None = None, days: int = 0, **changes: Any) -> IbBroker:
    connection = IbConnection(**({"port": gateway.port, "timeout_seconds": 5.0} | changes))
    return IbBroker.connect(of or account(), connection, INSTRUMENTS, days)


@pytest.fixture
def broker(gateway: Gateway) -> Iterator[IbBroker]:
    connected = connect(gateway)
    yield connected
    connected.close()


def test_an_entry_goes_out_as_one_bracket_that_is_let_go_with_its_last_order(
    gateway: Gateway, broker: IbBroker
) -> None:
    report = sync(broker, [wanted()], account=ACCOUNT)
    assert report.sent == (ENTRY, STOP, TARGET)
    assert report.differences == ()
    assert gateway.let_go == [False, False, True]
    entry, stop, target = (gateway.order(name) for name in (ENTRY, STOP, TARGET))
    assert (entry.action, entry.quantity, entry.kind, float(entry.limit)) == ("BUY", 5, "LMT", 1012.0)
    assert (entry.tif, entry.good_till, entry.parent) == ("GTD", "20260209-23:00:00", 0)
    assert (stop.action, stop.quantity, stop.kind, float(stop.aux), stop.tif) == ("SELL", 5, "STP", 1000.0, "GTC")
    assert (target.action, target.quantity, target.kind, float(target.limit)) == ("SELL", 5, "LMT", 1036.0)
    assert stop.parent == target.parent == entry.order_id
    assert stop.group == target.group == str(wanted().key)
    assert stop.group_type == target.group_type == 2
    assert [entry.status, stop.status, target.status] == ["Submitted", "PreSubmitted", "PreSubmitted"]
    assert {one.account for one in (entry, stop, target)} == {"DU1234567"}


def test_a_market_entry_and_a_short_are_sent_as_such(gateway: Gateway, broker: IbBroker) -> None:
    sync(broker, [wanted(side=Side.SELL, limit=None, stop="1020.1", target="990.3")], account=ACCOUNT)
    entry = gateway.order(ENTRY)
    assert (entry.action, entry.kind, entry.limit, entry.tif) == ("SELL", "MKT", "", "DAY")
    assert (gateway.order(STOP).action, gateway.order(STOP).aux) == ("BUY", "1020.1")
    assert (gateway.order(TARGET).action, gateway.order(TARGET).limit) == ("BUY", "990.3")


def test_run_twice_it_does_nothing_the_second_time(gateway: Gateway, broker: IbBroker) -> None:
    sync(broker, [wanted()], account=ACCOUNT)
    assert sync(broker, [wanted()], account=ACCOUNT).did_nothing
    again = connect(gateway)
    assert sync(again, [wanted()], account=ACCOUNT).did_nothing
    again.close()
    assert gateway.placed == [ENTRY, STOP, TARGET]


@pytest.mark.parametrize("cut_after", [1, 2, 3])
@pytest.mark.parametrize("lists_untransmitted", [True, False])
def test_cut_off_between_an_order_and_its_acknowledgement_and_tried_again_there_is_one_order(
    gateway: Gateway, cut_after: int, lists_untransmitted: bool
) -> None:
    gateway.lists_untransmitted = lists_untransmitted
    gateway.cut_after = cut_after
    first = connect(gateway)
    with pytest.raises(BrokerError, match="found there and not sent twice"):
        sync(first, [wanted()], account=ACCOUNT)
    first.close()
    gateway.cut_after = None
    second = connect(gateway)
    assert sync(second, [wanted()], account=ACCOUNT).differences == ()
    assert sync(second, [wanted()], account=ACCOUNT).did_nothing
    second.close()
    let_go = sorted(order.reference for order in gateway.orders if order.is_open and order.transmit)
    assert let_go == sorted([ENTRY, STOP, TARGET])


def test_orders_are_withdrawn_while_a_limit_is_reached_and_come_back_after_it(
    gateway: Gateway, broker: IbBroker
) -> None:
    sync(broker, [wanted()], account=ACCOUNT)
    report = sync(broker, [wanted(wish=Wish.WITHHOLD)], account=ACCOUNT)
    assert ENTRY in report.withdrawn
    assert gateway.open_references() == []
    sync(broker, [wanted()], account=ACCOUNT)
    assert gateway.open_references() == sorted([ENTRY, STOP, TARGET])


def test_a_filled_trade_keeps_its_bracket_and_its_target_follows_the_session(
    gateway: Gateway, broker: IbBroker
) -> None:
    sync(broker, [wanted(limit=None)], account=ACCOUNT)
    gateway.fill(ENTRY, 1012.4)
    report = sync(broker, [wanted(wish=Wish.HOLD, limit=None, target="1037.2")], account=ACCOUNT)
    assert report.sent == (TARGET,)
    assert float(gateway.order(TARGET).limit) == 1037.2
    assert float(gateway.order(STOP).aux) == 1000.0
    fill = report.fills[0]
    assert (fill.client_id, fill.contract, fill.side, fill.quantity) == (ENTRY, CONTRACT, Side.BUY, 5)
    assert (fill.price, fill.source, fill.filled_at.isoformat()) == (1012.4, "ib", "2026-02-09T12:00:00+00:00")
    gateway.fill(TARGET, 1037.2)
    assert gateway.open_references() == []
    report = sync(broker, [wanted(wish=Wish.FLAT)], account=ACCOUNT)
    assert report.did_nothing
    assert [fill.client_id for fill in report.fills] == [ENTRY, TARGET]


def test_a_target_that_has_filled_in_part_is_moved_for_what_is_left(gateway: Gateway, broker: IbBroker) -> None:
    sync(broker, [wanted()], account=ACCOUNT)
    gateway.fill(ENTRY, 1012.0)
    gateway.fill(TARGET, 1036.0, quantity=2)
    assert sync(broker, [wanted(wish=Wish.HOLD, target="1037.0")], account=ACCOUNT).sent == (TARGET,)
    target, stop = gateway.order(TARGET), gateway.order(STOP)
    assert (target.quantity - target.filled, float(target.limit)) == (3, 1037.0)
    assert stop.quantity - stop.filled == 3


def test_what_has_to_be_flat_is_withdrawn_first_and_closed_with_what_is_left(
    gateway: Gateway, broker: IbBroker
) -> None:
    sync(broker, [wanted()], account=ACCOUNT)
    gateway.fill(ENTRY, 1012.0)
    gateway.fill(TARGET, 1036.0, quantity=2)
    report = sync(broker, [wanted(wish=Wish.FLAT)], account=ACCOUNT)
    assert set(report.withdrawn) == {STOP, TARGET}
    assert report.sent == (CLOSE,)
    close = gateway.order(CLOSE)
    assert (close.action, close.quantity, close.kind) == ("SELL", 3, "MKT")
    gateway.fill(CLOSE, 1030.0)
    assert sync(broker, [wanted(wish=Wish.FLAT)], account=ACCOUNT).did_nothing
    assert broker.positions() == {}


def test_an_order_that_the_broker_refuses_is_a_difference_with_its_reason(gateway: Gateway, broker: IbBroker) -> None:
    gateway.refuses = {STOP}
    report = sync(broker, [wanted()], account=ACCOUNT)
    assert [one.kind for one in report.differences] == [DifferenceKind.REFUSED]
    assert "insufficient margin" in report.differences[0].message
    assert [one for one in gateway.open_references() if gateway.order(one).transmit] == []
    with pytest.raises(OrderRefusedError, match=STOP):
        broker.submit(wanted().exit_tickets(5, with_entry=False))


def test_orders_of_others_are_seen_and_left_alone(gateway: Gateway, broker: IbBroker) -> None:
    gateway.orders.append(foreign_order())
    found = reconcile_at_start([], broker, account=ACCOUNT, contracts=[CONTRACT])
    assert [one.kind for one in found] == [DifferenceKind.UNKNOWN_ORDER]
    assert "SELL 3 MGCJ26 (without a reference)" in found[0].message
    sync(broker, [], account=ACCOUNT)
    assert gateway.open_references() == [""]


def test_a_position_that_no_fill_of_ours_explains_stops_entries_in_its_contract(
    gateway: Gateway, broker: IbBroker
) -> None:
    gateway.positions["DU1234567", MGC.con_id] = 2
    gateway.positions["DU7654321", MGC.con_id] = 9  # another account
    found = reconcile_at_start([wanted()], broker, account=ACCOUNT)
    assert [(one.kind, one.expected, one.found) for one in found] == [(DifferenceKind.UNKNOWN_POSITION, 0, 2)]
    report = sync(broker, [wanted()], account=ACCOUNT)
    assert report.did_nothing
    assert report.differences == tuple(found)
    assert gateway.placed == []


def test_a_corrected_execution_replaces_the_first(gateway: Gateway, broker: IbBroker) -> None:
    sync(broker, [wanted()], account=ACCOUNT)
    gateway.fill(ENTRY, 1012.0)
    corrected = list(gateway.executions[0])
    place = corrected.index("0000e.0.01.01")
    corrected[place], corrected[place + 6] = "0000e.0.01.02", 1011.9
    gateway.executions.append(corrected)
    assert [fill.price for fill in broker.fills()] == [1011.9]


def test_orders_sent_with_another_client_id_are_not_doubled_but_named(gateway: Gateway, broker: IbBroker) -> None:
    sync(broker, [wanted()], account=ACCOUNT)
    other = connect(gateway, client_id=18)
    assert sync(other, [wanted()], account=ACCOUNT).did_nothing
    with pytest.raises(BrokerError, match="client id 17, and this is client 18"):
        sync(other, [wanted(wish=Wish.WITHHOLD)], account=ACCOUNT)
    other.close()


# Contracts.


@pytest.mark.parametrize(
    ("contracts", "reason"),
    [
        ([], "knows 0 contracts for MGCJ26"),
        ([MGC, GatewayContract(7, "MGC", "MGCJ6", "20260428", "10", 0.1, "QBALGO")], "knows 2 contracts"),
        ([GatewayContract(7, "MGC", "MGCJ6", "20360428", "10", 0.1, "COMEX")], "knows 0 contracts"),
        ([GatewayContract(7, "MGC", "MGCJ6", "20260428", "100", 0.1, "COMEX")], "a multiplier of 100"),
        ([GatewayContract(7, "MGC", "MGCJ6", "20260428", "10", 0.25, "COMEX")], "a tick of 0.25"),
    ],
)
def test_a_contract_that_is_not_the_catalogues_gets_no_order(
    gateway: Gateway, broker: IbBroker, contracts: list[GatewayContract], reason: str
) -> None:
    gateway.contracts = contracts
    with pytest.raises(ConfigurationError, match=reason):
        sync(broker, [wanted()], account=ACCOUNT)
    assert gateway.placed == []


def test_spot_has_no_contract_to_order(broker: IbBroker) -> None:
    broker._instruments["XAUUSD"] = CATALOGUE.instrument("XAUUSD")
    with pytest.raises(ConfigurationError, match="XAUUSD is no futures contract"):
        sync(broker, [wanted(contract="XAUUSD")], account=ACCOUNT)


# The guard, and what goes wrong before anything is sent.


@pytest.mark.parametrize("number", ["DU1234567", "DF7654321"])
def test_a_paper_account_of_the_broker_needs_no_word(gateway: Gateway, number: str) -> None:
    gateway.accounts = number
    broker = connect(gateway)
    assert not broker.is_live
    broker.close()


def test_a_live_account_is_refused_before_anything_is_asked_of_it(gateway: Gateway) -> None:
    gateway.accounts = "U1234567"
    with pytest.raises(ConfigurationError, match="`live_trading` is false"):
        connect(gateway, days=500)
    with pytest.raises(GateFailedError, match="19 of 20 paper days"):
        connect(gateway, account(live_trading=True), days=19)
    assert 3 not in gateway.received


def test_a_live_account_is_traded_with_the_word_and_the_days(gateway: Gateway) -> None:
    gateway.accounts = "U1234567"
    broker = connect(gateway, account(live_trading=True), days=20)
    assert broker.is_live
    broker.close()


def test_the_accounts_file_says_which_broker_is_opened_and_none_gets_past_the_guard(gateway: Gateway) -> None:
    def opened(**changes: Any) -> Broker:
        return open_broker(
            account(**changes),
            connection=IbConnection(port=gateway.port),
            instruments=INSTRUMENTS,
            passed_paper_days=0,
        )

    assert isinstance(opened(), PaperBroker)
    assert isinstance(opened(broker="signals"), SignalBroker)
    assert gateway.received == []
    broker = opened(broker="ib")
    assert isinstance(broker, IbBroker)
    broker.close()
    gateway.accounts = "U1234567"
    with pytest.raises(GateFailedError):
        opened(broker="ib", live_trading=True)


def test_of_several_accounts_one_has_to_be_named_and_it_is_the_one_that_counts(gateway: Gateway) -> None:
    gateway.accounts = "U1234567,DU7654321"
    with pytest.raises(ConfigurationError, match="manages U1234567, DU7654321; the account named is none"):
        connect(gateway)
    with pytest.raises(ConfigurationError, match="named is DU1"):
        connect(gateway, account="DU1")
    with pytest.raises(ConfigurationError, match="live one"):
        connect(gateway, account="U1234567")
    broker = connect(gateway, account="DU7654321")
    sync(broker, [wanted()], account=ACCOUNT)
    assert gateway.order(ENTRY).account == "DU7654321"
    broker.close()


def test_where_nobody_listens_the_error_says_where_and_what_to_do(gateway: Gateway) -> None:
    with pytest.raises(BrokerError, match=r"127\.0\.0\.1:1 \(client id 17\) cannot be reached.*Start it"):
        connect(gateway, port=1)


def test_a_gateway_that_does_not_answer_is_an_error_and_not_a_wait_for_ever(gateway: Gateway) -> None:
    broker = connect(gateway, timeout_seconds=0.3)
    gateway.silent = {16}
    with pytest.raises(BrokerError, match="gave no answer in time"):
        broker.open_orders()
    broker.close()


def test_without_the_library_the_error_names_the_extra(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name == "ib_async":
            raise ImportError(name)
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ConfigurationError, match=r"pip install 'orb_pipeline\[ib\]'"):
        connect(gateway)


def foreign_order() -> GatewayOrder:
    return GatewayOrder(
        order_id=0,
        client=0,
        contract=MGC,
        action="SELL",
        quantity=3,
        kind="TRAIL",
        limit="",
        aux="1.0",
        tif="GTC",
        group="",
        account="DU1234567",
        reference="",
        transmit=True,
        parent=0,
        good_till="",
        group_type=0,
        perm_id=1,
        status="Submitted",
    )
