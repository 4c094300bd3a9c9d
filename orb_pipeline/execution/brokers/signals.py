"""Signals: the orders as messages to a person, where a program may not send any."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from orb_pipeline.execution.brokers.holdings import positions_of
from orb_pipeline.execution.brokers.ids import Leg, parse_client_id
from orb_pipeline.execution.brokers.orders import BrokerFill, BrokerOrder, OrderKind, OrderTicket, Side


@dataclass(frozen=True)
class Signal:
    """One message, and what it asked for.

    Attributes:
        tickets: orders to place, or to change to this; empty where it asks to withdraw.
        filled_before: contracts of each ticket's id that had filled when it was said.
        withdrawn: client ids to withdraw.
    """

    text: str
    tickets: tuple[OrderTicket, ...] = ()
    filled_before: tuple[int, ...] = ()
    withdrawn: tuple[str, ...] = ()

    def to_json(self) -> str:
        """For the store; `from_json` gives the same signal back."""
        return json.dumps(asdict(self), default=_plain, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Signal:
        document = json.loads(text)
        return cls(
            text=document["text"],
            tickets=tuple(map(_ticket, document["tickets"])),
            filled_before=tuple(document["filled_before"]),
            withdrawn=tuple(document["withdrawn"]),
        )


class SignalBroker:
    """Says what changes, once, and believes the fills that were typed in.

    An order stands from the message that asked for it to the one that withdraws it, or until its fill is entered. Of
    a position, the exit that has not filled counts as withdrawn with the other: the person's platform sees to that.

    Args:
        said: signals of earlier steps, in order.
        fills: typed in so far.

    Attributes:
        new: what was said since; whoever holds the broker sends it out.
    """

    executes = True
    is_live = False

    def __init__(self, said: Iterable[Signal] = (), fills: Iterable[BrokerFill] = ()) -> None:
        self._fills = tuple(fills)
        self._filled = Counter[str]()
        for fill in self._fills:
            self._filled[fill.client_id] += fill.quantity
        self._standing: dict[str, tuple[OrderTicket, int]] = {}  # ticket, filled before it was said
        self.new: list[Signal] = []
        for signal in said:
            self._remember(signal)

    def open_orders(self) -> Sequence[BrokerOrder]:
        left = {
            name: ticket.quantity - self._filled[name] + before for name, (ticket, before) in self._standing.items()
        }
        over = {ticket.one_of for name, (ticket, _) in self._standing.items() if ticket.one_of and left[name] <= 0}
        return [
            BrokerOrder(name, ticket.contract, ticket.side, left[name], ticket.kind, ticket.price)
            for name, (ticket, _) in self._standing.items()
            if left[name] > 0 and ticket.one_of not in over
        ]

    def fills(self) -> Sequence[BrokerFill]:
        return self._fills

    def positions(self) -> Mapping[str, int]:
        return positions_of(self._fills)

    def submit(self, tickets: Sequence[OrderTicket]) -> None:
        standing = {order.client_id: (order.remaining, order.price) for order in self.open_orders()}
        changed = [ticket for ticket in tickets if standing.get(ticket.client_id) != (ticket.quantity, ticket.price)]
        if changed:
            parts = "; ".join(map(_in_words, changed))
            self._say(f"{_trade(tickets[0].client_id)}: {parts}.", changed)

    def withdraw(self, client_ids: Sequence[str]) -> None:
        legs = ", ".join(_leg(name) for name in client_ids)
        text = f"{_trade(client_ids[0])}: withdraw {legs}."
        if any(_leg(name) == Leg.ENTRY.value for name in client_ids):
            text += " If it has filled, enter the fill; the next message then says what becomes of it."
        self._say(text, withdrawn=client_ids)

    def flatten(self, ticket: OrderTicket) -> None:
        self._say(f"{_trade(ticket.client_id)}: {_in_words(ticket)}.", [ticket])

    def close(self) -> None:
        """Nothing is held."""

    def _say(self, text: str, tickets: Sequence[OrderTicket] = (), withdrawn: Sequence[str] = ()) -> None:
        before = tuple(self._filled[ticket.client_id] for ticket in tickets)
        signal = Signal(text, tuple(tickets), before, tuple(withdrawn))
        self._remember(signal)
        self.new.append(signal)

    def _remember(self, signal: Signal) -> None:
        for ticket, before in zip(signal.tickets, signal.filled_before, strict=True):
            self._standing[ticket.client_id] = (ticket, before)
        for name in signal.withdrawn:
            self._standing.pop(name, None)


def _in_words(ticket: OrderTicket) -> str:
    leg, what = _leg(ticket.client_id), f"{ticket.side.value.lower()} {ticket.quantity} {ticket.contract}"
    if leg in (Leg.STOP.value, Leg.TARGET.value):
        return f"{leg} {ticket.price} ({what})"
    words = f"{'close: ' if leg == Leg.CLOSE.value else ''}{what} "
    words += "at the market" if ticket.price is None else f"at the limit {ticket.price}"
    return words if ticket.expires_at is None else f"{words}, good until {ticket.expires_at:%Y-%m-%d %H:%M} UTC"


def _trade(client_id: str) -> str:
    return client_id.rpartition(":")[0]


def _leg(client_id: str) -> str:
    parsed = parse_client_id(client_id)
    return client_id if parsed is None else parsed[1].value


def _plain(value: object) -> str:
    if isinstance(value, Side | OrderKind):
        return str(value.value)
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)


def _ticket(document: dict[str, Any]) -> OrderTicket:
    ticket = OrderTicket(**document)
    expires = document["expires_at"]
    return replace(
        ticket,
        side=Side(document["side"]),
        kind=OrderKind(document["kind"]),
        price=None if document["price"] is None else Decimal(document["price"]),
        expires_at=None if expires is None else dt.datetime.fromisoformat(expires),
    )
