"""How long a day waits: for an instrument that does not report a minute, and for bars after its end by the clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from orb_pipeline.intake.stream import Stream
from orb_pipeline.market.trading_day import date_of, day_open

PATIENCE_SECONDS = 20.0  # how long others wait for an instrument that has not reported a minute


@dataclass(frozen=True)
class Through:
    """Nothing more is waited for up to `minute` (since the epoch, UTC)."""

    minute: int
    reason: str


def patience_over(
    stream: Stream, awaited: Mapping[str, str | None], day: int, now: dt.datetime, quiet: float, grace: float
) -> Through | None:
    """Up to where trading day `day` goes on without what has not come; None: it waits.

    Args:
        awaited: as for Stream.complete_through.
        quiet: seconds since the last file came; what came a moment ago may have company.
        grace: seconds after the day's end in which its last bars may still come.
    """
    through = stream.complete_through(awaited)
    end = int(day_open(day + 1))
    if now.timestamp() >= end * 60 + grace and quiet >= grace and (through is None or through < end - 1):
        return Through(end - 1, f"{date_of(day)} is over by the clock")
    lasts = {symbol: stream.reported(symbol, contract) for symbol, contract in awaited.items()}
    newest = max((last for last in lasts.values() if last is not None), default=None)
    if newest is None or (through is not None and through >= newest):
        return None
    if quiet < PATIENCE_SECONDS or now.timestamp() < (newest + 1) * 60 + PATIENCE_SECONDS:
        return None
    silent = ", ".join(symbol for symbol, last in lasts.items() if last is None or last < newest)
    return Through(newest, f"{silent} did not report in time")
