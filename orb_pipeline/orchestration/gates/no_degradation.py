"""Out of sample the strategies keep more than a share of what they promised in sample, all folds together."""

from __future__ import annotations

import pandas as pd

from orb_pipeline.errors import InputError
from orb_pipeline.orchestration.gates.base import Evidence, GateResult
from orb_pipeline.walk_forward.folds import make_folds


def judge(evidence: Evidence) -> GateResult:
    summary, wanted = evidence.judged, evidence.catalogue.walk_forward.gates.min_oos_is_ratio
    if summary.empty:
        return GateResult(False, _why_no_fold(evidence), {"folds": 0})
    folds, whole = summary[summary["fold"].notna()], summary[summary["fold"].isna()].iloc[0]
    without = int((folds["strategies_found"] == 0).sum())
    message = (
        f"{len(folds)} folds; in {without} of them no strategy passed validation. In sample "
        f"{_r(whole['is_expectancy_r'])} over {whole['is_trades']:,} trades, out of sample "
        f"{_r(whole['oos_expectancy_r'])} over {whole['oos_trades']:,}"
    )
    ratio = whole["oos_is_ratio"]
    if pd.isna(ratio):
        why = "nothing was selected to be tested" if whole["is_trades"] == 0 else "there is nothing to compare"
        return GateResult(False, f"{message}: {why}, so there is no ratio.", {"folds": len(folds)})
    passed = bool(ratio > wanted)
    worse = int(folds["material_degradation"].fillna(False).astype(bool).sum())
    message += f": {ratio:.0%} of it, more than {wanted:.0%} expected; {worse} folds degrade materially."
    return GateResult(passed, message, {"folds": len(folds), "oos_is_ratio": float(ratio), "degraded_folds": worse})


def _why_no_fold(evidence: Evidence) -> str:
    days: set[pd.Timestamp] = set()
    for name, table in evidence.tables.items():
        if name.startswith("trading_days:"):
            days.update(table.pandas()["trading_day"])
    try:
        make_folds([day.date() for day in sorted(days)], evidence.catalogue.walk_forward.folds)
    except InputError as error:
        return str(error)
    return "There is no fold, though the data allow one: build walk_forward again."


def _r(value: float) -> str:
    return "nothing" if pd.isna(value) else f"{value:.3f} R"
