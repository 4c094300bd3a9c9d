"""Whatever was desired before, and wherever the process died: the broker ends in the last desired state, once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.execution.brokers import DesiredOrder, Leg, OrderKind, Side, Wish, parse_client_id, sync
from orb_pipeline_tests.execution.brokers.market import ACCOUNT, Connection, Killed, Market, wanted

NAMES = ("A", "B", "C")
TARGETS = st.sampled_from(["1036.0", "1037.0"])


@st.composite
def states(draw: st.DrawFn) -> tuple[DesiredOrder, ...]:
    """Of each of three strategies, long and short in one contract: nothing yet, or one of the wishes."""
    orders = []
    for name in NAMES:
        wish = draw(st.sampled_from([None, *Wish]))
        if wish is None:
            continue
        is_long = name != "C"
        orders.append(
            wanted(
                name,
                wish,
                side=Side.BUY if is_long else Side.SELL,
                limit=None if name == "B" else "1012.0",
                stop="1000.0" if is_long else "1024.0",
                target=draw(TARGETS) if is_long else "990.0",
            )
        )
    return tuple(orders)


FILLS = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 5)), max_size=3)
STEPS = st.lists(st.tuples(states(), st.none() | st.integers(0, 8), FILLS), min_size=1, max_size=6)


@settings(max_examples=400, deadline=None)
@given(STEPS)
def test_every_sequence_of_desired_states_cut_anywhere_ends_in_the_last_one_with_nothing_doubled(
    steps: list[tuple[tuple[DesiredOrder, ...], int | None, list[tuple[int, int]]]],
) -> None:
    market = Market()
    for desired, dies_at, fills in steps:
        with contextlib.suppress(Killed):
            sync(Connection(market, dies_at), desired, account=ACCOUNT)
        market.standing()
        fill_some(market, fills)
    last = steps[-1][0]
    sync(Connection(market), last, account=ACCOUNT)
    assert_is_state(market, last)
    again = Connection(market)
    assert sync(again, last, account=ACCOUNT).did_nothing
    assert again.calls == []


def fill_some(market: Market, fills: Iterable[tuple[int, int]]) -> None:
    """Of the orders that work, some fill, some of them in part."""
    for choice, quantity in fills:
        standing = market.standing()
        working = [name for name, order in sorted(standing.items()) if order.parent not in standing]
        if working:
            market.fill(working[choice % len(working)], quantity)


def assert_is_state(market: Market, desired: tuple[DesiredOrder, ...]) -> None:
    standing = market.standing()
    by_key = {order.key: order for order in desired}
    for name, ticket in standing.items():
        parsed = parse_client_id(name)
        assert parsed is not None
        if parsed[0] not in by_key:  # not of this session any more: only what guards a position is left
            assert parsed[1] is not Leg.ENTRY
            assert held(market, wanted(parsed[0].strategy_id)) != 0
        assert ticket.quantity > 0
    for order in desired:
        assert_is_trade(market, order)


def assert_is_trade(market: Market, order: DesiredOrder) -> None:
    legs = {leg: market.standing().get(order.key.client_id(leg)) for leg in Leg}
    entered = order.side.sign * entry_fills(market, order)
    left = order.side.sign * held(market, order)
    assert 0 <= entered <= order.contracts  # no order was doubled
    if order.wish is Wish.FLAT:
        assert legs[Leg.ENTRY] is legs[Leg.STOP] is legs[Leg.TARGET] is None
        close = legs[Leg.CLOSE]
        assert (close is None) == (left == 0)
        if close is not None:
            assert close.side.sign * close.quantity == -order.side.sign * left
            assert close.kind is OrderKind.MARKET
        return
    assert left >= 0
    assert legs[Leg.CLOSE] is None
    if order.wish is Wish.WITHHOLD:
        assert legs[Leg.ENTRY] is None
    if order.wish is Wish.ENTER and not entered:
        entry = legs[Leg.ENTRY]
        assert entry is not None
        assert (entry.quantity, entry.price) == (order.contracts, order.limit_price)
    guarded = left or (order.contracts if legs[Leg.ENTRY] and not entered else 0)
    stop, target = legs[Leg.STOP], legs[Leg.TARGET]
    assert (stop is None) == (guarded == 0)
    if stop is not None:
        assert stop.price == order.stop_price
        assert legs[Leg.ENTRY] is not None or stop.quantity == guarded
    assert (target is None) == (guarded == 0)
    if target is not None:
        assert target.price == order.target_price


def entry_fills(market: Market, order: DesiredOrder) -> int:
    name = order.key.client_id(Leg.ENTRY)
    return sum(fill.side.sign * fill.quantity for fill in market.executions if fill.client_id == name)


def held(market: Market, order: DesiredOrder) -> int:
    names = {order.key.client_id(leg) for leg in Leg}
    return sum(fill.side.sign * fill.quantity for fill in market.executions if fill.client_id in names)
