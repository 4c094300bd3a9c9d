"""Calendar disagreement: the exchange calendar and the data differ on whether a trading day was a full one.

The calendars are good and not complete: CMEGlobex_GC has a full day for 24 December 2024, when gold closed early.
"""

from __future__ import annotations

import datetime as dt

from orb_pipeline.monitoring.alerts.base import Alert, Facts
from orb_pipeline.monitoring.completeness import DayCount, day_counts, whole_markets_short

NAME = "calendar_disagreement"


def evaluate(facts: Facts, _now: dt.datetime) -> list[Alert]:
    rule = facts.rules.missing_data
    share = rule.below_share
    counts = [item for item in day_counts(facts.days, facts.calendars, rule) if item.symbol in facts.calendars]
    together = whole_markets_short(counts, facts.calendars, share)
    found = []
    for item in counts:
        if item.has_ended_early(share) and item.open_share >= share and item.last_ts is not None:
            why = "as do the others of this exchange" if item in together else "or its feed stopped"
            said = f"a full day; its bars end at {item.last_ts:%H:%M} UTC without holes, {why}"
            found.append(_alert(facts, item, said, item.normal))
        elif item.is_full_on_a_short_day(share):
            opened = f"open for {item.open_share:.0%} of its usual time" if item.open_share else "closed"
            found.append(_alert(facts, item, f"{opened}; its bars are those of a full day", item.normal))
    return found


def _alert(facts: Facts, item: DayCount, said: str, expected: float) -> Alert:
    message = (
        f"By {facts.calendars[item.symbol]} {item.symbol} is on {item.day:%a} {item.day} {said}: {item.bars:,} bars, "
        f"{item.usual:,.0f} are usual on this weekday. Ask the exchange's holiday list which is right; accounts with "
        "flat_by and the alerts about missing bars and silent feeds follow the calendar."
    )
    return Alert(
        alert=NAME,
        condition=f"{NAME}:{item.symbol}:{item.day}",
        severity=facts.rules.calendar_disagreement.severity,
        message=message,
        instrument=item.symbol,
        trading_day=item.day,
        value=float(item.bars),
        threshold=facts.rules.missing_data.below_share * item.usual,
        expected=expected,
    )
