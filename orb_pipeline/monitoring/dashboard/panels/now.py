"""The first look: what matters at this moment, each figure leading to its panel."""

from __future__ import annotations

from html import escape

from orb_pipeline.monitoring.dashboard import markup
from orb_pipeline.monitoring.dashboard.markup import R
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.panels.gates import failing
from orb_pipeline.monitoring.dashboard.panels.today import STOPPED
from orb_pipeline.monitoring.dashboard.results import DashboardData

_LONGEST = 90
QUERIES = {
    "today_total": """
select count(*) filter (risk_check_passed)::bigint as trades,
    count(*) filter (risk_check_passed and outcome is null)::bigint as still_open,
    count(*) filter (not risk_check_passed)::bigint as refused, coalesce(sum(pnl_r), 0) as r,
    coalesce(sum(pnl_dollars), 0) as dollars
from trade_journal
where account = {account} and mode = {mode} and trading_day = {day}
"""
}


def panel(data: DashboardData) -> Panel:
    total, alerts = data["today_total"], data["alerts"]
    failed = failing(data["gates"])
    opened, critical = alerts.where(status="open"), alerts.where(status="open", severity="CRITICAL")
    day = "Today" if data.scope.mode == "paper" else "Last day"
    tiles = [
        _entries(data),
        _tile(
            "today", f"{day}, R", markup.value(total, 0, "r", R), f"{markup.value(total, 0, 'dollars', markup.GAIN)}"
        ),
        _tile(
            "today",
            "Open now",
            markup.value(total, 0, "still_open"),
            f"{markup.value(total, 0, 'trades')} taken, {markup.value(total, 0, 'refused')} refused",
        ),
        _so_far(data),
        _tile("alerts", "Open alerts", _toned(len(opened), "bad" if critical else "warn"), f"{len(critical)} critical"),
        _tile(
            "gates", "Failed gates", _toned(len(failed), "bad"), _counted(len(data["waivers"]), "waiver") + " in force"
        ),
    ]
    return Panel("now", "Now", f'<ul class="tiles">{"".join(tiles)}</ul>', (total,), is_wide=True)


def _tile(key: str, name: str, figure: str, below: str) -> str:
    return (
        f'<li><a class="tile" href="#{key}"><span class="name">{escape(name)}</span>'
        f'<span class="figure">{figure}</span><span class="below">{below}</span></a></li>'
    )


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"


def _toned(count: int, tone: str) -> str:
    return f'<span class="{tone if count else "good"}">{count}</span>'


def _entries(data: DashboardData) -> str:
    """Whether entries are allowed, as the account's trader would decide."""
    for row in data[STOPPED].records:
        return _tile("today", "Entries", '<span class="bad">Stopped</span>', _short(f"{row['kind']}: {row['reason']}"))
    return _tile("events", "Entries", '<span class="good">Allowed</span>', "nothing stops them")


def _short(words: str) -> str:
    return markup.broken(words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}\u2026")


def _so_far(data: DashboardData) -> str:
    totals = data["totals"]
    for mode, name in (("live", "Live so far, R"), ("paper", "Paper so far, R"), ("replay", "Replay, R")):
        for row in totals.where(mode=mode):
            below = f"{markup.value(totals, row, 'trades')} trades on {_counted(totals.records[row]['days'], 'day')}"
            return _tile("curve", name, markup.value(totals, row, "total_r", R), below)
    return _tile("curve", "So far, R", markup.MISSING, "nothing traded")
