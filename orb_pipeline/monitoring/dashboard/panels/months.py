"""Results by month, for each mode."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.monitoring.dashboard import markup, plots
from orb_pipeline.monitoring.dashboard.markup import R
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result

QUERIES = {
    "months": """
select mode, year(trading_day)::integer as year, month(trading_day)::integer as month, count(*)::bigint as trades,
    sum(pnl_r) as total_r
from trade_journal
where account = {account} and pnl_r is not null
group by all
order by mode, year, month
""",
    "years": """
select mode, year(trading_day)::integer as year, count(*)::bigint as trades, sum(pnl_r) as total_r
from trade_journal
where account = {account} and pnl_r is not null
group by all
order by mode, year
""",
}
_NAMES = [dt.date(2000, month, 1).strftime("%b") for month in range(1, 13)]


def panel(data: DashboardData) -> Panel:
    months, years = data["months"], data["years"]
    modes = [mode for mode in ("live", "paper", "walk_forward", "replay") if years.where(mode=mode)]
    tables = [f"<h3>{plots.MODES[mode][0]}</h3>{_table(months, years, mode)}" for mode in modes]
    body = "".join(tables) or '<p class="empty">No trade is in the journal yet.</p>'
    return Panel("months", "R by month", body, (months, years), is_wide=True, label="Months")


def _table(months: Result, years: Result, mode: str) -> str:
    largest = max(abs(months.records[row]["total_r"]) for row in months.where(mode=mode)) or 1.0
    rows = "".join(
        f'<tr><th scope="row">{years.records[row]["year"]}</th>'
        + "".join(_cell(months, mode, years.records[row]["year"], month, largest) for month in range(1, 13))
        + f'<td class="number sum">{markup.value(years, row, "total_r", R)}</td></tr>'
        for row in reversed(years.where(mode=mode))
    )
    head = "".join(f'<th scope="col" class="number">{name}</th>' for name in [*_NAMES, "Year"])
    label = f"R by month, {plots.MODES[mode][0]}"
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{label}"><table class="months">'
        f'<caption class="unseen">{label}</caption><thead><tr><th scope="col">Year</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _cell(months: Result, mode: str, year: int, month: int, largest: float) -> str:
    """A month, its ground the stronger the more was won or lost."""
    found = months.where(mode=mode, year=year, month=month)
    if not found:
        return f'<td class="number">{markup.MISSING}</td>'
    (row,) = found
    total, trades = months.records[row]["total_r"], months.records[row]["trades"]
    tone = "won" if total > 0 else "lost"
    weight = round(abs(total) / largest, 2)
    shown = markup.value(months, row, "total_r", R)
    return f'<td class="number {tone}" style="--weight:{weight}" title="{trades} trades">{shown}</td>'
