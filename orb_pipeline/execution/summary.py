"""A trading day in figures, as it stands."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orb_pipeline.execution.events import RiskDecision
from orb_pipeline.execution.states import State
from orb_pipeline.execution.trade import ActiveTrade


@dataclass(frozen=True)
class DailySummary:
    """A day so far.

    Attributes:
        trades: entries; `open` of them have not exited.
        rejections: by the check that refused.
        win_rate: share of the finished trades with a gain; None before one has finished.
        halt: the check that stopped entries, None where none has.
    """

    trading_day: dt.date
    trades: int
    open: int
    wins: int
    losses: int
    scratches: int
    rejections: Mapping[str, int]
    pnl_r: float
    pnl_dollars: float
    win_rate: float | None
    halt: str | None


def summarise(trading_day: dt.date, trades: Sequence[ActiveTrade], halt: RiskDecision | None) -> DailySummary:
    finished = [trade for trade in trades if trade.state is State.EXITED]
    results = [trade.pnl_r for trade in finished if trade.pnl_r is not None]
    outcomes = Counter(trade.outcome for trade in finished)
    refused = Counter(trade.decision.check for trade in trades if trade.decision and trade.decision.check)
    return DailySummary(
        trading_day=trading_day,
        trades=sum(trade.entry is not None for trade in trades),
        open=sum(trade.state is State.ENTERED for trade in trades),
        wins=outcomes["win"],
        losses=outcomes["loss"],
        scratches=outcomes["scratch"],
        rejections=dict(sorted(refused.items())),
        pnl_r=sum(results),
        # exact, so that the journal adds up to the same whatever the order
        pnl_dollars=math.fsum(trade.pnl_dollars or 0.0 for trade in finished),
        win_rate=sum(result > 0 for result in results) / len(results) if results else None,
        halt=None if halt is None else halt.check,
    )
