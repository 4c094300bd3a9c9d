"""The broker of paper trading: fills are the session's, by RULES.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orb_pipeline.execution.brokers.orders import BrokerFill, BrokerOrder, OrderTicket


class PaperBroker:
    """Remembers nothing and sends nothing: the journal says what was filled, so there is nothing to bring anywhere."""

    executes = False
    is_live = False

    def open_orders(self) -> Sequence[BrokerOrder]:
        return ()

    def fills(self) -> Sequence[BrokerFill]:
        return ()

    def positions(self) -> Mapping[str, int]:
        return {}

    def submit(self, tickets: Sequence[OrderTicket]) -> None:
        """The session fills them."""

    def withdraw(self, client_ids: Sequence[str]) -> None:
        """The session has."""

    def flatten(self, ticket: OrderTicket) -> None:
        """The session has."""

    def close(self) -> None:
        """Nothing is held."""
