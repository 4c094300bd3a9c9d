"""The strategies that the account trades."""

from __future__ import annotations

from orb_pipeline.monitoring.dashboard import markup
from orb_pipeline.monitoring.dashboard.markup import PRICE, RATIO, SHARE, Column, R, number, words
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result

QUERIES = {
    "strategies": """
select position, members.strategy_id, members.instrument, members.orb_label, members.entry_model, members.rr_target,
    members.confirm_bars,
    members.filter_type, members.weight, members.max_contracts, members.sample_size, members.win_rate,
    members.expectancy_r, members.median_risk_points, setups.status, setups.deflated_sharpe, setups.fdr_q,
    (select max(trading_day) from trade_journal as journal
     where journal.account = members.account and journal.strategy_id = members.strategy_id and mode = {mode}
         and risk_check_passed) as last_trade
from portfolio_strategies as members
left join validated_setups as setups using (strategy_id)
where account = {account}
order by position
"""
}


def panel(data: DashboardData) -> Panel:
    result = data["strategies"]
    columns = [
        number("", "position"),
        Column("strategy", _name),
        words("session", "orb_label"),
        words("entry", "entry_model"),
        number("target R", "rr_target", markup.Form(1)),
        number("confirms", "confirm_bars"),
        words("filter", "filter_type"),
        number("weight", "weight", RATIO),
        number("max lots", "max_contracts"),
        number("trades", "sample_size", note="of the backtest"),
        number("win rate", "win_rate", SHARE, note="of the backtest"),
        number("expectancy R", "expectancy_r", R, note="of the backtest"),
        number("risk pts", "median_risk_points", PRICE, note="median distance of the stop"),
        number("defl. Sharpe", "deflated_sharpe", RATIO, note="probability that its Sharpe ratio is no luck"),
        number("q", "fdr_q", RATIO, note="share of false discoveries among all as good or better"),
        Column("last trade", lambda found, row: markup.day(found, row, "last_trade")),
    ]
    empty = "The portfolio has no member yet: `orb run` builds it, `orb portfolio --why` says why setups are left out."
    body = markup.table(result, columns, "Strategies of the account, in portfolio order", empty=empty)
    return Panel("strategies", f"Active strategies ({len(result)})", body, (result,), is_wide=True, label="Strategies")


def _name(result: Result, row: int) -> str:
    found = result.records[row]
    retired = "" if found["status"] == "active" else f" {markup.badge(found['status'] or 'no setup', 'warn')}"
    return f"{markup.strategy(found['strategy_id'])}{retired}"
