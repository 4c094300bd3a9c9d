"""Walk-forward as tables for people: fold by fold, the whole, and the verdict in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from orb_pipeline.cli.console import out, say, show, table

if TYPE_CHECKING:
    from orb_pipeline.orchestration.walking import Walk

_COLUMNS = {
    "strategies_found": ("found", ",.0f"),
    "strategies_selected": ("selected", ",.0f"),
    "strategies_kept": ("kept", ",.0f"),
    "is_trades": ("IS trades", ",.0f"),
    "is_expectancy_r": ("IS R", ".3f"),
    "oos_trades": ("OOS trades", ",.0f"),
    "oos_expectancy_r": ("OOS R", ".3f"),
    "oos_is_ratio": ("OOS/IS", ".0%"),
    "account_trades": ("account trades", ",.0f"),
    "account_pnl_r": ("account R", ",.1f"),
}

_EVIDENCE = {
    "strategies_tried": ("tried", ",.0f"),
    "effective_trials": ("independent", ",.0f"),
    "strategies_found": ("passed", ",.0f"),
    "passing_by_luck": ("by luck", ",.0f"),
    "passed_q_below_10": ("passed, q < 0.1", ",.0f"),
    "pbo": ("PBO", ".2f"),
    "spa_p_value": ("SPA p", ".3f"),
}


def show_walk(walk: Walk, min_ratio: float) -> bool:
    """Print it; whether the edge is kept."""
    rows = [_row(row) for row in walk.summary.to_dict("records")]
    names = [name for name, _ in _COLUMNS.values()]
    show(table(("fold", "train", "test", *names), rows, right=names))
    out.print(
        "IS and OOS: the selected strategies, each alone. Account: their portfolio in the test, on its limits. Kept: "
        "selected by the fold before, too."
    )
    _show_evidence(walk.summary)
    holds, verdict = judgement(walk.summary, min_ratio)
    say(verdict, style=None if holds else "red")
    return holds


def _show_evidence(summary: pd.DataFrame) -> None:
    folds = summary[summary["fold"].notna()]
    rows = [
        (
            str(row["fold"]),
            *("" if pd.isna(row[name]) else format(float(row[name]), form) for name, (_, form) in _EVIDENCE.items()),
        )
        for row in folds.to_dict("records")
    ]
    names = [name for name, _ in _EVIDENCE.values()]
    show(table(("fold", *names), rows, right=names))
    out.print(
        "On the training days. By luck: how many would pass without an edge, by random signs. PBO: how often the best "
        "of one half of the days is below the middle in the other. SPA: whether the best of the passed beats nothing."
    )


def judgement(summary: pd.DataFrame, min_ratio: float) -> tuple[bool, str]:
    """Whether the whole keeps more than `min_ratio` of its edge, and the sentence that says so."""
    folds, whole = summary[summary["fold"].notna()], summary[summary["fold"].isna()].iloc[0]
    empty = int((folds["strategies_found"] == 0).sum())
    none = f" In {empty} of {len(folds)} folds no strategy passed validation." if empty else ""
    ratio = whole["oos_is_ratio"]
    if pd.isna(ratio):
        return False, f"No verdict: nothing was there to be tested out of sample.{none}"
    kept = bool(ratio > min_ratio)
    verdict = "The edge is kept" if kept else "Material degradation"
    return kept, (
        f"{verdict}: {whole['oos_expectancy_r']:.3f} R over {whole['oos_trades']:,} trades out of sample, {ratio:.0%} "
        f"of the {whole['is_expectancy_r']:.3f} R in sample; more than {min_ratio:.0%} expected.{none}"
    )


def _row(row: dict[Any, Any]) -> tuple[str, ...]:
    fold = "all" if pd.isna(row["fold"]) else str(row["fold"])
    spans = [f"{row[f'{part}_start']} to {row[f'{part}_end']}" for part in ("train", "test")]
    values = ["" if pd.isna(row[name]) else format(float(row[name]), form) for name, (_, form) in _COLUMNS.items()]
    return (fold, *spans, *values)
