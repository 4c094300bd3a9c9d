"""A broker in memory: orders stand, fill when the test says so, and the process may die before or after any of them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from orb_pipeline.execution.brokers import (
    BrokerFill,
    BrokerOrder,
    DesiredOrder,
    OrderRefusedError,
    OrderTicket,
    Side,
    TradeKey,
    Wish,
)

DAY = dt.date(2026, 2, 9)
NOON = dt.datetime(2026, 2, 9, 12, tzinfo=dt.UTC)
END = dt.datetime(2026, 2, 9, 23, tzinfo=dt.UTC)
ACCOUNT, CONTRACT = "25k", "MGCJ26"


class Killed(BaseException):
    """The process is gone."""


def wanted(
    name: str = "A",
    wish: Wish = Wish.ENTER,
    *,
    contracts: int = 5,
    side: Side = Side.BUY,
    limit: str | None = "1012.0",
    stop: str = "1000.0",
    target: str = "1036.0",
    holds: bool | None = None,
    contract: str = CONTRACT,
) -> DesiredOrder:
    return DesiredOrder(
        key=TradeKey(ACCOUNT, DAY, name),
        instrument="MGC",
        contract=contract,
        side=side,
        contracts=contracts,
        limit_price=None if limit is None else Decimal(limit),
        stop_price=Decimal(stop),
        target_price=Decimal(target),
        wish=wish,
        expires_at=END,
        session_holds=wish is Wish.HOLD if holds is None else holds,
    )


class Market:
    """The broker's side: it outlives the processes that talk to it.

    Attributes:
        orders: by client id, remaining contracts in `quantity`; a real broker would take a second order of one id.
        sent: how many orders were ever created, by client id.
    """

    def __init__(self) -> None:
        self.orders: list[OrderTicket] = []
        self.executions: list[BrokerFill] = []
        self.foreign: list[BrokerOrder] = []
        self.foreign_position: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()

    def fill(self, client_id: str, quantity: int | None = None) -> None:
        """A standing order fills; its siblings shrink by as much, its children work from then on."""
        order = next(order for order in self.orders if order.client_id == client_id)
        assert order.parent is None or not self._stands(order.parent), "a child of an entry that has not filled"
        count = order.quantity if quantity is None else min(quantity, order.quantity)
        name = f"x{len(self.executions)}"
        price = float(order.price or 1012)
        self.executions.append(BrokerFill(name, client_id, order.contract, order.side, count, price, NOON, "test"))
        self.orders.remove(order)
        if count < order.quantity:
            self.orders.append(_with(order, quantity=order.quantity - count))
        for sibling in [one for one in self.orders if order.one_of and one.one_of == order.one_of]:
            if sibling.client_id != client_id:
                self.orders.remove(sibling)
                if sibling.quantity > count:  # reduced by what the other has filled
                    self.orders.append(_with(sibling, quantity=sibling.quantity - count))

    def remove(self, client_id: str) -> None:
        """An order goes; children that wait for it keep what it has filled, and go where it has filled nothing."""
        filled = sum(fill.quantity for fill in self.executions if fill.client_id == client_id)
        children = [order for order in self.orders if order.parent == client_id]
        self.orders = [order for order in self.orders if order.client_id != client_id and order not in children]
        if filled:
            self.orders += [_with(child, quantity=min(child.quantity, filled)) for child in children]

    def standing(self) -> dict[str, OrderTicket]:
        names = [order.client_id for order in self.orders]
        assert len(names) == len(set(names)), f"doubled: {names}"
        return {order.client_id: order for order in self.orders}

    def position(self, contract: str = CONTRACT) -> int:
        own = sum(fill.side.sign * fill.quantity for fill in self.executions if fill.contract == contract)
        return own + self.foreign_position[contract]

    def _stands(self, client_id: str) -> bool:
        return any(order.client_id == client_id for order in self.orders)


class Connection:
    """A process's line to the market.

    Args:
        dies_at: how many orders go out or are withdrawn before the process dies; None: it lives.
        refuses: client ids that the broker does not take.
    """

    executes = True
    is_live = False

    def __init__(self, market: Market, dies_at: int | None = None, refuses: Sequence[str] = ()) -> None:
        self.market = market
        self.left = dies_at
        self.refuses = refuses
        self.calls: list[str] = []

    def open_orders(self) -> Sequence[BrokerOrder]:
        own = [
            BrokerOrder(one.client_id, one.contract, one.side, one.quantity, one.kind, one.price)
            for one in self.market.orders
        ]
        return [*own, *self.market.foreign]

    def fills(self) -> Sequence[BrokerFill]:
        return list(self.market.executions)

    def positions(self) -> Mapping[str, int]:
        contracts = {fill.contract for fill in self.market.executions} | set(self.market.foreign_position)
        return {contract: self.market.position(contract) for contract in contracts}

    def submit(self, tickets: Sequence[OrderTicket]) -> None:
        """One after the other, so that a bracket may be cut in two by a kill."""
        for ticket in tickets:
            if ticket.client_id in self.refuses:
                message = f"{ticket.client_id}: no margin"
                raise OrderRefusedError(message)
        for ticket in tickets:
            self._step(f"submit {ticket.client_id}", lambda ticket=ticket: self._place(ticket))

    def withdraw(self, client_ids: Sequence[str]) -> None:
        for name in client_ids:
            self._step(f"withdraw {name}", lambda name=name: self.market.remove(name))

    def flatten(self, ticket: OrderTicket) -> None:
        self._step(f"flatten {ticket.client_id}", lambda: self._place(ticket))

    def close(self) -> None:
        """Nothing is held."""

    def _place(self, ticket: OrderTicket) -> None:
        standing = self.market.standing()
        if ticket.client_id in standing:
            self.market.orders = [
                _with(one, quantity=ticket.quantity, price=ticket.price) if one.client_id == ticket.client_id else one
                for one in self.market.orders
            ]
        else:
            self.market.orders.append(ticket)
            self.market.sent[ticket.client_id] += 1

    def _step(self, call: str, effect: Callable[[], None]) -> None:
        if self.left == 0:
            raise Killed
        self.calls.append(call)
        effect()
        if self.left is not None:
            self.left -= 1


def _with(ticket: OrderTicket, **changes: object) -> OrderTicket:
    return OrderTicket(**(vars(ticket) | changes))  # type: ignore[arg-type]
