"""The members' correlations are a correlation matrix, and none is above the limit of selection."""

from __future__ import annotations

import numpy as np

from orb_pipeline.orchestration.gates.base import Evidence, GateResult


def judge(evidence: Evidence) -> GateResult:
    members = evidence.judged["strategy_id"].tolist()
    rows = evidence.tables["portfolio_correlations"].pandas()
    matrix = rows.pivot(index="strategy_id", columns="other_id", values="correlation")
    matrix = matrix.reindex(index=members, columns=members)
    values = matrix.to_numpy(np.float64)
    apart = ~np.eye(len(members), dtype=bool)
    limit = evidence.catalogue.portfolio.selection.max_correlation
    known = values[apart & ~np.isnan(values)]
    problems = {
        "not one row for each pair of members": len(rows) != len(members) ** 2,
        "not symmetric": not np.array_equal(values, values.T, equal_nan=True),
        "a diagonal other than 1": bool((np.diag(values) != 1.0).any()),
        "a value outside [-1, 1]": bool((np.abs(known) > 1).any()),
        f"a value above {limit:g}": bool((known > limit).any()),
    }
    wrong = [problem for problem, is_so in problems.items() if is_so]
    unknown = int(np.isnan(values[apart]).sum()) // 2
    highest = f"{known.max():.2f}" if len(known) else "none"
    message = (
        f"{len(members)} members, {len(known) // 2} known pairs, highest {highest}, at most {limit:g} allowed; "
        f"{unknown} pairs are unknown, having fewer than "
        f"{evidence.catalogue.portfolio.selection.min_overlap_days} days in common."
    )
    return GateResult(not wrong, f"{message} Wrong: {', '.join(wrong)}." if wrong else message, {"unknown": unknown})
