"""What the session cannot explain at its broker: the reason to enter nothing until somebody has looked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from orb_pipeline.execution.brokers.ids import Leg, parse_client_id
from orb_pipeline.execution.brokers.orders import BrokerOrder, DesiredOrder, Wish
from orb_pipeline.execution.brokers.snapshot import Snapshot


class DifferenceKind(Enum):
    """UNKNOWN_ORDER: one that the session did not ask for. UNKNOWN_POSITION: more or less is held than our fills add up
    to, or a trade is held that the session does not know. MISSING_POSITION: the session holds what was never bought.
    REFUSED: the broker did not take an order.
    """

    UNKNOWN_ORDER = "unknown_order"
    UNKNOWN_POSITION = "unknown_position"
    MISSING_POSITION = "missing_position"
    REFUSED = "refused"


@dataclass(frozen=True)
class Difference:
    """One of them.

    Attributes:
        contract: its code.
        client_id: of the order, or the trade's key; None where it concerns no order of ours.
        expected, found: contracts by the session and by the broker, below 0 where sold; None where none are counted.
        message: a sentence with both sides and the next step.
    """

    kind: DifferenceKind
    contract: str
    client_id: str | None
    expected: int | None
    found: int | None
    message: str


def differences_of(
    desired: Sequence[DesiredOrder], snapshot: Snapshot, account: str, contracts: Collection[str]
) -> list[Difference]:
    """All that `desired` and our own fills do not explain, in `contracts` and in those of `desired`.

    An order of ours that is not desired any more, or of another day, is explained: it is going to be withdrawn. So is a
    position that the session does not have yet, or no longer: the next bar decides about it, or it is being closed.
    """
    watched = {*contracts, *(order.contract for order in desired)}
    return [
        *_unknown_orders(desired, snapshot.orders, account, watched),
        *_unknown_positions(snapshot, watched),
        *_stray_trades(desired, snapshot, account, watched),
        *(missing_position(order) for order in desired if _is_missing(order, snapshot)),
    ]


def missing_position(order: DesiredOrder) -> Difference:
    expected = order.side.sign * order.contracts
    message = (
        f"The session holds {expected:+d} {order.contract} for {order.key.strategy_id}, but its entry was never filled "
        "and does not stand at the broker; it is not sent late. Look at why, then `orb resume`."
    )
    return Difference(DifferenceKind.MISSING_POSITION, order.contract, str(order.key), expected, 0, message)


def refused(order_id: str, contract: str, reason: str) -> Difference:
    return Difference(DifferenceKind.REFUSED, contract, order_id, None, None, reason)


def _unknown_orders(
    desired: Iterable[DesiredOrder], standing: Iterable[BrokerOrder], account: str, watched: Collection[str]
) -> Iterator[Difference]:
    known = {order.key for order in desired}
    days = {key.trading_day for key in known}
    for order in standing:
        parsed = parse_client_id(order.client_id)
        is_ours = parsed is not None and parsed[0].account == account
        is_known = parsed is not None and (parsed[0] in known or parsed[0].trading_day not in days)
        if order.contract in watched and not (is_ours and is_known):
            name = order.client_id or "without a reference"
            message = (
                f"An order that the session did not send stands at the broker: {order.side.value} {order.remaining} "
                f"{order.contract} ({name}). Withdraw it there, or find out who sends it, then `orb resume`."
            )
            yield Difference(
                DifferenceKind.UNKNOWN_ORDER, order.contract, order.client_id or None, 0, order.remaining, message
            )


def _unknown_positions(snapshot: Snapshot, watched: Collection[str]) -> Iterator[Difference]:
    for contract in sorted(watched):
        expected, found = snapshot.expected(contract), snapshot.positions.get(contract, 0)
        if expected != found:
            message = (
                f"The broker holds {found:+d} {contract}; the session's own fills add up to {expected:+d}. Close or "
                "account for the rest at the broker, then `orb resume`."
            )
            yield Difference(DifferenceKind.UNKNOWN_POSITION, contract, None, expected, found, message)


def _stray_trades(
    desired: Iterable[DesiredOrder], snapshot: Snapshot, account: str, watched: Collection[str]
) -> Iterator[Difference]:
    known = {order.key for order in desired}
    for key, holding in sorted(snapshot.holdings.items()):
        contract = snapshot.contracts.get(key, "")
        if key.account != account or key in known or not holding.position or contract not in watched:
            continue
        message = (
            f"{holding.position:+d} {contract} of {key.strategy_id} are still held from {key.trading_day}, and the "
            "session has no such trade. Its stop was left where it stands: close the position at the broker, enter "
            "the fill, then `orb resume`."
        )
        yield Difference(DifferenceKind.UNKNOWN_POSITION, contract, str(key), 0, holding.position, message)


def _is_missing(order: DesiredOrder, snapshot: Snapshot) -> bool:
    """Whether the session has a position whose entry neither filled nor stands, nor may still be sent."""
    return (
        order.session_holds
        and order.wish is Wish.HOLD
        and not snapshot.holding(order.key).entered
        and Leg.ENTRY not in snapshot.legs_of(order.key)
    )
