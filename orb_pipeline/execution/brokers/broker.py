"""What is asked of a broker, and how it refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from orb_pipeline.errors import OrbError
from orb_pipeline.execution.brokers.orders import BrokerFill, BrokerOrder, OrderTicket


class BrokerError(OrbError):
    """The broker cannot be reached or does not answer: start its gateway, look at its messages, and run again."""

    exit_code = 1


class OrderRefusedError(OrbError):
    """The broker refused an order: look at its reason; nothing more is entered until somebody has."""

    exit_code = 1


class Broker(Protocol):
    """Where orders go. It is asked for what stands before it is told anything, so it may be a new one at every step.

    Attributes:
        executes: whether orders leave the house. False: fills are the session's, and there is nothing to compare.
        is_live: whether real money is at stake.
    """

    executes: bool
    is_live: bool

    def open_orders(self) -> Sequence[BrokerOrder]:
        """All that stand in the account, whoever sent them. Asked before `fills`: what has gone from here is there."""
        ...

    def fills(self) -> Sequence[BrokerFill]:
        """Of orders with a client id of ours, as far back as the broker remembers."""
        ...

    def positions(self) -> Mapping[str, int]:
        """Contracts held by contract code, below 0 where sold; what is not there is not held."""
        ...

    def submit(self, tickets: Sequence[OrderTicket]) -> None:
        """Send orders that belong together, all or none of them; a standing one of the same id is changed instead.

        Raises:
            OrderRefusedError: the broker does not take one of them.
            BrokerError: it does not answer.
        """

    def withdraw(self, client_ids: Sequence[str]) -> None:
        """Withdraw orders of one trade; afterwards none of them can fill any more. Those that are gone are no error.

        Raises:
            BrokerError: the broker does not confirm it.
        """

    def flatten(self, ticket: OrderTicket) -> None:
        """Send the market order that closes what is left of a position; the same errors as `submit`."""

    def close(self) -> None:
        """Let go of the connection; orders stay as they are."""
