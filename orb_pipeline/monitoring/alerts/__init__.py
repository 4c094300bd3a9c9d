"""Every alert. A new one is a module with `evaluate(facts, now)`, a line here and its rule in monitoring.yaml."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.monitoring.alerts import (
    bars_untaken,
    calendar_disagreement,
    circuit_break,
    contract_roll,
    drawdown,
    expr_drift,
    feed_gaps,
    feed_silent,
    gate_failed,
    limit_reached,
    missing_data,
    orb_size_regime,
    run_failed,
    strategy_stale,
    waiver_ending,
    win_rate_drift,
)
from orb_pipeline.monitoring.alerts.base import Alert, Evaluate, Event, Facts, Feed, FeedGap, GateState, Member, RunEnd

ALERTS: tuple[tuple[str, Evaluate], ...] = (
    ("drawdown", drawdown.evaluate),
    ("circuit_break", circuit_break.evaluate),
    ("win_rate_drift", win_rate_drift.evaluate),
    ("expr_drift", expr_drift.evaluate),
    ("orb_size_regime", orb_size_regime.evaluate),
    ("missing_data", missing_data.evaluate),
    ("calendar_disagreement", calendar_disagreement.evaluate),
    ("strategy_stale", strategy_stale.evaluate),
    ("feed_silent", feed_silent.evaluate),
    ("feed_gaps", feed_gaps.evaluate),
    ("bars_untaken", bars_untaken.evaluate),
    ("gate_failed", gate_failed.evaluate),
    ("waiver_ending", waiver_ending.evaluate),
    ("run_failed", run_failed.evaluate),
    ("contract_roll", contract_roll.evaluate),
    ("limit_reached", limit_reached.evaluate),
)


def evaluate(facts: Facts, now: dt.datetime) -> list[Alert]:
    """Everything that stands at `now` (aware), in the order above."""
    return [alert for _, ask in ALERTS for alert in ask(facts, now)]


def kinds_answered(facts: Facts) -> tuple[str, ...]:
    """The alerts that these facts suffice for: what they do not return is over."""
    return tuple(name for name, _ in ALERTS if name != "run_failed" or facts.runs is not None)


__all__ = [
    "ALERTS",
    "Alert",
    "Evaluate",
    "Event",
    "Facts",
    "Feed",
    "FeedGap",
    "GateState",
    "Member",
    "RunEnd",
    "evaluate",
    "kinds_answered",
]
