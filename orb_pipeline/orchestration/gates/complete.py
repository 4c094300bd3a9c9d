"""Every entry in the journal has its exit, and the journal's totals are those of the replay."""

from __future__ import annotations

import math

from orb_pipeline.orchestration.gates.base import Evidence, GateResult

_ENDED = ("exit_ts", "exit_price", "outcome", "exit_reason", "pnl_r", "pnl_dollars", "mae_r", "mfe_r")


def judge(evidence: Evidence) -> GateResult:
    rows, results = evidence.judged, evidence.tables["replay_results"].pandas()
    passed = rows["risk_check_passed"].astype(bool)
    entered = rows[passed]
    unfinished = entered[entered[list(_ENDED)].isna().any(axis=1)]
    totals = {
        "trades": (len(entered), int(results["trades"].sum())),
        "wins": (int((entered["outcome"] == "win").sum()), int(results["wins"].sum())),
        "losses": (int((entered["outcome"] == "loss").sum()), int(results["losses"].sum())),
        "rejections": (len(rows) - len(entered), int(results["rejections"].sum())),
        "pnl_r": (float(entered["pnl_r"].sum()), float(results["pnl_r"].sum())),
        "pnl_dollars": (float(entered["pnl_dollars"].sum()), float(results["pnl_dollars"].sum())),
    }
    apart = {name: pair for name, pair in totals.items() if not math.isclose(*pair, rel_tol=1e-9, abs_tol=1e-6)}
    message = f"{len(entered):,} trades and {len(rows) - len(entered):,} refused entries"
    problems = [f"{name} {journal:,.6g}, in the replay {replay:,.6g}" for name, (journal, replay) in apart.items()]
    if len(unfinished):
        first = unfinished.iloc[0]
        named = f"the first {first['strategy_id']} on {first['trading_day']:%Y-%m-%d}"
        problems.insert(0, f"{len(unfinished):,} entries without a whole exit, {named}")
    if problems:
        return GateResult(False, f"{message}; {'; '.join(problems)}.", {"rows": len(rows)})
    return GateResult(True, f"{message}; each entry has its exit and all totals are the replay's.", {"rows": len(rows)})
