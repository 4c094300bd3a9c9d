"""The way from what stands at the broker to what should: a pure function of both."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orb_pipeline.execution.brokers.ids import Leg, TradeKey
from orb_pipeline.execution.brokers.orders import BrokerOrder, DesiredOrder, OrderTicket, Wish
from orb_pipeline.execution.brokers.snapshot import Snapshot

Legs = Mapping[Leg, BrokerOrder]
EXITS = (Leg.STOP, Leg.TARGET)
BRACKET = (Leg.ENTRY, *EXITS)


@dataclass
class Plan:
    """What has to be done. While something is to be withdrawn, the rest is only what is known before that.

    Attributes:
        withdrawals: client ids, together by trade.
        closes: market orders that end a position.
        protections: exits of positions whose bracket is not, or not rightly, there.
        entries: entries with their brackets.
    """

    withdrawals: list[tuple[str, ...]] = field(default_factory=list)
    closes: list[OrderTicket] = field(default_factory=list)
    protections: list[tuple[OrderTicket, ...]] = field(default_factory=list)
    entries: list[tuple[OrderTicket, ...]] = field(default_factory=list)

    def withdraw(self, legs: Legs, *which: Leg) -> bool:
        """Withdraw those that stand; False where none does."""
        standing = tuple(legs[leg].client_id for leg in which if leg in legs)
        if standing:
            self.withdrawals.append(standing)
        return bool(standing)


def plan_of(
    desired: Sequence[DesiredOrder], snapshot: Snapshot, account: str, *, enterable: Collection[str] | None
) -> Plan:
    """What brings the broker to `desired`; empty where it is there.

    In a contract whose position our fills do not explain, entries are withdrawn and nothing else is touched: any other
    step might open a position instead of closing one.

    Args:
        account: orders with its ids that are not in `desired` are withdrawn.
        enterable: instruments; of others no entry is sent, and working ones are withdrawn. None: all.
    """
    plan = Plan()
    for key in _undesired(desired, snapshot, account):
        _retire(plan, key, snapshot)
    for order in desired:
        legs = snapshot.legs_of(order.key)
        if snapshot.is_explained(order.contract):
            _bring(plan, order, legs, snapshot, may_enter=enterable is None or order.instrument in enterable)
        elif not snapshot.holding(order.key).entered:
            plan.withdraw(legs, *(BRACKET if Leg.ENTRY in legs else ()))
        else:
            plan.withdraw(legs, Leg.ENTRY)
    return plan


def _undesired(desired: Sequence[DesiredOrder], snapshot: Snapshot, account: str) -> Iterator[TradeKey]:
    known = {order.key for order in desired}
    return (key for key in sorted(snapshot.keys) if key.account == account and key not in known)


def _retire(plan: Plan, key: TradeKey, snapshot: Snapshot) -> None:
    """A trade that the session does not know (any more): its exits stay only where, and as far as, they guard."""
    legs, held = snapshot.legs_of(key), snapshot.holding(key).position
    is_explained = all(snapshot.is_explained(order.contract) for order in legs.values())
    plan.withdraw(legs, *(Leg if is_explained and held == 0 else (Leg.ENTRY,)))
    guards = [legs[leg] for leg in EXITS if leg in legs]
    if is_explained and held and any(order.remaining > abs(held) for order in guards):
        plan.protections.append(
            tuple(
                OrderTicket(one.client_id, one.contract, one.side, abs(held), one.kind, one.price, one_of=str(key))
                for one in guards
            )
        )


def _bring(plan: Plan, order: DesiredOrder, legs: Legs, snapshot: Snapshot, *, may_enter: bool) -> None:
    holding = snapshot.holding(order.key)
    held, has_entered = order.side.sign * holding.position, holding.entered != 0
    wish = order.wish if may_enter or order.wish is Wish.FLAT else Wish.WITHHOLD
    if wish is Wish.FLAT or held < 0:
        _close(plan, order, legs, held)
    elif Leg.ENTRY in legs and (wish is Wish.WITHHOLD or held < order.side.sign * holding.entered):
        plan.withdraw(legs, *((Leg.ENTRY,) if has_entered else BRACKET))  # once an exit fills, no more is entered
    elif Leg.ENTRY in legs and not has_entered:
        bracket = (order.entry_ticket(), *order.exit_tickets(order.contracts, with_entry=True))
        if any(_differs(ticket, legs) for ticket in bracket):
            plan.entries.append(bracket)
    elif held > 0:
        _protect(plan, order, legs, held)
    elif not plan.withdraw(legs, *EXITS, Leg.CLOSE) and wish is Wish.ENTER and not has_entered:
        plan.entries.append((order.entry_ticket(), *order.exit_tickets(order.contracts, with_entry=True)))


def _close(plan: Plan, order: DesiredOrder, legs: Legs, held: int) -> None:
    """First nothing may fill any more, then what is left is closed."""
    if plan.withdraw(legs, *BRACKET):
        return
    if held == 0:
        plan.withdraw(legs, Leg.CLOSE)
        return
    ticket = order.close_ticket(held)
    if Leg.CLOSE in legs and legs[Leg.CLOSE].side is not ticket.side:
        plan.withdraw(legs, Leg.CLOSE)
    elif _differs(ticket, legs):
        plan.closes.append(ticket)


def _protect(plan: Plan, order: DesiredOrder, legs: Legs, held: int) -> None:
    """Exits for what is held. While the entry still fills, those that stand keep their size: they wait for it."""
    if plan.withdraw(legs, Leg.CLOSE):
        return
    wanted = []
    for ticket in order.exit_tickets(held, with_entry=False):
        standing = _standing(ticket, legs)
        is_in_place = standing is not None and standing.price == ticket.price and Leg.ENTRY in legs
        if not is_in_place and _differs(ticket, legs):
            wanted.append(ticket)
    if wanted:
        plan.protections.append(tuple(wanted))


def _standing(ticket: OrderTicket, legs: Legs) -> BrokerOrder | None:
    return next((order for order in legs.values() if order.client_id == ticket.client_id), None)


def _differs(ticket: OrderTicket, legs: Legs) -> bool:
    standing = _standing(ticket, legs)
    return standing is None or (standing.remaining, standing.price) != (ticket.quantity, ticket.price)
