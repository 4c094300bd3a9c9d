"""Feed silent: the exchange is open and no file of bars comes. A working feed says nothing; this is the heartbeat.

Asked of instruments with an exchange calendar that an account trades on paper today, or whose feed has brought
something lately. Silence is counted from the newest file, or from the exchange's opening where that was later.
"""

from __future__ import annotations

import datetime as dt

from orb_pipeline.market.calendars import open_since
from orb_pipeline.monitoring.alerts.base import Alert, Facts, Feed

NAME = "feed_silent"


def evaluate(facts: Facts, now: dt.datetime) -> list[Alert]:
    rule = facts.rules.feed_silent
    return [
        _alert(facts, feed, minutes)
        for feed in facts.feeds
        if (minutes := _silent_minutes(facts, feed, now)) is not None and minutes > rule.minutes
    ]


def _silent_minutes(facts: Facts, feed: Feed, now: dt.datetime) -> float | None:
    """How long nothing has come while the exchange was open; None where nothing has to."""
    lately = dt.timedelta(hours=facts.rules.feed_silent.seen_within_hours)
    is_live = feed.is_traded or (feed.newest is not None and now - feed.newest <= lately)
    opened = open_since(feed.calendar, int(now.timestamp()) // 60) if is_live and feed.calendar else None
    if opened is None:
        return None
    since = dt.datetime.fromtimestamp(opened * 60, dt.UTC)
    if feed.newest is not None:
        since = max(since, feed.newest)
    return (now - since).total_seconds() / 60


def _alert(facts: Facts, feed: Feed, minutes: float) -> Alert:
    rule = facts.rules.feed_silent
    is_critical = minutes > rule.critical_minutes
    newest = "none has ever come" if feed.newest is None else f"the newest came at {feed.newest:%Y-%m-%d %H:%M} UTC"
    positions = f" {feed.open_trades} open trades are not watched." if feed.open_trades else ""
    message = (
        f"No file of bars of {feed.instrument} for {minutes:.0f} minutes while {feed.calendar} is open; {newest}, "
        f"expected one in {rule.minutes:g} minutes.{positions} See whether the feed runs (`orb feed`) "
        "and whether the exchange is open today."
    )
    return Alert(
        alert=NAME,
        condition=f"{NAME}:{feed.instrument}",
        severity="CRITICAL" if is_critical else rule.severity,
        message=message,
        instrument=feed.instrument,
        value=minutes,
        threshold=rule.critical_minutes if is_critical else rule.minutes,
    )
