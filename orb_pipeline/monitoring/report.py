"""The research report: one self-contained HTML page for one instrument, readable offline, light and dark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources

import pandas as pd

from orb_pipeline.monitoring.histogram import expectancy_histogram

_TOP_SETUPS = 50


@dataclass(frozen=True)
class Gate:
    """One gate's verdict as the page shows it; `waiver` says until when and why a failed one is passed over."""

    asset: str
    check: str
    passed: bool
    message: str
    waiver: str | None


def research_report(
    *,
    instrument: str,
    strategies: pd.DataFrame,
    setups: pd.DataFrame,
    trading_days: pd.DataFrame,
    gates: Sequence[Gate],
    made_at: dt.datetime,
) -> str:
    """The page.

    Args:
        instrument: its symbol.
        strategies: rows of experimental_strategies.
        setups: rows of validated_setups, active and retired.
        trading_days: columns trading_day and simulated.
        gates: verdicts on the data the page shows.
        made_at: when it is made, aware.
    """
    active = setups[setups["status"] == "active"].sort_values("expectancy_r", ascending=False)
    retired = setups[setups["status"] == "retired"].sort_values("retired_at", ascending=False)
    parts = [
        f"<h1>{escape(instrument)}: opening-range breakouts</h1>",
        _banner(trading_days),
        _facts(strategies, active, retired, trading_days, made_at),
        _section("Gates", _gates(gates)),
        _section("From tried to kept", _funnel(strategies)),
        _section("Expectancy of every strategy tried", expectancy_histogram(strategies)),
        _section("Validated setups", _setups(active)),
    ]
    if len(retired):
        parts.append(_section("Retired setups", _retired(retired)))
    style = resources.files("orb_pipeline.monitoring").joinpath("report.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(instrument)} research</title><style>{style}</style></head>\n"
        f"<body><main>\n{''.join(parts)}\n</main></body></html>\n"
    )


def _banner(trading_days: pd.DataFrame) -> str:
    if not trading_days["simulated"].any():
        return ""
    return (
        '<p class="banner"><strong>SIMULATED</strong> '
        "These bars are made up. Nothing here says anything about a market.</p>\n"
    )


def _facts(
    strategies: pd.DataFrame,
    active: pd.DataFrame,
    retired: pd.DataFrame,
    trading_days: pd.DataFrame,
    made_at: dt.datetime,
) -> str:
    days = trading_days["trading_day"]
    span = f"{days.min():%Y-%m-%d} to {days.max():%Y-%m-%d}" if len(days) else "none"
    facts = {
        "Trading days": f"{len(days):,}, {span}",
        "Strategies tried": f"{len(strategies):,}",
        "Setups validated": f"{len(active):,}",
        "Setups retired": f"{len(retired):,}",
        "Made": f"{made_at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC",
    }
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items())
    return f"<dl>{items}</dl>\n"


def _gates(gates: Sequence[Gate]) -> str:
    def state(gate: Gate) -> str:
        if gate.passed:
            return '<span class="good">passed</span>'
        if gate.waiver is not None:
            return f'<span class="warn">waived</span> {escape(gate.waiver)}'
        return '<span class="bad">failed</span>'

    rows = [(escape(gate.asset), escape(gate.check), state(gate), escape(gate.message)) for gate in gates]
    return _table(("asset", "gate", "verdict", "what was seen"), rows, "No gate was judged.")


def _funnel(strategies: pd.DataFrame) -> str:
    rejected = strategies.loc[strategies["validation_status"] != "PASSED", "validation_phase"].astype(str)
    counts = rejected.value_counts()
    rows = [("tried", f"{len(strategies):,}")]
    rows += [(f"rejected: {escape(str(phase))}", f"{count:,}") for phase, count in counts.items()]
    rows.append(("passed", f"{len(strategies) - int(counts.sum()):,}"))
    return _table(("step", "strategies"), rows, "")


_SETUP_COLUMNS = {
    "sample_size": "trades",
    "win_rate": "win rate",
    "expectancy_r": "expectancy R",
    "stressed_expectancy_r": "stressed R",
    "sharpe_ann": "Sharpe p.a.",
    "max_drawdown_r": "drawdown R",
    "years_tested": "years",
    "classification": "class",
}
_DECIMALS = {"win_rate": 3, "expectancy_r": 3, "stressed_expectancy_r": 3, "sharpe_ann": 2, "max_drawdown_r": 1}


def _setups(active: pd.DataFrame) -> str:
    top = active.head(_TOP_SETUPS)
    rows = [
        (escape(row["strategy_id"]), *(_value(column, row[column]) for column in _SETUP_COLUMNS))
        for row in top.to_dict("records")
    ]
    note = (
        f"<p>The best {_TOP_SETUPS} of {len(active):,} by expectancy; <code>orb sql</code> has all.</p>"
        if len(active) > len(top)
        else ""
    )
    empty = "No setup is validated. The table above says at which phase the strategies fell."
    return note + _table(("setup", *_SETUP_COLUMNS.values()), rows, empty)


def _retired(retired: pd.DataFrame) -> str:
    rows = [
        (escape(row["strategy_id"]), f"{row['retired_at']:%Y-%m-%d}", escape(str(row["retirement_reason"])))
        for row in retired.head(_TOP_SETUPS).to_dict("records")
    ]
    return _table(("setup", "retired", "reason"), rows, "")


def _value(column: str, value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return "&ndash;"
    if column in _DECIMALS:
        return f"{value:.{_DECIMALS[column]}f}"
    return escape(f"{value:,}" if isinstance(value, int) else str(value))


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>\n"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> str:
    """A table of cells that are HTML already."""
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    if not body:
        return f"<p>{empty}</p>"
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
