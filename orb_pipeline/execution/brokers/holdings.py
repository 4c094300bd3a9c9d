"""What is held by fills: of each trade, and of each contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orb_pipeline.execution.brokers.ids import Leg, TradeKey, parse_client_id
from orb_pipeline.execution.brokers.orders import BrokerFill


@dataclass(frozen=True)
class Holding:
    """Contracts of one trade, below 0 where sold.

    Attributes:
        entered: by its entry alone.
        position: by all its legs.
    """

    entered: int = 0
    position: int = 0


NOTHING = Holding()


def all_fills(stored: Iterable[BrokerFill], told: Iterable[BrokerFill]) -> list[BrokerFill]:
    """Each execution once: brokers forget the fills of yesterday and repeat those of today."""
    return list({fill.execution_id: fill for fill in (*stored, *told)}.values())


def holdings_of(fills: Iterable[BrokerFill]) -> dict[TradeKey, Holding]:
    """By trade, from fills that are there once each; those without a client id of ours are left out."""
    holdings: dict[TradeKey, Holding] = {}
    for fill in fills:
        parsed = parse_client_id(fill.client_id)
        if parsed is None:
            continue
        key, leg = parsed
        before, signed = holdings.get(key, NOTHING), fill.side.sign * fill.quantity
        entered = before.entered + (signed if leg is Leg.ENTRY else 0)
        holdings[key] = Holding(entered, before.position + signed)
    return holdings


def positions_of(fills: Iterable[BrokerFill]) -> Mapping[str, int]:
    """Contracts by contract code that these fills add up to."""
    positions: Counter[str] = Counter()
    for fill in fills:
        positions[fill.contract] += fill.side.sign * fill.quantity
    return positions
