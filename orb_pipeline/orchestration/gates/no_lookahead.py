"""No look-ahead: what was known at a decision stays the same when everything after it is cut off."""

from __future__ import annotations

from orb_pipeline.orchestration.gates.base import Evidence, GateResult
from orb_pipeline.orchestration.gates.findings import result_of
from orb_pipeline.research.lookahead import find_feature_lookahead, find_outcome_lookahead


def judge(evidence: Evidence) -> GateResult:
    bars, judged = evidence.tables["bars_1m"].pandas(), evidence.tables[evidence.asset]
    setting = (evidence.instrument, evidence.catalogue.sessions_of(evidence.symbol), evidence.catalogue.grid)
    days = evidence.catalogue.research.gates.lookahead_days
    if evidence.asset == "daily_features":
        findings = find_feature_lookahead(bars, judged.pandas(), *setting, days)
    else:
        findings = find_outcome_lookahead(bars, judged.arrow(), *setting, days)
    return result_of(findings, "values were computed again with the future cut off", "look ahead")
