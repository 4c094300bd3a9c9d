"""What choosing among so many strategies is worth, in words; asked for only where `max_pbo` is set."""

from __future__ import annotations

from typing import Any

import pandas as pd

from orb_pipeline.orchestration.gates.base import Evidence, GateResult


def judge(evidence: Evidence) -> GateResult:
    row = evidence.tables["research_evidence"].pandas().iloc[0].to_dict()
    limit = evidence.catalogue.research.gates.max_pbo
    message = in_words(row)
    pbo = row["pbo"]
    if limit is None:
        return GateResult(
            True, message, {"passed": int(row["passed"]), "passing_by_luck": float(row["passing_by_luck"])}
        )
    passed = bool(pd.notna(pbo) and pbo <= limit)
    return GateResult(passed, f"{message} A PBO of at most {limit:g} is asked for.", {"pbo": float(pbo)})


def in_words(row: dict[Any, Any]) -> str:
    """The figures of `research_evidence` as a reader takes them."""
    words = (
        f"{row['passed']:,} of {row['tried']:,} strategies passed (they amount to about {row['effective_trials']:.0f} "
        f"independent ones); without an edge {row['passing_by_luck']:,.0f} would, by luck alone "
        f"({row['passing_by_luck_low']:,.0f} to {row['passing_by_luck_high']:,.0f}). Of those that passed "
        f"{row['passed_q_below_10']:,} stand out at a false discovery rate of 10 %."
    )
    if pd.notna(row["pbo"]):
        words += (
            f" The best of one half of the days is below the middle on the other in {row['pbo']:.0%} of all splits "
            f"(PBO) and loses there in {row['loss_probability']:.0%}."
        )
    if pd.notna(row["spa_p_value"]):
        words += f" That the best of them beats doing nothing has p = {row['spa_p_value']:.3f} (SPA)."
    return words
