"""Contract roll: an instrument is traded in another contract than the day before."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.market.trading_day import date_of, day_number
from orb_pipeline.monitoring.alerts.base import Alert, Facts

NAME = "contract_roll"


def evaluate(facts: Facts, now: dt.datetime) -> list[Alert]:
    rule = facts.rules.contract_roll
    today = date_of(day_number(int(now.timestamp()) // 60))
    return [
        Alert(
            alert=NAME,
            condition=f"{NAME}:{event.instrument}:{event.trading_day}",
            severity=rule.severity,
            message=f"From {event.trading_day} on another contract is traded. {event.reason}. Nothing is to be done.",
            instrument=event.instrument,
            trading_day=event.trading_day,
        )
        for event in facts.events
        if event.event == "roll" and (today - event.trading_day).days <= rule.days
    ]
