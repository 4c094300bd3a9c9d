"""How old the data are: what landed, what was built from it, and what was rejected."""

from __future__ import annotations

from orb_pipeline.monitoring.dashboard import markup
from orb_pipeline.monitoring.dashboard.markup import COUNT, Column, number, words
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result

QUERIES = {
    "landed": """
select instrument, count(*)::bigint as files, max(last_ts) as last_bar, max(landed_at) as landed_at,
    sum(landed_rows)::bigint as bars, sum(rejected_rows)::bigint as rejected
from landed_files
group by instrument
order by instrument
""",
    "rejected": """
select instrument, reason, count(*)::bigint as count, max(rejected_at) as last_at, any_value(source_file) as a_file
from rejected_bars
group by instrument, reason
order by count desc, instrument, reason
limit 20
""",
}
STATUS = "status"
"""Result of `orb status`: scope, asset, row_count, last_value, built_at, state (why it is stale; NULL: up to date)."""


def panel(data: DashboardData) -> Panel:
    landed, rejected, status = data["landed"], data["rejected"], data[STATUS]
    columns = [
        words("instrument", "instrument"),
        Column("last bar", lambda result, row: markup.moment(result, row, "last_bar")),
        Column("landed", lambda result, row: markup.moment(result, row, "landed_at")),
        number("files", "files"),
        number("bars", "bars"),
        number("rejected", "rejected"),
    ]
    body = markup.table(landed, columns, "Bars that landed", empty="No bars have landed: `orb ingest FILE`.")
    body += f"<h3>Assets</h3>{_assets(status)}"
    if len(rejected):
        body += f"<h3>Rejected rows</h3>{_rejected(rejected)}"
    return Panel("freshness", "Freshness", body, (landed, status, rejected))


def _assets(status: Result) -> str:
    columns = [
        words("asset", "asset"),
        words("of", "scope"),
        number("rows", "row_count", COUNT),
        Column("up to", _last),
        Column("built", lambda result, row: markup.moment(result, row, "built_at")),
        Column("state", _state),
    ]
    return markup.table(status, columns, "Assets", empty="Nothing has been built: `orb run`.")


def _last(result: Result, row: int) -> str:
    last = result.records[row]["last_value"]
    return markup.MISSING if last is None else f'<time datetime="{last[:10]}">{last[:10]}</time>'


def _state(result: Result, row: int) -> str:
    found = result.records[row]
    if found["built_at"] is None and found["state"] is None:
        return markup.badge("not built", "quiet")
    if found["state"] is None:
        return markup.badge("up to date", "good")
    return f"{markup.badge('stale', 'warn')} {markup.broken(str(found['state']))}"


def _rejected(rejected: Result) -> str:
    columns = [
        words("instrument", "instrument"),
        words("reason", "reason"),
        number("rows", "count"),
        Column("last", lambda result, row: markup.moment(result, row, "last_at")),
        words("a file", "a_file"),
    ]
    return markup.table(rejected, columns, "Rejected rows by reason")
