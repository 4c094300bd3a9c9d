"""No CRITICAL alert stands that nobody has acknowledged, of whichever account: the question that an entry is put to."""

from __future__ import annotations

from orb_pipeline.orchestration.gates.base import Evidence, GateResult
from orb_pipeline.storage.alerts import Severity, Status

_NAMED = 3


def judge(evidence: Evidence) -> GateResult:
    rows = evidence.judged
    critical = rows[(rows["severity"] == Severity.CRITICAL.value) & (rows["status"] == Status.OPEN.value)]
    facts = {"standing": len(rows), "open_critical": len(critical)}
    if critical.empty:
        return GateResult(True, f"{len(rows)} alerts stand, none of them CRITICAL and unacknowledged.", facts)
    named = " ".join(f"Alert {row.alert_id} ({row.alert}): {row.message}" for row in critical.head(_NAMED).itertuples())
    message = (
        f"{len(critical)} of {len(rows)} alerts that stand are CRITICAL and not acknowledged. {named} Look into it, "
        f"then `orb alerts --ack {critical['alert_id'].iloc[0]}`"
    )
    return GateResult(False, message, {**facts, "alerts": critical[["alert_id", "alert", "message"]]})
