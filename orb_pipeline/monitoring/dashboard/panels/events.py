"""What happened besides trades."""

from __future__ import annotations

from orb_pipeline.monitoring.dashboard import markup
from orb_pipeline.monitoring.dashboard.markup import Column, words
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result

TONES = {"halt": "bad", "blocked": "bad", "account_lost": "bad", "limit": "warn", "resume": "good", "unblocked": "good"}
QUERIES = {
    "events": """
select event_ts, event, instrument, trading_day, check_name, reason
from trading_events
where account is null or account = {account}
order by event_ts desc, event_id desc
limit 20
""",
    "entries_state": """
select case when event in ('halt', 'resume') then 'halt' else 'blocked' end as kind,
    arg_max(event, event_id) as event, arg_max(reason, event_id) as reason, max(event_ts) as event_ts
from trading_events
where event in ('halt', 'resume', 'blocked', 'unblocked') and (account is null or account = {account})
group by kind
order by kind
""",
}


def panel(data: DashboardData) -> Panel:
    events, state = data["events"], data["entries_state"]
    columns = [
        Column("at", lambda result, row: markup.moment(result, row, "event_ts")),
        Column("event", _event),
        words("instrument", "instrument"),
        words("reason", "reason"),
    ]
    empty = "No halt, limit or roll so far."
    body = markup.table(events, columns, "Events, the latest first", empty=empty)
    return Panel("events", "Halts, limits, rolls", body, (events, state), label="Events")


def _event(result: Result, row: int) -> str:
    found = result.records[row]
    check = f" {markup.broken(found['check_name'])}" if found["check_name"] else ""
    return markup.badge(found["event"].replace("_", " "), TONES.get(found["event"], "quiet")) + check
