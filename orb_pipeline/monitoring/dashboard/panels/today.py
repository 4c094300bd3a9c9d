"""The day's ranges and trades."""

from __future__ import annotations

from html import escape

from orb_pipeline.monitoring.dashboard import markup
from orb_pipeline.monitoring.dashboard.links import trade_link
from orb_pipeline.monitoring.dashboard.markup import PRICE, RATIO, Column, R, number, words
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result

QUERIES = {
    "today_ranges": """
select symbol, orb_label, orb_start_ts, orb_high, orb_low, orb_size, break_dir, break_ts, rel_volume
from daily_features
where trading_day = {day} and symbol in (select instrument from portfolio_strategies where account = {account})
order by orb_start_ts, symbol
""",
    "today_trades": """
select account, mode, trading_day, strategy_id, orb_label, direction, contracts, decided_ts, decided_price, entry_price,
    stop_price, target_price, exit_ts, exit_price, outcome, pnl_r, pnl_dollars, risk_check_passed, risk_check,
    risk_check_reason
from trade_journal
where account = {account} and mode = {mode} and trading_day = {day}
order by decided_ts, strategy_id
""",
}


STRATEGIES = "today_strategies"
"""Result of `orb today` while a paper day is open: columns of execution.today.StrategyToday; else without rows."""
STOPPED = "today_stopped"
"""Kind and reason of everything that stops entries now: on the open day, else on the next one."""


AHEAD = ("working", "confirming", "armed", "waiting")
"""States of strategies that may still enter, the nearest first."""


def panel(data: DashboardData) -> Panel:
    ranges, trades, strategies = data["today_ranges"], data["today_trades"], data[STRATEGIES]
    scope = data.scope
    stopped = "".join(
        f'<p class="stopped">{markup.badge(str(row["kind"]), "bad")} {markup.broken(str(row["reason"]))}</p>'
        for row in data[STOPPED].records
    )
    if scope.day is None:
        empty = f'{stopped}<p class="empty">No day has been traded yet: `orb run`, then `orb paper --once`.</p>'
        return Panel("today", "Today", empty, (ranges, trades), is_wide=True, label="Today")
    title = f"{'Today on paper' if scope.mode == 'paper' else 'Last day of the replay'}: {scope.day}"
    body = (
        f"{stopped}<h3>Ranges</h3>{_ranges(ranges)}<h3>Trades</h3>{_trades(data, trades)}{_ahead(strategies)}"
        f"{markup.note('Times are UTC. A trade leads to its page: bars, range, outcome, source file.')}"
    )
    return Panel("today", title, body, (ranges, trades, strategies), is_wide=True, label="Today")


def _ranges(ranges: Result) -> str:
    columns = [
        words("session", "orb_label"),
        words("instrument", "symbol"),
        Column("starts", lambda result, row: markup.clock(result, row, "orb_start_ts")),
        number("high", "orb_high", PRICE),
        number("low", "orb_low", PRICE),
        number("size", "orb_size", PRICE),
        Column("break", _break),
        number("rel. volume", "rel_volume", RATIO),
    ]
    return markup.table(ranges, columns, "Ranges of the day", empty="No range of this day is known yet.")


def _break(result: Result, row: int) -> str:
    way = result.records[row]["break_dir"]
    if way is None:
        so_far = result.records[row].get("state")
        return markup.badge(so_far.replace("_", " "), "quiet") if so_far else markup.MISSING
    return f"{markup.badge(way, 'good' if way == 'long' else 'bad')} {markup.clock(result, row, 'break_ts')}"


def _ahead(strategies: Result) -> str:
    """Strategies that may still enter: what they wait for, and what their order would be."""
    rows = [row for row, found in enumerate(strategies.records) if found["state"] in AHEAD]
    if not rows:
        return ""
    columns = [
        Column("strategy", lambda result, row: markup.strategy(result.records[row]["strategy_id"])),
        Column("state", _ahead_state),
        words("session", "orb_label"),
        words("way", "direction"),
        Column("closes", _closes),
        number("lots", "contracts"),
        number("entry", "entry", PRICE),
        number("stop", "stop", PRICE),
        number("target", "target", PRICE),
    ]
    rows.sort(key=lambda row: (AHEAD.index(strategies.records[row]["state"]), row))
    return f"<h3>Armed and waiting</h3>{markup.table(strategies, columns, 'Armed and waiting', rows=rows)}"


def _ahead_state(result: Result, row: int) -> str:
    found = result.records[row]
    shown = markup.badge(found["state"], "quiet" if found["state"] == "waiting" else "live")
    return (
        f"{shown} {markup.badge('would be refused: ' + found['blocked_by'], 'warn')}" if found["blocked_by"] else shown
    )


def _closes(result: Result, row: int) -> str:
    found = result.records[row]
    return f"{found['closes']} of {found['confirm_bars']}"


def _trades(data: DashboardData, trades: Result) -> str:
    columns = [
        Column("strategy", lambda result, row: trade_link(data, result, row)),
        Column("state", state),
        words("way", "direction"),
        number("lots", "contracts"),
        Column("entry at", lambda result, row: markup.clock(result, row, "decided_ts")),
        number("entry", "decided_price", PRICE),
        number("stop", "stop_price", PRICE),
        number("target", "target_price", PRICE),
        number("exit", "exit_price", PRICE),
        number("R", "pnl_r", R),
        number("dollars", "pnl_dollars", markup.GAIN),
    ]
    return markup.table(trades, columns, "Trades of the day", empty="No entry came up on this day.")


def state(result: Result, row: int) -> str:
    """How the trade stands, or which check refused it."""
    found = result.records[row]
    if not found["risk_check_passed"]:
        reason = escape(str(found["risk_check_reason"]), quote=True)
        return f'<span title="{reason}">{markup.badge("refused: " + str(found["risk_check"]), "warn")}</span>'
    if found["outcome"] is None:
        return markup.badge("open", "live")
    return markup.badge(found["outcome"], {"win": "good", "loss": "bad"}.get(found["outcome"], "quiet"))
