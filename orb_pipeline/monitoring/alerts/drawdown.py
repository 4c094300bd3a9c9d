"""Drawdown: an account's day has lost more than is usual. Look at it; entries go on."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.monitoring.alerts.base import Alert, Facts
from orb_pipeline.monitoring.alerts.day_loss import beyond


def evaluate(facts: Facts, _now: dt.datetime) -> list[Alert]:
    advice = "Look at the day's trades (`orb today`); entries go on."
    return beyond(facts, "drawdown", facts.rules.drawdown, advice)
