"""Whether ranges are of the size that the backtest knew, by session."""

from __future__ import annotations

from orb_pipeline.monitoring.dashboard import markup, plots
from orb_pipeline.monitoring.dashboard.markup import PRICE, RATIO, Column, number, words
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result

_SIZES = """
with sizes as (
    select symbol, orb_label, trading_day, orb_size,
        row_number() over (partition by symbol, orb_label order by trading_day desc) as age,
        median(orb_size) over (
            partition by symbol, orb_label order by trading_day rows {days_before} preceding
        ) as rolling_median
    from daily_features
    where orb_size is not null and symbol in (select instrument from portfolio_strategies where account = {account})
)
"""
QUERIES = {
    "orb_sizes": f"""{_SIZES}
select symbol, orb_label, count(*)::bigint as days,
    median(orb_size) filter (age > {{regime_days}}) as backtest_median,
    median(orb_size) filter (age <= {{regime_days}}) as recent_median,
    case when count(*) >= 2 * {{regime_days}} then recent_median / nullif(backtest_median, 0) end as ratio,
    arg_max(orb_size, trading_day) as last_size, max(trading_day) as last_day
from sizes
group by all
order by symbol, orb_label
""",
    "orb_size_days": f"""{_SIZES}
select symbol, orb_label, trading_day, rolling_median
from sizes
where age <= 250
order by symbol, orb_label, trading_day
""",
}
_COLOURS = (plots.WALK_FORWARD, plots.PAPER, plots.WARN, plots.LIVE, plots.LOSS, plots.REPLAY)
_DASHES = ("solid", "dot", "dash", "longdash", "dashdot", "longdashdot")


def panel(data: DashboardData) -> Panel:
    sizes, series = data["orb_sizes"], data["orb_size_days"]
    days, times = data.scope.regime_days, data.scope.regime_times
    columns = [
        words("session", "orb_label"),
        words("instrument", "symbol"),
        number(f"{days}-day median", "recent_median", PRICE),
        number("median before", "backtest_median", PRICE, note="the backtest's: of all days before them"),
        Column("ratio", lambda result, row: _ratio(result, row, times), is_number=True),
        number("last", "last_size", PRICE),
        Column("on", lambda result, row: markup.day(result, row, "last_day")),
        number("days", "days"),
    ]
    body = _plot(series, days) if len(series) else ""
    body += markup.table(sizes, columns, "Range sizes by session", empty="No range has been measured yet.")
    body += markup.note(
        f"In points. Above {times:g} times the backtest's median the alert is raised; with fewer than {2 * days} days "
        "there is no ratio."
    )
    changed = [row for row in sizes.records if (row["ratio"] or 0) > times]
    state = markup.badge(f"{len(changed)} above {times:g}x", "warn") if changed else ""
    return Panel("orb-sizes", "Range size regime", body, (sizes, series), state=state, label="Ranges")


def _ratio(result: Result, row: int, times: float) -> str:
    ratio = result.records[row]["ratio"]
    mark = f" {markup.badge('regime', 'warn')}" if ratio is not None and ratio > times else ""
    return f"{markup.value(result, row, 'ratio', RATIO)}{mark}"


def _plot(series: Result, days: int) -> str:
    made = plots.figure(yaxis_title="points", height=280)
    groups = series.frame.groupby(["symbol", "orb_label"], sort=True, observed=True)
    for place, ((symbol, label), rows) in enumerate(groups):
        made.add_scatter(
            x=plots.days(rows["trading_day"]),
            y=rows["rolling_median"].to_numpy(),
            name=f"{symbol} {label}",
            mode="lines",
            line={"color": _COLOURS[place % 6], "dash": _DASHES[place % 6], "width": 1.6},
        )
    made.update_yaxes(rangemode="tozero")
    label = f"Rolling {days}-day median range of each session; the table has the latest."
    caption = f"Median range of {days} days, over the last 250 days of each session."
    return plots.plot(made, label, caption, key="plot-sizes")
