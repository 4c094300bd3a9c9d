"""Enough strategies, with enough entry models; where not, what was short and why the candidates fell."""

from __future__ import annotations

from orb_pipeline.orchestration.gates.base import Evidence, GateResult


def judge(evidence: Evidence) -> GateResult:
    wanted = evidence.catalogue.portfolio.gates
    members = evidence.judged
    candidates = evidence.tables["portfolio_candidates"].pandas()
    models = sorted(set(members["entry_model"]))
    fell = candidates.loc[~candidates["taken"].astype(bool), "reason"].value_counts()
    named = ", ".join(f"{count:,} by {reason}" for reason, count in fell.items()) or "none"
    passed = len(members) >= wanted.min_strategies and len(models) >= wanted.min_entry_models
    message = (
        f"{len(members)} strategies with {len(models)} entry models ({', '.join(models) or 'none'}) of "
        f"{len(candidates):,} active setups; expected at least {wanted.min_strategies} strategies and "
        f"{wanted.min_entry_models} entry models. Not taken: {named}."
    )
    if not passed:
        message += f" `orb portfolio --account {evidence.scope} --why` tells of each."
    return GateResult(passed, message, {"strategies": len(members), "entry_models": len(models)})
