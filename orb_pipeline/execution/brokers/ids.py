"""Client order ids: what an order is called, whoever sends it and however often.

An id follows from (account, trading day, strategy, leg) and from nothing else, so that a retry asks for the same order
instead of a second one. It reads `25k:2026-02-09:MGC_0900_E1_RR2.5_CB2_ORB_G4:entry`; none of the parts has a colon.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum

_SEPARATOR = ":"


class Leg(Enum):
    """ENTRY opens the position; STOP and TARGET end it, one or the other; CLOSE ends it at the market."""

    ENTRY = "entry"
    STOP = "stop"
    TARGET = "target"
    CLOSE = "close"


@dataclass(frozen=True, order=True)
class TradeKey:
    """A strategy's one trade of a day on an account."""

    account: str
    trading_day: dt.date
    strategy_id: str

    def client_id(self, leg: Leg) -> str:
        return _SEPARATOR.join((str(self), leg.value))

    def __str__(self) -> str:
        return _SEPARATOR.join((self.account, self.trading_day.isoformat(), self.strategy_id))


def parse_client_id(text: str) -> tuple[TradeKey, Leg] | None:
    """The trade and leg that a client order id names; None where it is none of ours."""
    parts = text.split(_SEPARATOR)
    if len(parts) != 4 or not all(parts):  # account, day, strategy, leg
        return None
    account, day, strategy_id, leg = parts
    try:
        return TradeKey(account, dt.date.fromisoformat(day), strategy_id), Leg(leg)
    except ValueError:
        return None
