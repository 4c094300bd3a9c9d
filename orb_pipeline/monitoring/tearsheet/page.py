"""A tearsheet as a self-contained HTML page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import pandas as pd

from orb_pipeline.catalogue import Instrument
from orb_pipeline.monitoring.markup import page, section, simulated_banner, table
from orb_pipeline.monitoring.tearsheet import figures, plots

MISSING = "&ndash;"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Sheet:
    """What one page is about.

    Attributes:
        title: of a strategy its id, of a portfolio its account.
        about: what was traded, in words, such as the mode of the journal.
        journal: rows of `trade_journal`, refused entries included, at least those columns.
        instruments: by symbol, every one that was traded.
        limits: what each limit cost or saved, columns of execution.limits; None where nothing tells.
        pages: strategy -> the file of its page, relative to this one; of a portfolio.
        made_at: aware.
    """

    title: str
    about: str
    journal: pd.DataFrame
    instruments: Mapping[str, Instrument]
    made_at: dt.datetime
    limits: pd.DataFrame | None = None
    pages: Mapping[str, str] | None = None


def tearsheet(sheet: Sheet) -> str:
    """The page."""
    trades = figures.finished(sheet.journal)
    found = figures.figures_of(sheet.journal, sheet.instruments)
    parts = [f"<h1>{escape(sheet.title)}</h1>"]
    if sheet.journal["simulated"].astype(bool).any():
        parts.append(simulated_banner())
    parts.append(f"<p>{escape(sheet.about)}, {_span(trades)}; made {sheet.made_at:%Y-%m-%d %H:%M} UTC.</p>")
    parts.append(_facts(found))
    if trades.empty:
        parts.append("<p>No trade has been closed.</p>")
    else:
        parts += _plots(trades)
        parts += _tables(trades, sheet)
    parts.append(section("Costs", _costs(found)))
    parts.append(section("Effect of the limits", _limits(sheet)))
    return page(f"Tearsheet: {sheet.title}", "".join(parts))


def _plots(trades: pd.DataFrame) -> list[str]:
    drawn = (
        ("Equity and drawdown", "equity", plots.equity, "Cumulative R and drawdown over trading days"),
        ("Distribution of R", "distribution", plots.distribution, "Histogram of the results of trades in R"),
        ("Excursions", "excursions", plots.excursions, "MAE against MFE of each trade in R"),
        ("By session and weekday", "groups", plots.sessions_and_weekdays, "Total R by session and by weekday"),
    )
    return [section(title, plots.svg(draw(trades), key, label)) for title, key, draw, label in drawn]


def _tables(trades: pd.DataFrame, sheet: Sheet) -> list[str]:
    parts = [
        section("Sessions", _groups(figures.by_session(trades), "session")),
        section("Weekdays", _groups(figures.by_weekday(trades), "trading day")),
        section("R by month", _months(figures.monthly(trades))),
    ]
    if sheet.pages is not None:
        parts.insert(0, section("Strategies", _groups(figures.by_strategy(trades), "strategy", sheet.pages)))
    return parts


def _facts(found: figures.Figures) -> str:
    facts = {
        "Trades": f"{found.trades:,}",
        "Refused": f"{found.refused:,}",
        "Result": f"{found.total_r:+,.1f} R",
        "Dollars": f"{found.dollars:+,.0f}",
        "Expectancy": _shown(found.expectancy_r, "+.3f", " R"),
        "Win rate": _shown(found.win_rate, ".1%"),
        "Average win": _shown(found.average_win_r, ".2f", " R"),
        "Average loss": _shown(found.average_loss_r, ".2f", " R"),
        "Profit factor": _shown(found.profit_factor, ".2f"),
        "Deepest drawdown": f"{found.max_drawdown_r:.1f} R",
        "Days below a high": f"{found.days_below:,}",
        "Longest losing run": f"{found.longest_losing_run:,}",
    }
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items())
    return f"<dl>{items}</dl>\n"


def _groups(groups: pd.DataFrame, what: str, pages: Mapping[str, str] | None = None) -> str:
    numbers = ("trades", "win rate", "R a trade", "R")
    rows = [
        (
            _linked(row["name"], pages or {}),
            f"{row['trades']:,}",
            f"{row['win_rate']:.1%}",
            f"{row['expectancy_r']:+.3f}",
            _toned(row["total_r"]),
        )
        for row in groups.to_dict("records")
    ]
    return table((what, *numbers), rows, "", numbers=numbers)


def _months(months: pd.DataFrame) -> str:
    columns = (*_MONTHS, "year")
    rows = [
        (str(year), *(MISSING if pd.isna(value) else _toned(value) for value in row))
        for year, row in zip(months.index, months.to_numpy().tolist(), strict=True)
    ]
    return table(("", *columns), rows, "", numbers=columns)


def _costs(found: figures.Figures) -> str:
    if found.cost_r is None:
        return "<p>No trade, no costs.</p>"
    share = (
        "the trades made nothing before costs"
        if found.cost_share is None
        else f"{found.cost_share:.1%} of what the trades made before them"
    )
    costs = found.cost_r * found.trades
    return f"<p>Commission, spread and slippage: {found.cost_r:.3f} R a trade, {costs:,.1f} R in all, {share}.</p>"


def _limits(sheet: Sheet) -> str:
    return _refusals(sheet.journal) if sheet.limits is None else _effects(sheet.limits)


def _refusals(journal: pd.DataFrame) -> str:
    rows = [(escape(row["limit"]), f"{row['trades']:,}") for row in figures.refusals(journal).to_dict("records")]
    return table(("limit", "refused"), rows, "No limit refused an entry.", numbers=("refused",))


def _effects(limits: pd.DataFrame) -> str:
    numbers = ("trades", "R without it", "R with it", "effect, R")
    rows = [
        (
            escape(row["limit"]),
            f"{row['trades']:,}",
            f"{row['without_limit_r']:+.1f}",
            f"{row['with_limit_r']:+.1f}",
            _toned(row["effect_r"]),
        )
        for row in limits.to_dict("records")
    ]
    told = "<p>Refused and cut-short trades as the backtest made them: above 0 a limit saved, below it cost.</p>"
    return told + table(("limit", *numbers), rows, "No limit refused or cut short a trade.", numbers=numbers)


def _span(trades: pd.DataFrame) -> str:
    if trades.empty:
        return "no trading day"
    days = trades["trading_day"]
    return f"{days.min():%Y-%m-%d} to {days.max():%Y-%m-%d}"


def _linked(name: str, pages: Mapping[str, str]) -> str:
    shown = escape(name)
    return f'<a href="{escape(pages[name], quote=True)}">{shown}</a>' if name in pages else shown


def _toned(value: float) -> str:
    tone = "good" if value > 0 else "bad" if value < 0 else ""
    return f'<span class="{tone}">{value:+.1f}</span>'


def _shown(value: float | None, form: str, unit: str = "") -> str:
    return MISSING if value is None else f"{value:{form}}{unit}"
