"""Gate failed: the latest verdict of a gate is that it does not hold, and nobody has waived it."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.monitoring.alerts.base import Alert, Facts

NAME = "gate_failed"


def evaluate(facts: Facts, _now: dt.datetime) -> list[Alert]:
    return [
        Alert(
            alert=NAME,
            condition=f"{NAME}:{gate.asset}:{gate.check}:{gate.scope}",
            severity=facts.rules.gate_failed.severity,
            message=gate.next_step,
            account=gate.scope if gate.is_account else None,
            instrument=None if gate.is_account else gate.scope,
        )
        for gate in facts.gates
        if gate.waiver is None
    ]
