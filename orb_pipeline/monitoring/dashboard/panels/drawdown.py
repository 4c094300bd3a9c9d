"""Drawdown: how far the summed results lie below their high."""

from __future__ import annotations

from orb_pipeline.monitoring.dashboard import markup, plots
from orb_pipeline.monitoring.dashboard.markup import Column, R, number
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.panels.curve import mode_name
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result

_CURVE = """
with days as (
    select mode, trading_day, sum(sum(pnl_r)) over (partition by mode order by trading_day) as cumulative_r
    from trade_journal
    where account = {account} and pnl_r is not null
    group by mode, trading_day
), below as (
    select mode, trading_day, cumulative_r,
        cumulative_r - greatest(0, max(cumulative_r) over (partition by mode order by trading_day)) as drawdown_r
    from days
)
"""
QUERIES = {
    "drawdown": f"{_CURVE}select mode, trading_day, drawdown_r from below order by mode, trading_day",
    "deepest": f"""{_CURVE}
select mode, min(drawdown_r) as deepest_r, arg_min(trading_day, drawdown_r) as deepest_day,
    arg_max(drawdown_r, trading_day) as now_r,
    count(*) filter (trading_day > coalesce(high_day, date '0001-01-01'))::bigint as days_below
from below
join (select mode, max(trading_day) filter (drawdown_r = 0) as high_day from below group by mode) using (mode)
group by mode
order by mode
""",
}


def panel(data: DashboardData) -> Panel:
    drawdown, deepest = data["drawdown"], data["deepest"]
    if not len(drawdown):
        empty = '<p class="empty">No trade is in the journal yet.</p>'
        return Panel("drawdown", "Drawdown", empty, (deepest, drawdown))
    columns = [
        Column("what", mode_name),
        number("deepest R", "deepest_r", R),
        Column("on", lambda result, row: markup.day(result, row, "deepest_day")),
        number("now R", "now_r", R),
        number("days below the high", "days_below", note="trading days since the last high"),
    ]
    body = _plot(drawdown, deepest) + markup.table(deepest, columns, "Drawdown by mode")
    return Panel("drawdown", "Drawdown", body, (deepest, drawdown))


def _plot(drawdown: Result, deepest: Result) -> str:
    made = plots.figure(yaxis_title="R below the high", height=260)
    for mode, (name, colour, dash) in plots.MODES.items():
        rows = drawdown.frame[drawdown.frame["mode"] == mode]
        if len(rows):
            made.add_scatter(
                x=plots.days(rows["trading_day"]),
                y=rows["drawdown_r"].to_numpy(),
                name=name,
                mode="lines" if len(rows) > 1 else "markers",
                line={"color": colour, "dash": dash, "width": 3 if mode in ("paper", "live") else 1.3, "shape": "hv"},
            )
    said = "; ".join(f"{plots.MODES[row['mode']][0]}: deepest {R.text(row['deepest_r'])} R" for row in deepest.records)
    return plots.plot(
        made, f"Drawdown in R by trading day. {said}.", "By the ends of trading days.", key="plot-drawdown"
    )
