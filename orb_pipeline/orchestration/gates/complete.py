"""Every entry in the journal has its exit, and the journal's totals are those of replay and walk-forward."""

from __future__ import annotations

import math

import pandas as pd

from orb_pipeline.orchestration.gates.base import Evidence, GateResult

_ENDED = ("exit_ts", "exit_price", "outcome", "exit_reason", "pnl_r", "pnl_dollars", "mae_r", "mfe_r")


def judge(evidence: Evidence) -> GateResult:
    journal = evidence.judged
    entered = journal[journal["risk_check_passed"].astype(bool)]
    refused = len(journal) - len(entered)
    message = f"{len(entered):,} trades and {refused:,} refused entries"
    problems = _unfinished(entered) + _apart("replay", journal, _of_replay(evidence))
    if "walk_forward" in evidence.tables:
        problems += _apart("walk_forward", journal, _of_walk_forward(evidence))
    if problems:
        return GateResult(False, f"{message}; {'; '.join(problems)}.", {"rows": len(journal)})
    return GateResult(True, f"{message}; each entry has its exit and all totals agree.", {"rows": len(journal)})


def _unfinished(entered: pd.DataFrame) -> list[str]:
    unfinished = entered[entered[list(_ENDED)].isna().any(axis=1)]
    if unfinished.empty:
        return []
    first = unfinished.iloc[0]
    named = f"the first {first['strategy_id']} on {first['trading_day']:%Y-%m-%d}"
    return [f"{len(unfinished):,} entries without a whole exit, {named}"]


def _apart(mode: str, journal: pd.DataFrame, totals: dict[str, float]) -> list[str]:
    """Totals of one mode that differ from those of the table it was written from."""
    rows = journal[journal["mode"] == mode]
    entered = rows[rows["risk_check_passed"].astype(bool)]
    found = {
        "trades": len(entered),
        "wins": (entered["outcome"] == "win").sum(),
        "losses": (entered["outcome"] == "loss").sum(),
        "rejections": len(rows) - len(entered),
        "pnl_r": entered["pnl_r"].sum(),
        "pnl_dollars": entered["pnl_dollars"].sum(),
    }
    return [
        f"{name} {float(found[name]):,.6g}, in the {mode.replace('_', '-')} {total:,.6g}"
        for name, total in totals.items()
        if not math.isclose(float(found[name]), total, rel_tol=1e-9, abs_tol=1e-6)
    ]


def _of_replay(evidence: Evidence) -> dict[str, float]:
    results = evidence.tables["replay_results"].pandas()
    names = ("trades", "wins", "losses", "rejections", "pnl_r", "pnl_dollars")
    return {name: float(results[name].sum()) for name in names}


def _of_walk_forward(evidence: Evidence) -> dict[str, float]:
    """Of the row of all folds; nothing where there is no fold."""
    summary = evidence.tables["walk_forward"].pandas()
    whole = summary[summary["fold"].isna()]
    names = ("trades", "rejections", "pnl_r", "pnl_dollars")
    return {name: float(whole[f"account_{name}"].sum()) for name in names}
