"""Missing data: a closed trading day has fewer bars than is normal for its weekday and the exchange's hours."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.monitoring.alerts.base import Alert, Facts
from orb_pipeline.monitoring.completeness import DayCount, day_counts, whole_markets_short

NAME = "missing_data"


def evaluate(facts: Facts, _now: dt.datetime) -> list[Alert]:
    """Not where several instruments of one exchange end early together: see calendar_disagreement."""
    rule = facts.rules.missing_data
    counts = day_counts(facts.days, facts.calendars, rule)
    closed_early = whole_markets_short(counts, facts.calendars, rule.below_share)
    thin = [item for item in counts if item.is_thin(rule.below_share) and item not in closed_early]
    return [_alert(facts, item) for item in thin]


def _alert(facts: Facts, item: DayCount) -> Alert:
    rule = facts.rules.missing_data
    calendar = facts.calendars.get(item.symbol)
    by = f"for its weekday and the hours of {calendar}" if calendar else "for its weekday"
    message = (
        f"{item.symbol} has {item.bars:,} bars on {item.day:%a} {item.day}; {item.normal:,.0f} are normal {by}, alert "
        f"below {rule.below_share:.0%} of that. Get the day again from its source and land it: "
        f"`orb ingest FILE --instrument {item.symbol} --replace`."
    )
    return Alert(
        alert=NAME,
        condition=f"{NAME}:{item.symbol}:{item.day}",
        severity=rule.severity,
        message=message,
        instrument=item.symbol,
        trading_day=item.day,
        value=float(item.bars),
        threshold=rule.below_share * item.normal,
        expected=item.normal,
    )
