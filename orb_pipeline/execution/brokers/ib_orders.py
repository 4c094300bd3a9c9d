"""Tickets as orders of Interactive Brokers, and its orders and executions as ours."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from orb_pipeline.execution.brokers.ib_contracts import canonical_code
from orb_pipeline.execution.brokers.orders import BrokerFill, BrokerOrder, OrderKind, OrderTicket, Side

if TYPE_CHECKING:
    from ib_async import Fill, Order, Trade

IB = "ib"
_TYPES = {OrderKind.MARKET: "MKT", OrderKind.LIMIT: "LMT", OrderKind.STOP: "STP"}
_KINDS = {name: kind for kind, name in _TYPES.items()}
_REDUCE_WITH_BLOCK = 2  # the group's others shrink by what one has filled, and cannot fill while one does
OVER = frozenset({"Filled", "Cancelled", "ApiCancelled", "Inactive"})


def order_of(
    ticket: OrderTicket, account: str, *, order_id: int, parent_id: int, standing: Trade | None, transmit: bool
) -> Order:
    """The order to send.

    A limit that waits for its price lapses at the ticket's time (GTD); exits work until they are withdrawn (GTC), so
    that a position is guarded when nobody is there.

    Args:
        order_id: of the standing order, where it is changed.
        parent_id: of the entry that it waits for; 0: none.
        transmit: whether it and those before it are let go to the exchange.
    """
    from ib_async import Order  # an extra

    filled = 0 if standing is None else int(standing.orderStatus.filled)
    order = Order(
        orderId=order_id,
        permId=0 if standing is None else standing.order.permId,
        action=ticket.side.value,
        totalQuantity=filled + ticket.quantity,
        orderType=_TYPES[ticket.kind],
        orderRef=ticket.client_id,
        account=account,
        parentId=parent_id if standing is None else standing.order.parentId,
        transmit=transmit,
        outsideRth=True,
    )
    if ticket.kind is OrderKind.LIMIT and ticket.price is not None:
        order.lmtPrice = float(ticket.price)
    if ticket.kind is OrderKind.STOP and ticket.price is not None:
        order.auxPrice = float(ticket.price)
    if ticket.kind is OrderKind.MARKET:
        order.tif = "DAY"
    elif ticket.expires_at is None:
        order.tif = "GTC"
    else:
        order.tif = "GTD"
        order.goodTillDate = f"{ticket.expires_at.astimezone(dt.UTC):%Y%m%d-%H:%M:%S}"  # in UTC
    if ticket.one_of is not None:
        order.ocaGroup, order.ocaType = ticket.one_of, _REDUCE_WITH_BLOCK
    return order


def standing_order(trade: Trade) -> BrokerOrder:
    order = trade.order
    kind = _KINDS.get(order.orderType, OrderKind.OTHER)
    price = {OrderKind.LIMIT: order.lmtPrice, OrderKind.STOP: order.auxPrice}.get(kind)
    return BrokerOrder(
        client_id=order.orderRef,
        contract=canonical_code(trade.contract),
        side=Side(order.action),
        remaining=round(float(order.totalQuantity) - trade.orderStatus.filled),
        kind=kind,
        price=None if price is None else Decimal(str(price)),
    )


def fill_of(fill: Fill) -> BrokerFill:
    """An execution; a corrected one has the id of the one it replaces."""
    execution = fill.execution
    return BrokerFill(
        execution_id=execution.execId.rpartition(".")[0] or execution.execId,
        client_id=execution.orderRef,
        contract=canonical_code(fill.contract),
        side=Side.BUY if execution.side == "BOT" else Side.SELL,
        quantity=round(execution.shares),
        price=execution.price,
        filled_at=execution.time.astimezone(dt.UTC),
        source=IB,
    )


def revision_of(fill: Fill) -> str:
    """Executions in this order: what corrects comes after what is corrected."""
    return fill.execution.execId


def is_open(trade: Trade) -> bool:
    return trade.orderStatus.status not in OVER
