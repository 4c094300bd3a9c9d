"""What choosing among thousands of strategies is worth."""

from __future__ import annotations

from html import escape

from orb_pipeline.monitoring.dashboard import markup
from orb_pipeline.monitoring.dashboard.markup import RATIO, SHARE, Column, Form, number, words
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result

QUERIES = {
    "evidence": "select * from research_evidence order by instrument",
    "fold_evidence": """
select fold, strategies_tried, strategies_found, effective_trials, pbo, spa_p_value, passing_by_luck
from walk_forward_summary
where account = {account} and fold is not null
order by fold
""",
}


def panel(data: DashboardData) -> Panel:
    evidence, folds = data["evidence"], data["fold_evidence"]
    columns = [
        words("instrument", "instrument"),
        number("tried", "tried"),
        number("amount to", "effective_trials", note="independent ones"),
        number("passed", "passed"),
        number("by luck", "passing_by_luck", note="how many would pass without an edge, on average"),
        Column("luck's 90 %", _span, is_number=True),
        number("luck reaches it", "luck_reaches_passed", SHARE, note="how often luck passes as many"),
        number("q < 0.1", "passed_q_below_10", note="of those that passed"),
        number("PBO", "pbo", SHARE, note="probability of backtest overfitting (CSCV)"),
        number("SPA p", "spa_p_value", Form(3), note="Hansen's test of the best"),
    ]
    body = markup.table(evidence, columns, "Evidence against luck by instrument", empty="Nothing has been tried yet.")
    body += "".join(markup.note(escape(row["note"])) for row in evidence.records if row["note"])
    if len(folds):
        body += f"<h3>On the training days of each fold</h3>{_folds(folds)}"
    body += markup.note(
        "PBO: how often the best of one half of the days is below the middle of the other; 50 % is no skill at all. "
        "SPA p: the chance of the best that passed if none had an edge."
    )
    return Panel("evidence", "Evidence against luck", body, (evidence, folds), label="Luck", is_wide=True)


def _span(result: Result, row: int) -> str:
    low, high = (markup.value(result, row, f"passing_by_luck_{end}") for end in ("low", "high"))
    return f"{low} to {high}"


def _folds(folds: Result) -> str:
    columns = [
        number("fold", "fold"),
        number("found", "strategies_found"),
        number("by luck", "passing_by_luck"),
        number("amount to", "effective_trials"),
        number("PBO", "pbo", SHARE),
        number("SPA p", "spa_p_value", RATIO),
    ]
    return markup.table(folds, columns, "Evidence by fold")
