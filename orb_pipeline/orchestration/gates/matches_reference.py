"""Features and outcomes of sampled days equal the slow reading of the rules."""

from __future__ import annotations

from orb_pipeline.orchestration.gates.base import Evidence, GateResult
from orb_pipeline.orchestration.gates.findings import result_of
from orb_pipeline.research.referee import compare_with_reference


def judge(evidence: Evidence) -> GateResult:
    findings = compare_with_reference(
        evidence.study(evidence.symbol),
        evidence.tables["daily_features"].pandas(),
        evidence.tables["orb_outcomes"].arrow(),
        evidence.catalogue.research.gates.reference_days,
    )
    return result_of(findings, "values were compared with the slow reference", "differ from it")
