"""Waiver ending: a gate that does not hold, or did not, is passed over, and will not be any more in a few days."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.monitoring.alerts.base import Alert, Facts, GateState

NAME = "waiver_ending"


def evaluate(facts: Facts, now: dt.datetime) -> list[Alert]:
    """Only of waivers that something stands on: one for a gate that holds may end unnoticed."""
    today = now.astimezone(dt.UTC).date()
    return [
        _alert(facts, gate, (gate.until - today).days)
        for gate in facts.gates
        if gate.until is not None and (gate.until - today).days <= facts.rules.waiver_ending.days
    ]


def _alert(facts: Facts, gate: GateState, days: int) -> Alert:
    rule = facts.rules.waiver_ending
    left = "today is its last day" if days == 0 else f"{days} {'day is' if days == 1 else 'days are'} left"
    message = (
        f"Waiver {gate.waiver} of {gate.asset}/{gate.check} of {gate.scope} ends on {gate.until}: {left}. After that "
        f"nothing may be built on it, and no entries. {gate.next_step}"
    )
    return Alert(
        alert=NAME,
        condition=f"{NAME}:{gate.waiver}",
        severity=rule.severity,
        message=message,
        account=gate.scope if gate.is_account else None,
        instrument=None if gate.is_account else gate.scope,
        value=float(days),
        threshold=float(rule.days),
    )
