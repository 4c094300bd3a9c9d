"""Run failed: the latest run of a job, for one instrument or account, has not ended well."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.monitoring.alerts.base import Alert, Facts, RunEnd

NAME = "run_failed"


def evaluate(facts: Facts, _now: dt.datetime) -> list[Alert]:
    return [_alert(facts, run) for run in facts.runs or () if run.failed]


def _alert(facts: Facts, run: RunEnd) -> Alert:
    of = f" of {run.scope}" if run.scope else ""
    why = f": {run.message.rstrip('.')}" if run.message else ""
    message = (
        f"The latest run of {run.job}{of} failed at {run.ended_at:%Y-%m-%d %H:%M} UTC{why}. Run {run.run_id} in "
        "`orb ui` has its log; what it left is told by `orb status`."
    )
    return Alert(
        alert=NAME,
        condition=f"{NAME}:{run.job}:{run.scope}",
        severity=facts.rules.run_failed.severity,
        message=message,
    )
