"""The broker at one moment: what stands, what was filled, what is held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from orb_pipeline.execution.brokers.broker import Broker
from orb_pipeline.execution.brokers.holdings import NOTHING, Holding, all_fills, holdings_of, positions_of
from orb_pipeline.execution.brokers.ids import Leg, TradeKey, parse_client_id
from orb_pipeline.execution.brokers.orders import BrokerFill, BrokerOrder

ATTEMPTS = 5  # a fill between two questions makes their answers disagree; asked again, they agree


@dataclass(frozen=True)
class Snapshot:
    """What the broker answered.

    Attributes:
        orders: all that stand in the account.
        fills: each execution of ours once, stored ones included.
        positions: by contract, as the broker counts them.
    """

    orders: Sequence[BrokerOrder]
    fills: Sequence[BrokerFill]
    positions: Mapping[str, int]

    @cached_property
    def holdings(self) -> Mapping[TradeKey, Holding]:
        return holdings_of(self.fills)

    @cached_property
    def contracts(self) -> Mapping[TradeKey, str]:
        """What each trade that has fills is held in."""
        parsed = ((parse_client_id(fill.client_id), fill.contract) for fill in self.fills)
        return {found[0]: contract for found, contract in parsed if found is not None}

    @cached_property
    def _legs(self) -> Mapping[TradeKey, Mapping[Leg, BrokerOrder]]:
        legs: dict[TradeKey, dict[Leg, BrokerOrder]] = {}
        for order in self.orders:
            parsed = parse_client_id(order.client_id)
            if parsed is not None:
                legs.setdefault(parsed[0], {})[parsed[1]] = order
        return legs

    @cached_property
    def _expected(self) -> Mapping[str, int]:
        return positions_of(self.fills)

    @property
    def keys(self) -> Iterable[TradeKey]:
        """Trades with an order that stands."""
        return self._legs.keys()

    def legs_of(self, key: TradeKey) -> Mapping[Leg, BrokerOrder]:
        """Orders of a trade that stand."""
        return self._legs.get(key, {})

    def holding(self, key: TradeKey) -> Holding:
        return self.holdings.get(key, NOTHING)

    def expected(self, contract: str) -> int:
        """Contracts that our fills add up to."""
        return self._expected.get(contract, 0)

    def is_explained(self, contract: str) -> bool:
        """Whether the broker holds what our fills add up to."""
        return self.expected(contract) == self.positions.get(contract, 0)


def look(broker: Broker, stored_fills: Iterable[BrokerFill], contracts: Iterable[str]) -> Snapshot:
    """Ask for orders, then fills, then positions: an order that is gone from the first answer is in the second.

    Args:
        contracts: positions in these are asked for again while they disagree with the fills.
    """
    stored, watched = list(stored_fills), list(contracts)
    for _ in range(ATTEMPTS):
        orders = broker.open_orders()
        snapshot = Snapshot(orders, all_fills(stored, broker.fills()), broker.positions())
        if all(snapshot.is_explained(contract) for contract in watched):
            break
    return snapshot
