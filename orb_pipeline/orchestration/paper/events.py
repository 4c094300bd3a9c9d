"""What happened besides trades, as rows of `trading_events`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from orb_pipeline.execution.events import EventType
from orb_pipeline.execution.paper import DaySoFar
from orb_pipeline.intake.tape import Mark, MarkKind
from orb_pipeline.orchestration.paper.terms import Terms
from orb_pipeline.storage.paper import TradingEvent

_TOLD = {MarkKind.HALT, MarkKind.RESUME, MarkKind.BLOCKED, MarkKind.UNBLOCKED}


def mark_events(marks: Sequence[Mark]) -> list[TradingEvent]:
    """Entries stopped and let go on, by hand or by a gate."""
    return [
        TradingEvent(mark.at, mark.kind.value, mark.reason, mark.source, account=mark.account)
        for mark in marks
        if mark.kind in _TOLD
    ]


def limit_events(so_far: DaySoFar, terms: Terms) -> list[TradingEvent]:
    """The limit that stopped the day's entries, and the end of an account that a drawdown rule ended."""
    account, trading_day = terms.stored.account, terms.stored.trading_day
    found = [
        TradingEvent(
            event.timestamp,
            "limit",
            event.reason,
            f"limit:{account}:{trading_day}",
            account=account,
            trading_day=trading_day,
            check_name=event.decision.check,
        )
        for event in so_far.events
        if event.event_type is EventType.HALT and event.decision is not None
    ]
    if so_far.is_over and so_far.is_lost and terms.stored.lost_on is None and so_far.last_minute is not None:
        at = dt.datetime.fromtimestamp(so_far.last_minute * 60, dt.UTC)
        reason = "a drawdown rule ended the account"
        source = f"lost:{account}:{trading_day}"
        found.append(TradingEvent(at, "account_lost", reason, source, account=account, trading_day=trading_day))
    return found
