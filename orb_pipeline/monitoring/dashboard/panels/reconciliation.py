"""Paper days against the backtest of the same days."""

from __future__ import annotations

from orb_pipeline.monitoring.dashboard import markup
from orb_pipeline.monitoring.dashboard.links import linked
from orb_pipeline.monitoring.dashboard.markup import Column, R, number
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result

QUERIES = {
    "reconciled_days": """
select trading_day, compared, differing, unexplained, all_explained, reconciled_at
from reconciled_days
where account = {account}
order by trading_day desc
limit 20
""",
    "reconciled_total": """
select count(*)::bigint as days, count(*) filter (all_explained)::bigint as passed,
    coalesce(sum(compared), 0)::bigint as compared, coalesce(sum(unexplained), 0)::bigint as unexplained,
    count(*) filter (all_explained and compared > 0 and not simulated
        and began_at < (trading_day + interval 23 hours)::timestamp at time zone 'UTC')::bigint as counted
from reconciled_days
left join paper_days using (account, trading_day)
where account = {account}
""",
    "differences": """
select account, 'paper' as mode, trading_day, strategy_id, difference, cause, explained, detail, paper_r, backtest_r
from reconciliation
where account = {account}
order by explained, trading_day desc, strategy_id
limit 20
""",
}


def panel(data: DashboardData) -> Panel:
    days, total, differences = data["reconciled_days"], data["reconciled_total"], data["differences"]
    title, sources = "Reconciliation", (total, days, differences)
    if not len(days):
        empty = (
            '<p class="empty">No paper day is over yet. Each will be compared with its backtest, to the last bit.</p>'
        )
        return Panel("reconciliation", title, empty, sources)
    needed = data.scope.account.min_paper_days
    body = markup.facts(
        [
            ("days that passed", f"{markup.value(total, 0, 'passed')} of {markup.value(total, 0, 'days')}"),
            ("of them traded as they went on, on real bars", markup.value(total, 0, "counted")),
            ("of these asked before live trading", str(needed)),
            ("entries compared", markup.value(total, 0, "compared")),
            ("unexplained", markup.value(total, 0, "unexplained")),
        ]
    )
    columns = [
        Column("day", lambda result, row: markup.day(result, row, "trading_day")),
        number("compared", "compared"),
        number("differ", "differing"),
        number("unexplained", "unexplained"),
        Column("verdict", _verdict),
    ]
    body += markup.table(days, columns, "Reconciled days, the latest first")
    if len(differences):
        body += f"<h3>Differences</h3>{_differences(data, differences)}"
    unexplained = total.records[0]["unexplained"]
    state = markup.badge(f"{unexplained} unexplained", "bad") if unexplained else ""
    return Panel("reconciliation", title, body, sources, state=state)


def _verdict(result: Result, row: int) -> str:
    is_good = result.records[row]["all_explained"]
    return markup.badge("passed", "good") if is_good else markup.badge("unexplained", "bad")


def _differences(data: DashboardData, differences: Result) -> str:
    columns = [
        Column("day", lambda result, row: markup.day(result, row, "trading_day")),
        Column("strategy", lambda result, row: linked(data, result.records[row])),
        Column("cause", _cause),
        number("paper R", "paper_r", R),
        number("backtest R", "backtest_r", R),
        Column("in words", lambda result, row: markup.folded("why", markup.text(result, row, "detail"))),
    ]
    return markup.table(differences, columns, "Differences, unexplained ones first")


def _cause(result: Result, row: int) -> str:
    found = result.records[row]
    return markup.badge(found["cause"], "quiet" if found["explained"] else "bad")
