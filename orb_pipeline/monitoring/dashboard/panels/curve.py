"""Cumulative R: replay, walk-forward out of sample and paper, told apart."""

from __future__ import annotations

from html import escape

from orb_pipeline.monitoring.dashboard import markup, plots
from orb_pipeline.monitoring.dashboard.markup import SHARE, Column, R, number
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result

QUERIES = {
    "curve": """
select mode, trading_day, sum(pnl_r) as day_r,
    sum(sum(pnl_r)) over (partition by mode order by trading_day) as cumulative_r
from trade_journal
where account = {account} and pnl_r is not null
group by mode, trading_day
order by mode, trading_day
""",
    "totals": """
select mode, min(trading_day) as first_day, max(trading_day) as last_day, count(distinct trading_day)::bigint as days,
    count(*)::bigint as trades, count(*) filter (pnl_r > 0) / count(*) as win_rate, avg(pnl_r) as expectancy_r,
    sum(pnl_r) as total_r, sum(pnl_dollars) as total_dollars
from trade_journal
where account = {account} and pnl_r is not null
group by mode
order by mode
""",
}


def panel(data: DashboardData) -> Panel:
    curve, totals = data["curve"], data["totals"]
    if not len(curve):
        empty = '<p class="empty">No trade is in the journal yet.</p>'
        return Panel("curve", "Cumulative R", empty, (totals, curve), is_wide=True, label="Curve")
    columns = [
        Column("what", mode_name),
        Column("from", lambda result, row: markup.day(result, row, "first_day")),
        Column("to", lambda result, row: markup.day(result, row, "last_day")),
        number("days", "days"),
        number("trades", "trades"),
        number("win rate", "win_rate", SHARE),
        number("expectancy R", "expectancy_r", R),
        number("total R", "total_r", R),
        number("dollars", "total_dollars", markup.GAIN),
    ]
    body = _plot(curve, totals) + markup.table(totals, columns, "Results by mode")
    return Panel("curve", "Cumulative R", body, (totals, curve), is_wide=True, label="Curve")


def mode_name(result: Result, row: int) -> str:
    mode = str(result.records[row]["mode"])
    return f'<span class="mode {escape(mode)}">{plots.MODES[mode][0]}</span>'


def _plot(curve: Result, totals: Result) -> str:
    made = plots.figure(yaxis_title="R", height=340)
    for mode, (name, colour, dash) in plots.MODES.items():
        rows = curve.frame[curve.frame["mode"] == mode]
        if len(rows):
            made.add_scatter(
                x=plots.days(rows["trading_day"]),
                y=rows["cumulative_r"].to_numpy(),
                name=name,
                mode="lines" if len(rows) > 1 else "markers",
                line={"color": colour, "dash": dash, "width": 3 if mode in ("paper", "live") else 1.6, "shape": "hv"},
            )
    said = "; ".join(
        f"{plots.MODES[row['mode']][0]}: {markup.R.text(row['total_r'])} R in {row['trades']:,} trades"
        for row in totals.records
    )
    caption = (
        "Each mode from 0, a step for each trading day. Replay is in sample: the strategies were chosen on these days."
    )
    return plots.plot(made, f"Cumulative R by trading day. {said}.", caption, key="plot-curve")
