"""What the gates share that compare stored values with values computed another way."""

from __future__ import annotations

from orb_pipeline.orchestration.gates.base import Fact, GateResult
from orb_pipeline.research.findings import Findings

_DIFFERENCES_NAMED = 3
_DIFFERENCES_SHOWN = 20


def result_of(findings: Findings, compared: str, fault: str) -> GateResult:
    """Passed where something was compared and nothing differs. `compared` and `fault` complete the message."""
    differences = findings.differences
    facts: dict[str, Fact] = {"compared": findings.compared, "differences": len(differences)}
    if findings.compared == 0:
        return GateResult(False, f"0 {compared}: there was nothing to compare, so nothing is shown.", facts)
    if differences.empty:
        return GateResult(True, f"{findings.compared:,} {compared}; none {fault}.", facts)
    named = "; ".join(
        f"{row.trading_day} {row.orb_label} {row.what}: expected {row.expected}, found {row.found}"
        for row in differences.head(_DIFFERENCES_NAMED).itertuples()
    )
    facts["first_differences"] = differences.head(_DIFFERENCES_SHOWN).astype(str)
    return GateResult(False, f"{findings.compared:,} {compared}; {len(differences):,} {fault}: {named}.", facts)
