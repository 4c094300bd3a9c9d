"""No look-ahead: what was known at a decision stays the same when everything after it is cut off."""

from __future__ import annotations

from orb_pipeline.orchestration.gates.base import Evidence, GateResult
from orb_pipeline.orchestration.gates.findings import result_of
from orb_pipeline.research.lookahead import find_feature_lookahead, find_outcome_lookahead


def judge(evidence: Evidence) -> GateResult:
    judged = evidence.tables[evidence.asset]
    days = evidence.catalogue.research.gates.lookahead_days
    if evidence.asset == "daily_features":
        findings = find_feature_lookahead(evidence.study(evidence.symbol), judged.pandas(), days)
    else:
        findings = find_outcome_lookahead(evidence.study(evidence.symbol), judged.arrow(), days)
    return result_of(findings, "values were computed again with the future cut off", "look ahead")
