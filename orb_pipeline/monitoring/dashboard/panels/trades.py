"""The latest trades, each leading to its page."""

from __future__ import annotations

from orb_pipeline.monitoring.dashboard import markup
from orb_pipeline.monitoring.dashboard.links import trade_link
from orb_pipeline.monitoring.dashboard.markup import PRICE, Column, R, number, words
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.panels.curve import mode_name
from orb_pipeline.monitoring.dashboard.panels.today import state
from orb_pipeline.monitoring.dashboard.results import DashboardData

_SHOWN = 20
QUERIES = {
    "latest_trades": """
select account, mode, trading_day, strategy_id, direction, contracts, decided_ts, decided_price, exit_ts, exit_price,
    outcome, pnl_r, pnl_dollars, mae_r, mfe_r, risk_check_passed, risk_check, risk_check_reason
from trade_journal
where account = {account} and (risk_check_passed or mode in ('paper', 'live'))
order by trading_day desc, mode in ('live', 'paper') desc, mode, decided_ts desc, strategy_id
limit {entries}
"""
}


def panel(data: DashboardData) -> Panel:
    result = data["latest_trades"]
    columns = [
        Column("strategy", lambda found, row: trade_link(data, found, row)),
        Column("day", lambda found, row: markup.day(found, row, "trading_day")),
        Column("mode", mode_name),
        Column("state", state),
        words("way", "direction"),
        number("lots", "contracts"),
        Column("at", lambda found, row: markup.clock(found, row, "decided_ts")),
        number("entry", "decided_price", PRICE),
        number("exit", "exit_price", PRICE),
        number("R", "pnl_r", R),
        number("dollars", "pnl_dollars", markup.GAIN),
        number("MAE R", "mae_r", markup.RATIO, note="largest move against the trade"),
        number("MFE R", "mfe_r", markup.RATIO, note="largest move in its favour"),
    ]
    rows = range(len(result))
    body = markup.table(result, columns, "Latest trades", rows=rows[:_SHOWN], empty="No trade is in the journal yet.")
    if rows[_SHOWN:]:
        before = markup.table(result, columns, "The trades before these", rows=rows[_SHOWN:])
        body += markup.folded(f"The {len(rows) - _SHOWN} before these", before, "trades-before")
    body += markup.note(
        f"The latest {len(result)}. The page of any other: "
        "<code>orb dashboard --trade ACCOUNT/MODE/DAY/STRATEGY</code>."
    )
    return Panel("trades", "Latest trades", body, (result,), is_wide=True, label="Trades")
