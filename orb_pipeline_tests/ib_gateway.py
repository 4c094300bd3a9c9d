"""A gateway of Interactive Brokers that takes orders, for tests: it speaks as much of the protocol as is asked of it.

It keeps orders, executions and positions over connections, as the real one does, and can be told to cut a connection
after it has taken an order, to refuse one, or to fill one.
"""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from orb_pipeline_tests.ib_wire import Wire, listening

OPEN_STATES = ("PendingSubmit", "PreSubmitted", "Submitted")
NOON = dt.datetime(2026, 2, 9, 12, tzinfo=dt.UTC)


@dataclass(frozen=True)
class GatewayContract:
    con_id: int
    symbol: str
    local_symbol: str
    last_trade_date: str
    multiplier: str
    min_tick: float
    exchange: str

    def fields(self, *, exchange: str | None = None) -> list[Any]:
        """As positions, orders and executions carry it."""
        tail = [] if exchange is None else [exchange]
        head = [self.con_id, self.symbol, "FUT", self.last_trade_date, 0, "", self.multiplier]
        return [*head, *tail, "USD", self.local_symbol, self.symbol]


MGC = GatewayContract(101, "MGC", "MGCJ6", "20260428", "10", 0.1, "COMEX")
MES = GatewayContract(102, "MES", "MESH6", "20260320", "5", 0.25, "CME")


@dataclass
class GatewayOrder:
    order_id: int
    client: int
    contract: GatewayContract
    action: str
    quantity: int
    kind: str
    limit: str
    aux: str
    tif: str
    group: str
    account: str
    reference: str
    transmit: bool
    parent: int
    good_till: str
    group_type: int
    perm_id: int
    status: str = "PendingSubmit"
    filled: int = 0

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATES


