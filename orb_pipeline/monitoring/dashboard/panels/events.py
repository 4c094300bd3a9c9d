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
}


def panel(data: DashboardData) -> Panel:
    events = data["events"]
    columns = [
        Column("at", lambda result, row: markup.moment(result, row, "event_ts")),
        Column("event", _event),
        words("instrument", "instrument"),
        words("reason", "reason"),
    ]
    empty = "No halt, limit or roll so far."
    body = markup.table(events, columns, "Events, the latest first", empty=empty)
    return Panel("events", "Halts, limits, rolls", body, (events,), label="Events")


def _event(result: Result, row: int) -> str:
    found = result.records[row]
    check = f" {markup.broken(found['check_name'])}" if found["check_name"] else ""
    return markup.badge(found["event"].replace("_", " "), TONES.get(found["event"], "quiet")) + check
