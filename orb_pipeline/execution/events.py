"""What the engine tells: broker-agnostic, immutable."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum

from orb_pipeline.errors import OrbError


class UnrecordedDecisionError(OrbError):
    """A defect: something was to be entered, or rejected, without a decision of the risk manager."""

    exit_code = 1


class EventType(Enum):
    """ORDER: placed, works from the next bar. CANCEL: withdrawn or lapsed without a fill. REJECTION: the risk manager
    refused the fill. ENTRY, EXIT (stop or target), SCRATCH (end of day or flat_by). HALT: no more entries today.
    """

    ORDER = "ORDER"
    CANCEL = "CANCEL"
    REJECTION = "REJECTION"
    ENTRY = "ENTRY"
    EXIT = "EXIT"
    SCRATCH = "SCRATCH"
    HALT = "HALT"


@dataclass(frozen=True)
class RiskDecision:
    """What the risk manager said to one entry.

    Attributes:
        check: the check that rejected it; None where all held.
        value: what that check saw; limit: where it stops. Dollars, R or counts, as the check has it.
        reason: a sentence.
        warning: a sentence where the entry is allowed but the day is going badly.
    """

    allowed: bool
    check: str | None = None
    value: float | None = None
    limit: float | None = None
    reason: str = "all checks hold"
    warning: str | None = None


@dataclass(frozen=True)
class TradeEvent:
    """One thing that happened.

    Attributes:
        strategy_id: None for a HALT, which concerns all.
        timestamp: open of the bar it happened on, aware UTC.
        price: points; of the order, the fill or the exit. None for a HALT and for an order at the market.
        direction: long or short.
        reason: `confirm_bars_met`, `target_hit`, `stop_hit`, `session_end`, `flat_by`, or the risk manager's sentence.
        decision: of an ENTRY, a REJECTION or a HALT.
    """

    event_type: EventType
    strategy_id: str | None
    instrument: str | None
    timestamp: dt.datetime
    price: float | None
    direction: str | None
    contracts: int
    reason: str
    decision: RiskDecision | None = None

    def __post_init__(self) -> None:
        if self.event_type is EventType.ENTRY and not (self.decision and self.decision.allowed):
            self._refuse("an allowing")
        if self.event_type is EventType.REJECTION and (self.decision is None or self.decision.allowed):
            self._refuse("a refusing")

    def _refuse(self, kind: str) -> None:
        message = (
            f"{self.event_type.value} of {self.strategy_id} at {self.timestamp} has no decision; expected {kind} one "
            "of the risk manager. This is a defect of the engine: report it."
        )
        raise UnrecordedDecisionError(message)
