"""Orders as values: what should stand in the market, what is sent for it, and what came back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from orb_pipeline.execution.brokers.ids import Leg, TradeKey


class Side(Enum):
    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """1 for a purchase, -1 for a sale: what one contract adds to the position."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderKind(Enum):
    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    OTHER = "OTHER"  # of somebody else


class Wish(Enum):
    """What the session wants of a trade now.

    ENTER: its entry works or may be sent now. HOLD: the session has the position, its entry may not be sent any more.
    WITHHOLD: no entry may work while a limit is reached; what has filled already keeps its bracket, since the session
    decides about that fill on the next bar. FLAT: nothing may stand, and what is held is closed at the market.
    """

    ENTER = "ENTER"
    HOLD = "HOLD"
    WITHHOLD = "WITHHOLD"
    FLAT = "FLAT"


@dataclass(frozen=True)
class OrderTicket:
    """One order as it is sent.

    Attributes:
        contract: canonical code (MGCZ25), or the instrument's symbol where it has none.
        price: of a LIMIT or STOP, on the tick grid; None at the market.
        parent: client id of the entry that has to fill before this order works; None: it works at once.
        one_of: orders of one name end each other: when one fills, the rest are withdrawn. None: it stands alone.
        expires_at: aware UTC; None: it works until it is withdrawn.
    """

    client_id: str
    contract: str
    side: Side
    quantity: int
    kind: OrderKind
    price: Decimal | None = None
    parent: str | None = None
    one_of: str | None = None
    expires_at: dt.datetime | None = None


@dataclass(frozen=True)
class DesiredOrder:
    """What should stand in the market for one trade: an entry with its bracket, a position with its bracket, nothing.

    Attributes:
        instrument: symbol of the catalogue; contract: what is traded for it.
        side: of the entry.
        limit_price: of the entry; None: at the market.
        target_price: reckoned from the last close while an entry at the market has not filled.
        expires_at: when an entry that has not filled lapses by itself, aware UTC.
        session_holds: whether the session has the position (by RULES.md, which the journal tells).
    """

    key: TradeKey
    instrument: str
    contract: str
    side: Side
    contracts: int
    limit_price: Decimal | None
    stop_price: Decimal
    target_price: Decimal
    wish: Wish
    expires_at: dt.datetime
    session_holds: bool = False

    def entry_ticket(self) -> OrderTicket:
        kind = OrderKind.MARKET if self.limit_price is None else OrderKind.LIMIT
        return OrderTicket(
            client_id=self.key.client_id(Leg.ENTRY),
            contract=self.contract,
            side=self.side,
            quantity=self.contracts,
            kind=kind,
            price=self.limit_price,
            expires_at=self.expires_at,
        )

    def exit_tickets(self, quantity: int, *, with_entry: bool) -> tuple[OrderTicket, ...]:
        """Stop and target for `quantity` contracts; they outlive the day if nobody withdraws them.

        Args:
            with_entry: they wait for the entry, which has not filled.
        """
        prices = ((Leg.STOP, OrderKind.STOP, self.stop_price), (Leg.TARGET, OrderKind.LIMIT, self.target_price))
        return tuple(
            OrderTicket(
                client_id=self.key.client_id(leg),
                contract=self.contract,
                side=self.side.opposite,
                quantity=quantity,
                kind=kind,
                price=price,
                parent=self.key.client_id(Leg.ENTRY) if with_entry else None,
                one_of=str(self.key),
            )
            for leg, kind, price in prices
        )

    def close_ticket(self, held: int) -> OrderTicket:
        """The market order that makes `held` contracts (in the direction of the trade; below 0: against it) none."""
        side = self.side.opposite if held > 0 else self.side
        return OrderTicket(self.key.client_id(Leg.CLOSE), self.contract, side, abs(held), OrderKind.MARKET)


@dataclass(frozen=True)
class BrokerOrder:
    """An order that stands at the broker.

    Attributes:
        client_id: as it was sent; whatever it is, or empty, where somebody else sent it.
        remaining: contracts that have not filled.
    """

    client_id: str
    contract: str
    side: Side
    remaining: int
    kind: OrderKind
    price: Decimal | None = None


@dataclass(frozen=True)
class BrokerFill:
    """Contracts that changed hands, as the broker tells it; the journal holds what RULES.md makes of the same trade.

    Attributes:
        execution_id: the broker's, unique.
        price: points.
        filled_at: aware UTC.
        source: `ib`, or `manual` where somebody typed it in.
    """

    execution_id: str
    client_id: str
    contract: str
    side: Side
    quantity: int
    price: float
    filled_at: dt.datetime
    source: str
