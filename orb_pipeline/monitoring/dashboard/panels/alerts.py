"""Alerts that stand, each with the way to what it is about."""

from __future__ import annotations

from html import escape

from orb_pipeline.monitoring.dashboard import markup
from orb_pipeline.monitoring.dashboard.links import linked
from orb_pipeline.monitoring.dashboard.markup import RATIO, SHARE, Column, number
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result

TONES = {"CRITICAL": "bad", "WARNING": "warn", "INFO": "quiet"}
QUERIES = {
    "alerts": """
select alert_id, severity, status, raised_at, alert, account, instrument, strategy_id, trading_day, value, threshold,
    expected, sample_size, chance, message, acknowledged_by, acknowledged_at
from monitor_alerts
where status <> 'resolved' and (account is null or account = {account})
order by status = 'open' desc, severity = 'CRITICAL' desc, severity = 'WARNING' desc, raised_at desc, alert_id
""",
    "alerts_evaluated": """
select evaluated_at from alerts_evaluated
""",
    "alert_trades": """
select distinct trade_journal.account, mode, trade_journal.trading_day, trade_journal.strategy_id, alert_id
from trade_journal
join monitor_alerts on trade_journal.trading_day = monitor_alerts.trading_day
    and (monitor_alerts.instrument is null or monitor_alerts.instrument = trade_journal.instrument)
    and (monitor_alerts.strategy_id is null or monitor_alerts.strategy_id = trade_journal.strategy_id)
where trade_journal.account = {account} and mode = {mode} and status <> 'resolved'
    and (monitor_alerts.account is null or monitor_alerts.account = {account})
order by alert_id, trade_journal.strategy_id
""",
}


def panel(data: DashboardData) -> Panel:
    alerts, trades, evaluated = data["alerts"], data["alert_trades"], data["alerts_evaluated"]
    columns = [
        number("no.", "alert_id"),
        Column("severity", _severity),
        Column("raised", lambda result, row: markup.moment(result, row, "raised_at")),
        Column("alert", lambda result, row: markup.text(result, row, "alert")),
        Column("what is the matter", lambda result, row: _message(data, result, row)),
        number("seen", "value", RATIO),
        number("from", "threshold", RATIO, note="where it begins to be worth an alert"),
        number("usual", "expected", RATIO, note="the backtest's figure, or what is normal"),
        number("n", "sample_size", note="trades or days that it was seen over"),
        number("chance", "chance", SHARE, note="of seeing it, or worse, without any drift"),
    ]
    body = markup.table(alerts, columns, "Alerts that stand", empty="No alert stands.")
    looked = markup.moment(evaluated, 0, "evaluated_at") if len(evaluated) else "never"
    body += markup.note(f"Last evaluated: {looked}.")
    body += markup.note("An open CRITICAL alert stops entries. <code>orb alerts --ack N</code> says that it was seen.")
    still = len(alerts.where(status="open"))
    state = markup.badge(f"{still} open", "bad" if alerts.where(status="open", severity="CRITICAL") else "warn")
    return Panel("alerts", "Alerts", body, (alerts, trades, evaluated), is_wide=True, state=state if still else "")


def _severity(result: Result, row: int) -> str:
    found = result.records[row]
    seen = "" if found["status"] == "open" else f" <small>seen by {escape(str(found['acknowledged_by']))}</small>"
    return markup.badge(found["severity"], TONES[found["severity"]]) + seen


def _message(data: DashboardData, result: Result, row: int) -> str:
    """The message, then the trades it is about, then where else to look."""
    alert, trades = result.records[row], data["alert_trades"]
    about = [linked(data, trades.records[number]) for number in trades.where(alert_id=alert["alert_id"])]
    shown = f"<br><small>Trades: {', '.join(about[:8])}</small>" if about else ""
    return f"{markup.broken(str(alert['message']))}{shown}{_trail(alert)}"


def _trail(alert: dict[str, object]) -> str:
    """Queries for the range, the bars and the source files of the instrument and day that an alert names."""
    symbol, day = alert["instrument"], alert["trading_day"]
    if symbol is None or day is None:
        return ""
    on = f"trading_day = '{day:%Y-%m-%d}'"
    queries = (
        f"select * from daily_features where symbol = '{symbol}' and {on}",
        f"select * from trade_journal where instrument = '{symbol}' and {on}",
        f"select * from rejected_bars where instrument = '{symbol}'",
        f"select * from landed_files where instrument = '{symbol}' order by landed_at desc",
    )
    lines = "".join(f"<li><code>{escape(query)}</code></li>" for query in queries)
    return markup.folded("Look further", f"<ul>{lines}</ul>")
