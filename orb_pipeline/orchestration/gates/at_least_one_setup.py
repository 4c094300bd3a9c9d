"""Did the research find anything? With the number tried beside the number kept, phase by phase."""

from __future__ import annotations

from orb_pipeline.orchestration.gates.base import Evidence, GateResult
from orb_pipeline.research.setups import ACTIVE
from orb_pipeline.research.validation import fallen_by_phase


def judge(evidence: Evidence) -> GateResult:
    least = evidence.catalogue.research.gates.min_validated_setups
    funnel = fallen_by_phase(
        evidence.tables["experimental_strategies"].pandas(), evidence.catalogue.research.validation
    )
    tried = int(funnel["tried"].iloc[0])
    kept = int((evidence.judged["status"] == ACTIVE).sum())
    fell = ", ".join(f"{row.fell:,} by {row.phase}" for row in funnel.itertuples())
    message = f"{kept:,} of {tried:,} strategies tried hold up as setups, at least {least} expected; fell: {fell}."
    if kept < least:
        message += " No edge is a finding; more bars help where strategies fell by sample_size."
    return GateResult(kept >= least, message, {"tried": tried, "kept": kept, "fallen_by_phase": funnel})
