"""Bring a broker to what should stand there, and see at start whether the session explains what does.

Each step asks the broker first and does only what is missing, so that it may be run again at any time: after a kill
between any two orders the next run ends in the same state, and nothing stands twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from orb_pipeline.execution.brokers.broker import Broker, BrokerError, OrderRefusedError
from orb_pipeline.execution.brokers.differences import Difference, differences_of, refused
from orb_pipeline.execution.brokers.orders import BrokerFill, DesiredOrder, OrderTicket
from orb_pipeline.execution.brokers.plan import Plan, plan_of
from orb_pipeline.execution.brokers.snapshot import look

ROUNDS = 4  # withdraw, look again; each round at least one order is gone


@dataclass(frozen=True)
class SyncReport:
    """What was done, by client id, and what cannot be explained.

    Attributes:
        fills: all of ours that are known now, for the store.
        differences: each of them is a reason to enter nothing; the caller stops entries.
    """

    withdrawn: tuple[str, ...] = ()
    sent: tuple[str, ...] = ()
    fills: tuple[BrokerFill, ...] = ()
    differences: tuple[Difference, ...] = ()

    @property
    def did_nothing(self) -> bool:
        return not self.withdrawn and not self.sent


def sync(
    broker: Broker,
    desired: Sequence[DesiredOrder],
    *,
    account: str,
    contracts: Collection[str] = (),
    stored_fills: Iterable[BrokerFill] = (),
    enterable: Collection[str] | None = None,
) -> SyncReport:
    """Withdraw what is not desired, close what must be closed, guard what is held, send what is missing.

    Args:
        account: its name; orders with its client ids are ours, all others are left alone.
        contracts: all that the account trades, those without a trade so far included.
        stored_fills: what earlier calls reported, at least of trades that are not over; brokers forget.
        enterable: instruments that may be entered now; None: all. Positions of others are still guarded and closed.

    Raises:
        BrokerError: it does not answer or confirm; call again.
    """
    if not broker.executes:
        return SyncReport()
    stored = list(stored_fills)
    watched = {*contracts, *(order.contract for order in desired)}
    withdrawn: list[str] = []
    for _ in range(ROUNDS):
        snapshot = look(broker, stored, watched)
        plan = plan_of(desired, snapshot, account, enterable=enterable)
        for client_ids in plan.withdrawals:
            broker.withdraw(client_ids)
            withdrawn += client_ids
        if not plan.withdrawals:
            sent, refusals = _send(broker, plan)
            found = differences_of(desired, snapshot, account, watched)
            return SyncReport(tuple(withdrawn), tuple(sent), tuple(snapshot.fills), (*found, *refusals))
    message = (
        f"The broker confirms that orders were withdrawn, and after {ROUNDS} rounds still shows "
        f"{', '.join(name for group in plan.withdrawals for name in group)}. Look at its gateway, then run again."
    )
    raise BrokerError(message)


def reconcile_at_start(
    desired: Sequence[DesiredOrder],
    broker: Broker,
    *,
    account: str,
    contracts: Collection[str] = (),
    stored_fills: Iterable[BrokerFill] = (),
) -> list[Difference]:
    """What stands or is held in the traded contracts and the session does not explain; empty where all is well.

    The caller stops entries on any of them, before the first `sync`.

    Args:
        contracts, stored_fills: as for `sync`.
    """
    if not broker.executes:
        return []
    watched = {*contracts, *(order.contract for order in desired)}
    return differences_of(desired, look(broker, stored_fills, watched), account, watched)


def _send(broker: Broker, plan: Plan) -> tuple[list[str], list[Difference]]:
    """Closes first, then what guards positions, then entries. What is refused does not stop the rest."""
    sent: list[str] = []
    refusals: list[Difference] = []
    for group in (*((ticket,) for ticket in plan.closes), *plan.protections, *plan.entries):
        try:
            _submit(broker, group, is_close=group[0] in plan.closes)
        except OrderRefusedError as error:
            refusals.append(refused(group[0].client_id, group[0].contract, str(error)))
        else:
            sent += [ticket.client_id for ticket in group]
    return sent, refusals


def _submit(broker: Broker, group: tuple[OrderTicket, ...], *, is_close: bool) -> None:
    if is_close:
        broker.flatten(group[0])
    else:
        broker.submit(group)
