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
where status <> 'resolved' and (account is null or account = {account} or severity = 'CRITICAL')
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
union all
(select account, mode, trading_day, strategy_id, alert_id
from trade_journal
join (select alert_id, strategy_id from monitor_alerts where status <> 'resolved' and trading_day is null
    and strategy_id is not null and account = {account}) using (strategy_id)
where account = {account} and mode = {mode} and risk_check_passed
qualify row_number() over (partition by alert_id order by trading_day desc) <= 8)
order by alert_id, trading_day desc, strategy_id
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
    """Queries for outcomes, ranges, bars and source files of the instrument that an alert names, on its day if any."""
    symbol, day, strategy = alert["instrument"], alert["trading_day"], alert["strategy_id"]
    if symbol is None:
        return ""
    on = f" and trading_day = '{day:%Y-%m-%d}'" if day is not None else ""
    of = f" and strategy_id = '{strategy}'" if strategy is not None else ""
    queries = (
        f"select * from trade_journal where instrument = '{symbol}'{of}{on} order by trading_day desc",
        f"select * from orb_outcomes where symbol = '{symbol}'{on}",
        f"select * from daily_features where symbol = '{symbol}'{on}",
        f"select * from bars_1m where symbol = '{symbol}'{_bars_of(day)}",
        f"select * from rejected_bars where instrument = '{symbol}'",
        f"select * from landed_files where instrument = '{symbol}' order by landed_at desc",
    )
    lines = "".join(f"<li><code>{escape(query)}</code></li>" for query in queries)
    return markup.folded("Look further", f"<ul>{lines}</ul>")


def _bars_of(day: object) -> str:
    """The trading day's bars, from 23:00 UTC of the date before it."""
    if day is None:
        return ""
    opened = f"timestamptz '{day:%Y-%m-%d} 00:00:00+00' - interval 1 hour"
    return f" and ts_utc >= {opened} and ts_utc < {opened} + interval 1 day"
