"""Circuit break: an account's day has lost so much that somebody has to look before anything is entered again."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.monitoring.alerts.base import Alert, Facts
from orb_pipeline.monitoring.alerts.day_loss import beyond


def evaluate(facts: Facts, _now: dt.datetime) -> list[Alert]:
    advice = "Look at the day's trades (`orb today`) and acknowledge this before the next day is to be traded."
    return beyond(facts, "circuit_break", facts.rules.circuit_break, advice)
