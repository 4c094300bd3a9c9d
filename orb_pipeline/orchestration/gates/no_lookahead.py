"""No look-ahead: what was known at a decision stays the same when everything after it is cut off."""

from __future__ import annotations

import pyarrow as pa

from orb_pipeline.orchestration.gates.base import Evidence, GateResult
from orb_pipeline.orchestration.gates.findings import result_of
from orb_pipeline.research.lookahead import find_lookahead
from orb_pipeline.research.outcomes import build_outcomes

_OUTCOMES = "orb_outcomes"


def judge(evidence: Evidence) -> GateResult:
    bars, features = (evidence.tables[name].pandas() for name in ("bars_1m", "daily_features"))
    setting = (evidence.instrument, evidence.catalogue.sessions_of(evidence.symbol), evidence.catalogue.grid)
    stored = evidence.tables.get(_OUTCOMES)
    outcomes: pa.Table = stored.arrow() if stored else build_outcomes(bars, features, *setting)
    findings = find_lookahead(bars, features, outcomes, *setting, evidence.catalogue.research.gates.lookahead_days)
    return result_of(findings, "values were computed again with the future cut off", "look ahead")
