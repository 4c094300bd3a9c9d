"""Bars untaken: files of bars wait where feeds put them, and nobody trades them. The feed lives; the trader may not.

Never CRITICAL: it is over when a trader takes the files, and must not stop the very one who does.
"""

from __future__ import annotations

import datetime as dt

from orb_pipeline.monitoring.alerts.base import Alert, Facts, Feed

NAME = "bars_untaken"


def evaluate(facts: Facts, now: dt.datetime) -> list[Alert]:
    """One for each instrument, counted from when its oldest waiting file came."""
    rule = facts.rules.bars_untaken
    waits = [(feed, (now - feed.waiting_since).total_seconds() / 60) for feed in facts.feeds if feed.waiting_since]
    return [_alert(facts, feed, minutes) for feed, minutes in waits if minutes > rule.minutes]


def _alert(facts: Facts, feed: Feed, minutes: float) -> Alert:
    rule = facts.rules.bars_untaken
    positions = f" {feed.open_trades} open trades are not watched." if feed.open_trades else ""
    message = (
        f"Bars of {feed.instrument} have waited in landing/{feed.instrument} for {minutes:.0f} minutes and nobody has "
        f"taken them; expected within {rule.minutes:g}.{positions} See whether `orb paper --follow` or the sensor of "
        "`orb ui` runs, and what it says."
    )
    return Alert(
        alert=NAME,
        condition=f"{NAME}:{feed.instrument}",
        severity=rule.severity,
        message=message,
        instrument=feed.instrument,
        value=minutes,
        threshold=rule.minutes,
    )
