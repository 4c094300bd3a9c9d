"""Feed gaps: bars that a feed could not bring today, or passed over, as it has written down itself."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.market.trading_day import date_of, day_number
from orb_pipeline.monitoring.alerts.base import Alert, Facts, Feed, FeedGap

NAME = "feed_gaps"


def evaluate(facts: Facts, now: dt.datetime) -> list[Alert]:
    """One for each instrument, of the trading day of `now`."""
    today = _day_of(now)
    of_today = [(feed, [gap for gap in feed.gaps if _day_of(gap.last) == today]) for feed in facts.feeds]
    most = facts.rules.feed_gaps.gaps
    return [_alert(facts, feed, gaps, today) for feed, gaps in of_today if len(gaps) > most]


def _alert(facts: Facts, feed: Feed, gaps: list[FeedGap], today: dt.date) -> Alert:
    rule, latest = facts.rules.feed_gaps, gaps[-1]
    message = (
        f"The feed of {feed.instrument} has written down {len(gaps)} gaps on {today}; the latest, at "
        f"{latest.last:%H:%M} UTC: {latest.reason.rstrip('.')}. What came is traded as it is, and the day's end tells "
        f"what was missing. All of them are in landing/{feed.instrument}/.gaps.csv of the home."
    )
    return Alert(
        alert=NAME,
        condition=f"{NAME}:{feed.instrument}:{today}",
        severity=rule.severity,
        message=message,
        instrument=feed.instrument,
        trading_day=today,
        value=float(len(gaps)),
        threshold=float(rule.gaps),
    )


def _day_of(time: dt.datetime) -> dt.date:
    return date_of(day_number(int(time.timestamp()) // 60))
