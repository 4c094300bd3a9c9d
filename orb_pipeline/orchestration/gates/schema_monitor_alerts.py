"""Schema of `monitor_alerts`: what stands of one account or of nobody in particular, and what is CRITICAL of any."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from orb_pipeline.orchestration.gates.base import Evidence, GateResult
from orb_pipeline.orchestration.gates.schemas import (
    Frame,
    at_least,
    between,
    column,
    judge_schema,
    null_together,
    one_of,
    rule,
)
from orb_pipeline.storage.alerts import Severity, Status

_STAMP = "datetime64[us, UTC]"


def judge(evidence: Evidence) -> GateResult:
    rows = evidence.judged
    if rows.empty:
        return GateResult(True, "0 rows: no alert stands, nothing to check.", {"rows": 0})
    schema = pa.DataFrameSchema(
        {
            "alert_id": column("int64", at_least(1)),
            "condition": column(None),
            "occurrence": column("int64", at_least(1)),
            "raised_at": column(_STAMP),
            "alert": column(None),
            "severity": column(None, one_of(*(severity.value for severity in Severity))),
            "account": column(None, nullable=True),
            "message": column(None),
            "status": column(None, one_of(Status.OPEN.value, Status.ACKNOWLEDGED.value)),
            "chance": column("float64", between(0, 1), nullable=True),
        },
        checks=[
            rule("one number a row", lambda rows: rows["alert_id"].is_unique),
            rule("one alert a condition", lambda rows: rows["condition"].is_unique),
            rule(f"only {evidence.scope}, but for what is CRITICAL", lambda rows: _concerns(rows, evidence.scope)),
            rule("acknowledged exactly where somebody has", _acknowledged),
            null_together("acknowledged_at", "acknowledged_by"),
            rule("not over", lambda rows: rows["resolved_at"].isna()),
        ],
    )
    return judge_schema(schema, rows)


def _concerns(rows: Frame, account: str) -> pd.Series[bool]:
    return rows["account"].isna() | (rows["account"] == account) | (rows["severity"] == Severity.CRITICAL.value)


def _acknowledged(rows: Frame) -> pd.Series[bool]:
    return (rows["status"] == Status.ACKNOWLEDGED.value) == rows["acknowledged_at"].notna()