@dataclass
class Gateway:
    """The state, and what tests do to it.

    Attributes:
        accounts: that it manages, separated by commas.
        cut_after: connections are closed, without an answer, once so many orders of them were taken; None: never.
        lists_untransmitted: whether open orders include those that were not let go.
        refuses: references of orders that get error 201.
        silent: message types that are never answered.
        received: types of the messages that came in.
        placed: references of the orders that were created, in order; a change creates none.
        let_go: of each order that was taken, new or changed, whether it was to be transmitted.
        on_message: further messages by type: called with the gateway, the sender and the fields.
    """

    accounts: str = "DU1234567"
    contracts: list[GatewayContract] = field(default_factory=lambda: [MGC, MES])
    cut_after: int | None = None
    lists_untransmitted: bool = True
    refuses: set[str] = field(default_factory=set)
    silent: set[int] = field(default_factory=set)
    received: list[int] = field(default_factory=list)
    placed: list[str] = field(default_factory=list)
    let_go: list[bool] = field(default_factory=list)
    orders: list[GatewayOrder] = field(default_factory=list)
    executions: list[list[Any]] = field(default_factory=list)
    positions: dict[tuple[str, int], int] = field(default_factory=dict)
    next_id: int = 1
    port: int = 0
    on_message: dict[int, Callable[[Gateway, Callable[..., None], list[str]], None]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _perm_ids: Iterator[int] = field(default_factory=lambda: itertools.count(9000))

    def order(self, reference: str) -> GatewayOrder:
        """The open order of this reference; there is one."""
        with self.lock:
            found = [order for order in self.orders if order.reference == reference and order.is_open]
            assert len(found) == 1, f"{reference}: {found}"
            return found[0]

    def open_references(self) -> list[str]:
        with self.lock:
            return sorted(order.reference for order in self.orders if order.is_open)

    def fill(self, reference: str, price: float, quantity: int | None = None) -> None:
        """An open order fills: its children begin to work, others of its group shrink or go."""
        with self.lock:
            order = self.order(reference)
            count = order.quantity - order.filled if quantity is None else quantity
            order.filled += count
            order.status = "Filled" if order.filled == order.quantity else "Submitted"
            sign = 1 if order.action == "BUY" else -1
            key = (order.account, order.contract.con_id)
            self.positions[key] = self.positions.get(key, 0) + sign * count
            self._record(order, count, price)
            for other in self.orders:
                if other.is_open and other.parent == order.order_id and order.status == "Filled":
                    other.status = "Submitted"
                if other is not order and other.is_open and order.group and other.group == order.group:
                    other.quantity -= count
                    if other.quantity <= other.filled:
                        other.status = "Cancelled"

    def cancel(self, order: GatewayOrder) -> None:
        """An order goes, and with an entry that has not filled its children."""
        order.status = "Cancelled"
        for child in self.orders:
            if child.is_open and child.parent == order.order_id and order.filled == 0:
                child.status = "Cancelled"

    def _record(self, order: GatewayOrder, count: int, price: float) -> None:
        number = len(self.executions)
        time = (NOON + dt.timedelta(minutes=number)).strftime("%Y%m%d %H:%M:%S UTC")
        side = "BOT" if order.action == "BUY" else "SLD"
        execution = [f"0000e.{number}.01.01", time, order.account, order.contract.exchange, side, count, price]
        tail = [order.perm_id, order.client, 0, order.filled, price, order.reference, "", "", "", 1, 0]
        contract = order.contract.fields(exchange=order.contract.exchange)
        self.executions.append([order.order_id, *contract, *execution, *tail])


@contextmanager
def serving(gateway: Gateway) -> Iterator[Gateway]:
    """The gateway on a free local port, until the block ends."""
    with listening(lambda wire: _Session(gateway, wire).run()) as gateway.port:
        yield gateway


class _Session:
    """One client's connection."""

    def __init__(self, gateway: Gateway, wire: Wire) -> None:
        self._gateway, self._receive, self.send = gateway, wire.receive, wire.send
        self._client = -1
        self._taken = 0
        self._answers = {
            3: self._place,
            4: self._cancel,
            7: self._executions,
            9: self._details,
            16: lambda _fields: self._open_orders(),
            61: lambda _fields: self._positions(),
            71: self._start,
        }

    def run(self) -> None:
        while True:
            *fields, _ = self._receive()
            with self._gateway.lock:
                self._answer(int(fields[0]), fields)

    def _answer(self, kind: int, fields: list[str]) -> None:
        self._gateway.received.append(kind)
        if kind in self._gateway.silent:
            return
        if kind in self._answers:
            self._answers[kind](fields)
        elif kind in self._gateway.on_message:
            self._gateway.on_message[kind](self._gateway, self.send, fields)

    def _start(self, fields: list[str]) -> None:
        self._client = int(fields[2])
        self.send(15, 1, self._gateway.accounts)
        self.send(9, 1, self._gateway.next_id)

    def _place(self, fields: list[str]) -> None:
        gateway, order_id = self._gateway, int(fields[1])
        known = next((one for one in gateway.orders if (one.client, one.order_id) == (self._client, order_id)), None)
        contract = next((one for one in gateway.contracts if one.con_id == int(fields[2])), None)
        if contract is None:
            self.send(4, 2, order_id, 200, "No security definition has been found", "")
        elif fields[26] in gateway.refuses:
            self.send(4, 2, order_id, 201, "Order rejected - reason: insufficient margin", "")
        elif known is not None and not known.is_open:
            self.send(4, 2, order_id, 103, "Duplicate order id", "")
        else:
            order = self._taken_order(known, order_id, contract, fields)
            self._taken += 1
            if gateway.cut_after is not None and self._taken >= gateway.cut_after:
                raise EOFError
            self._tell(order)

    def _taken_order(
        self, known: GatewayOrder | None, order_id: int, contract: GatewayContract, fields: list[str]
    ) -> GatewayOrder:
        gateway = self._gateway
        if known is not None:
            known.quantity, known.limit, known.aux = int(float(fields[17])), fields[19], fields[20]
            order = known
        else:
            order = GatewayOrder(
                order_id=order_id,
                client=self._client,
                contract=contract,
                action=fields[16],
                quantity=int(float(fields[17])),
                kind=fields[18],
                limit=fields[19],
                aux=fields[20],
                tif=fields[21],
                group=fields[22],
                account=fields[23],
                reference=fields[26],
                transmit=False,
                parent=int(fields[28]),
                good_till=fields[38],
                group_type=int(fields[46]),
                perm_id=next(gateway._perm_ids),
            )
            gateway.orders.append(order)
            gateway.placed.append(order.reference)
            gateway.next_id = max(gateway.next_id, order_id + 1)
        gateway.let_go.append(fields[27] == "1")
        if gateway.let_go[-1]:
            family = {order.order_id, order.parent or order.order_id}
            for one in gateway.orders:
                if one.is_open and (one.order_id in family or one.parent in family):
                    one.transmit = True
                    one.status = "PreSubmitted" if one.parent and self._waits(one) else "Submitted"
        return order

    def _waits(self, order: GatewayOrder) -> bool:
        return any(one.order_id == order.parent and one.is_open for one in self._gateway.orders)

    def _cancel(self, fields: list[str]) -> None:
        for order in self._gateway.orders:
            if (order.client, order.order_id) == (self._client, int(fields[2])) and order.is_open:
                self._gateway.cancel(order)
                self._status(order)

    def _open_orders(self) -> None:
        for order in self._gateway.orders:
            if order.is_open and (order.transmit or self._gateway.lists_untransmitted):
                self._tell(order)
        self.send(53, 1)

    def _positions(self) -> None:
        for (account, con_id), position in self._gateway.positions.items():
            contract = next(one for one in self._gateway.contracts if one.con_id == con_id)
            self.send(61, 3, account, *contract.fields(exchange=""), position, 0)
        self.send(62, 1)

    def _executions(self, fields: list[str]) -> None:
        for execution in self._gateway.executions:
            self.send(11, fields[2], *execution)
        self.send(55, 1, fields[2])

    def _details(self, fields: list[str]) -> None:
        request, local_symbol = fields[2], fields[13]
        for one in self._gateway.contracts:
            if one.local_symbol == local_symbol:
                names = [one.symbol, "FUT", one.last_trade_date, 0, "", one.exchange, "USD", one.local_symbol]
                worth = [one.symbol, one.symbol, one.con_id, one.min_tick, one.multiplier, "", one.exchange, 1, 0]
                rest = ["", "", "202604", "", "", "", "", "", "", "", "", 0, 1, one.symbol, "IND", "", "", "", 1, 1, 1]
                self.send(10, request, *names, *worth, *rest)
        self.send(52, 1, request)

    def _tell(self, order: GatewayOrder) -> None:
        self.send(5, *_open_order(order))
        self._status(order)

    def _status(self, order: GatewayOrder) -> None:
        left = order.quantity - order.filled
        self.send(
            3, order.order_id, order.status, order.filled, left, 0, order.perm_id, order.parent, 0, order.client, "", 0
        )


def _open_order(order: GatewayOrder) -> list[Any]:
    """The fields of an openOrder message, those that nobody asks for left empty."""
    head = [order.order_id, *order.contract.fields(exchange=order.contract.exchange)]
    terms = [order.action, order.quantity, order.kind, order.limit, order.aux, order.tif, order.group, order.account]
    names = ["", 0, order.reference, order.client, order.perm_id, 1, 0, 0, "", "", "", "", ""]
    after = ["", order.good_till, "", "", "", 0, "", -1, 0, "", "", "", "", "", 0, 0, 0, 0, "", order.group_type]
    parent = [0, 0, "", order.parent, 0, "", 0, "", ""]
    scales = [0, 0, "", "", "", "", "", 0, 0, 0, "", "", "", ""]  # no legs, no hedge
    clearing = [0, "", "", 0, 0, "", 0, 0]
    state = [order.status, *[""] * 14, 0, 0, 0]  # the last: no conditions
    adjusted = ["", "", "", "", "", "", "", 0, "", "", "", "", 0, 0, 0, 0, "", 0, 0, "", "", "", "", ""]
    return [*head, *terms, *names, *after, *parent, *scales, *clearing, *state, *adjusted]
