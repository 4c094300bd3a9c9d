"""How much the members move together."""

from __future__ import annotations

import numpy as np

from orb_pipeline.monitoring.dashboard import markup, plots
from orb_pipeline.monitoring.dashboard.markup import RATIO, Column, number
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result

_SHOWN = 10
QUERIES = {
    "correlations": """
select one.position as place, two.position as other_place, strategy_id, other_id, correlation
from portfolio_correlations
join portfolio_strategies as one using (account, strategy_id)
join portfolio_strategies as two on two.account = one.account and two.strategy_id = other_id
where one.account = {account} and one.position < two.position
order by abs(correlation) desc nulls last, place, other_place
"""
}


def panel(data: DashboardData) -> Panel:
    result = data["correlations"]
    if not len(result):
        empty = '<p class="empty">There is no pair of members.</p>'
        return Panel("correlation", "Correlation of the members", empty, (result,), label="Correlation")
    columns = [
        Column("pair", _pair),
        number("correlation", "correlation", RATIO),
    ]
    known = [row for row in range(len(result)) if result.records[row]["correlation"] is not None]
    body = _plot(result)
    body += markup.table(result, columns, "Pairs that move together most", rows=known[:_SHOWN], empty="None is known.")
    unknown = len(result) - len(known)
    body += markup.note(
        f"Of daily R. The {min(_SHOWN, len(known))} strongest of {len(known)} known pairs; {unknown} have too few days "
        "in common to be known, and are grey."
    )
    return Panel("correlation", "Correlation of the members", body, (result,), label="Correlation")


def _pair(result: Result, row: int) -> str:
    found = result.records[row]
    return (
        f"{found['place']} {markup.strategy(found['strategy_id'])} and "
        f"{found['other_place']} {markup.strategy(found['other_id'])}"
    )


def _plot(result: Result) -> str:
    size = int(result.frame["other_place"].max())
    matrix = np.full((size, size), np.nan)
    np.fill_diagonal(matrix, 1.0)
    for row in result.records:
        if row["correlation"] is not None:
            one, two = int(row["place"]) - 1, int(row["other_place"]) - 1
            matrix[one, two] = matrix[two, one] = row["correlation"]
    places = list(range(1, size + 1))
    made = plots.figure(height=380, hovermode="closest", plot_bgcolor=plots.GRID)
    made.add_heatmap(
        x=places,
        y=places,
        z=matrix,
        zmin=-1,
        zmax=1,
        colorscale=plots.RED_TO_BLUE,
        hovertemplate="%{y} and %{x}: %{z:.2f}<extra></extra>",
        colorbar={"thickness": 10, "outlinewidth": 0},
        xgap=1,
        ygap=1,
    )
    made.update_xaxes(dtick=1, title_text="place in the portfolio")
    made.update_yaxes(dtick=1, autorange="reversed", showgrid=False)
    label = "Heat map of the members' correlations of daily R; the table has the strongest pairs."
    return plots.plot(made, label, "Places are those of the active strategies.", key="plot-correlation")
