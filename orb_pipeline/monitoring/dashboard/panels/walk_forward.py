"""Walk-forward: what was left out of sample of what was found in sample."""

from __future__ import annotations

from orb_pipeline.monitoring.dashboard import markup, plots
from orb_pipeline.monitoring.dashboard.markup import RATIO, SHARE, Column, R, number
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result

QUERIES = {
    "walk_forward": """
select fold, test_start, test_end, strategies_found, strategies_selected, is_trades, is_expectancy_r, is_win_rate,
    oos_trades, oos_expectancy_r, oos_win_rate, oos_is_ratio, material_degradation, account_trades,
    account_expectancy_r, account_pnl_r, account_max_drawdown_r
from walk_forward_summary
where account = {account}
order by fold nulls last
"""
}


def panel(data: DashboardData) -> Panel:
    result = data["walk_forward"]
    empty = "Walk-forward has no fold yet: it needs years of bars to train and test on. The gates say how many."
    columns = [
        Column("fold", _fold),
        Column("tested", _span),
        number("found", "strategies_found"),
        number("selected", "strategies_selected"),
        number("IS trades", "is_trades"),
        number("IS R", "is_expectancy_r", R, note="expectancy in sample"),
        number("OOS trades", "oos_trades"),
        number("OOS R", "oos_expectancy_r", R, note="expectancy out of sample"),
        number("OOS win rate", "oos_win_rate", SHARE),
        Column("OOS / IS", _ratio, is_number=True),
        number("account R", "account_pnl_r", R, note="on the account's limits"),
        number("drawdown R", "account_max_drawdown_r", RATIO),
    ]
    body = _plot(result) if len(result) else ""
    body += markup.table(result, columns, "Walk-forward by fold", empty=empty)
    return Panel("walk-forward", "Walk-forward: in sample and out", body, (result,), is_wide=True, label="Walk-forward")


def _fold(result: Result, row: int) -> str:
    return "all" if result.records[row]["fold"] is None else f"{int(result.records[row]['fold'])}"


def _span(result: Result, row: int) -> str:
    return f"{markup.day(result, row, 'test_start')} to {markup.day(result, row, 'test_end')}"


def _ratio(result: Result, row: int) -> str:
    shown = markup.value(result, row, "oos_is_ratio", RATIO)
    return f"{shown} {markup.badge('degraded', 'bad')}" if result.records[row]["material_degradation"] else shown


def _plot(result: Result) -> str:
    folds = result.frame.dropna(subset=["fold"])
    made = plots.figure(yaxis_title="expectancy R", barmode="group", height=260)
    starts = [f"{start:%Y-%m}" for start in folds["test_start"]]
    places = [f"{int(fold)}<br>{start}" for fold, start in zip(folds["fold"], starts, strict=True)]
    for name, column, colour, shape in (
        ("in sample", "is_expectancy_r", plots.REPLAY, "/"),
        ("out of sample", "oos_expectancy_r", plots.WALK_FORWARD, ""),
    ):
        made.add_bar(
            x=places,
            y=folds[column].astype(float).to_numpy(),
            name=name,
            marker={"color": colour, "pattern": {"shape": shape}},
        )
    made.update_xaxes(type="category", title_text="fold and the month its test begins")
    label = "Expectancy in and out of sample by fold; the table has the figures."
    return plots.plot(made, label, "Out of sample, nothing was chosen on the days that are shown.", key="plot-folds")
