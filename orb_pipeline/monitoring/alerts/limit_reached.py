"""Limit reached: a limit of an account has stopped the entries of its latest day, or ended the account."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.monitoring.alerts.base import Alert, Event, Facts

NAME = "limit_reached"


def evaluate(facts: Facts, _now: dt.datetime) -> list[Alert]:
    """One for each account: of the latest day on which a limit was reached, until a later one begins."""
    latest: dict[str, Event] = {}
    for event in facts.events:
        if event.event in ("limit", "account_lost") and event.account is not None:
            known = latest.get(event.account)
            if known is None or _rank(event) >= _rank(known):
                latest[event.account] = event
    return [_alert(facts, event) for event in latest.values() if not _is_over(facts, event)]


def _rank(event: Event) -> tuple[bool, dt.date]:
    return event.event == "account_lost", event.trading_day


def _is_over(facts: Facts, event: Event) -> bool:
    """A limit of a day ends with the day; a lost account stays lost."""
    if event.event == "account_lost":
        return False
    latest = facts.begun.get(event.account or "")
    return latest is not None and latest > event.trading_day


def _alert(facts: Facts, event: Event) -> Alert:
    is_lost = event.event == "account_lost"
    check = f" ({event.check})" if event.check else ""
    after = (
        "It does not enter any more; what is to become of it is for its owner to say."
        if is_lost
        else "Open trades run on to their exits; entries go on with the next trading day."
    )
    return Alert(
        alert=NAME,
        condition=f"{NAME}:{event.account}:{event.trading_day}",
        severity="CRITICAL" if is_lost else facts.rules.limit_reached.severity,
        message=f"{event.account} reached a limit{check} on {event.trading_day}: {event.reason}. {after}",
        account=event.account,
        trading_day=event.trading_day,
    )
