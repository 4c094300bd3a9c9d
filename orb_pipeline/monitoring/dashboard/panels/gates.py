"""Gates and waivers, for what was built last."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.monitoring.dashboard import markup
from orb_pipeline.monitoring.dashboard.markup import Column, words
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result

_SOON = dt.timedelta(days=7)
QUERIES = {
    "gates": """
with latest as (
    select asset, instrument, content_hash, built_at
    from asset_builds
    where instrument = {account} or asset not in (select asset from asset_builds where instrument = {account})
    qualify row_number() over (partition by asset, instrument order by built_at desc) = 1
)
select latest.instrument as scope, asset, check_name, passed, message, judged_at, latest.built_at, waived_until
from latest
join gate_verdicts as verdicts using (asset, instrument, content_hash)
left join (
    select asset, instrument, check_name, max(until) as waived_until from waivers where until >= {today} group by all
) using (asset, instrument, check_name)
order by passed, waived_until is not null, scope, latest.built_at, check_name
""",
    "waivers": """
select waiver, asset, check_name, instrument as scope, reason, until, created_at
from waivers
where until >= {today}
order by until, waiver
""",
}


def panel(data: DashboardData) -> Panel:
    gates, waivers = data["gates"], data["waivers"]
    failed = failing(gates)
    bad = [row for row in range(len(gates)) if not gates.records[row]["passed"]]
    good = [row for row in range(len(gates)) if gates.records[row]["passed"]]
    body = _gates(gates, bad, "Gates that failed", "No gate fails." if good else "No gate has been judged yet.")
    if good:
        title = f"{len(good)} gates that passed"
        body += markup.folded(title, _gates(gates, good, title, ""), "gates-passed")
    body += f"<h3>Waivers in force</h3>{_waivers(data, waivers)}"
    state = markup.badge(f"{len(failed)} failed", "bad") if failed else ""
    return Panel("gates", "Gates and waivers", body, (gates, waivers), state=state, label="Gates")


def failing(gates: Result) -> list[int]:
    """Rows of gates that failed and are not waived."""
    return [row for row, found in enumerate(gates.records) if not found["passed"] and found["waived_until"] is None]


def _gates(gates: Result, rows: list[int], caption: str, empty: str) -> str:
    columns = [
        words("asset", "asset"),
        words("gate", "check_name"),
        words("of", "scope"),
        Column("verdict", _verdict),
        words("what was seen", "message"),
        Column("judged", lambda result, row: markup.moment(result, row, "judged_at")),
    ]
    return markup.table(gates, columns, caption, rows=rows, empty=empty)


def _verdict(result: Result, row: int) -> str:
    found = result.records[row]
    if found["passed"]:
        return markup.badge("passed", "good")
    if found["waived_until"] is not None:
        return markup.badge(f"waived until {found['waived_until']:%Y-%m-%d}", "warn")
    return markup.badge("failed", "bad")


def _waivers(data: DashboardData, waivers: Result) -> str:
    today = data.scope.made_at.astimezone(dt.UTC).date()

    def until(result: Result, row: int) -> str:
        last = result.records[row]["until"]
        is_soon = last.date() - today <= _SOON if isinstance(last, dt.datetime) else last - today <= _SOON
        return markup.day(result, row, "until") + (f" {markup.badge('ends soon', 'warn')}" if is_soon else "")

    columns = [
        words("asset", "asset"),
        words("gate", "check_name"),
        words("of", "scope"),
        words("reason", "reason"),
        Column("until", until),
    ]
    return markup.table(waivers, columns, "Waivers in force", empty="No waiver is in force.")
