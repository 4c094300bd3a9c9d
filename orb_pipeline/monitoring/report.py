"""The research report: one self-contained HTML page for one instrument, readable offline, light and dark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd

from orb_pipeline.catalogue.models import Validation
from orb_pipeline.monitoring.histogram import expectancy_histogram
from orb_pipeline.monitoring.markup import page, section, simulated_banner, table
from orb_pipeline.research.validation import CORE_TRADES, REGIME_TRADES, fallen_by_phase, phases

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
    validation: Validation,
    made_at: dt.datetime,
    evidence: str | None = None,
) -> str:
    """The page.

    Args:
        instrument: its symbol.
        strategies: rows of experimental_strategies.
        setups: rows of validated_setups, active and retired.
        trading_days: columns trading_day and simulated.
        gates: verdicts on the data the page shows.
        validation: the thresholds that strategies had to pass.
        made_at: when it is made, aware.
        evidence: what choosing among so many is worth, in words.
    """
    active = setups[setups["status"] == "active"].sort_values("expectancy_r", ascending=False)
    retired = setups[setups["status"] == "retired"].sort_values("retired_at", ascending=False)
    parts = [
        f"<h1>{escape(instrument)}: opening-range breakouts</h1>",
        _banner(trading_days),
        _facts(strategies, active, retired, trading_days, made_at),
        section("Gates", _gates(gates)),
        section("From tried to kept", _funnel(strategies, validation)),
        section("Expectancy of every strategy tried", expectancy_histogram(strategies)),
        section("Validated setups", _setups(active, len(strategies), validation, evidence)),
    ]
    if len(retired):
        parts.append(section("Retired setups", _retired(retired)))
    return page(f"{instrument} research", "".join(parts))


def _banner(trading_days: pd.DataFrame) -> str:
    return simulated_banner() if trading_days["simulated"].any() else ""


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
    return table(("asset", "gate", "verdict", "what was seen"), rows, "No gate was judged.", kind="stacked")


def _funnel(strategies: pd.DataFrame, validation: Validation) -> str:
    asks = {phase.name: phase.asks for phase in phases(validation)}
    rows = [
        (str(step.phase), asks[str(step.phase)], f"{step.tried:,}", f"{step.fell:,}", f"{step.left:,}")
        for step in fallen_by_phase(strategies, validation).itertuples()
    ]
    numbers = ("tried", "fell", "left")
    return table(("phase", "asks for", *numbers), rows, "", numbers=numbers)


_SETUP_COLUMNS = {
    "sample_size": "trades",
    "win_rate": "win rate",
    "expectancy_r": "expectancy R",
    "stressed_expectancy_r": "stressed R",
    "through_expectancy_r": "E3 through R",
    "sharpe_ann": "Sharpe p.a.",
    "deflated_sharpe": "defl. Sharpe",
    "fdr_q": "q",
    "max_drawdown_r": "drawdown R",
    "years_tested": "years",
    "classification": "class",
}
_DECIMALS = {
    "win_rate": 3,
    "expectancy_r": 3,
    "stressed_expectancy_r": 3,
    "through_expectancy_r": 3,
    "sharpe_ann": 2,
    "deflated_sharpe": 2,
    "fdr_q": 3,
    "max_drawdown_r": 1,
}


def _setups(active: pd.DataFrame, tried: int, validation: Validation, evidence: str | None) -> str:
    top = active.head(_TOP_SETUPS)
    rows = [
        (escape(row["strategy_id"]), *(_value(column, row[column]) for column in _SETUP_COLUMNS))
        for row in top.to_dict("records")
    ]
    empty = "No setup is validated. The table above says at which phase the strategies fell."
    numbers = tuple(name for column, name in _SETUP_COLUMNS.items() if column != "classification")
    listed = table(("setup", *_SETUP_COLUMNS.values()), rows, empty, numbers=numbers)
    if active.empty:
        return listed
    stressed = (
        f"Stressed is the expectancy at {validation.stress_cost_factor:g} times the costs, E3 through that of E3 where "
        "its limit fills only if price trades through it"
    )
    shown = f"The best {_TOP_SETUPS} of {len(active):,} by expectancy; <code>orb sql</code> has all. "
    return (
        f"<p>{shown if len(active) > len(top) else ''}A name reads: instrument, session, entry model, target in R "
        f"(RR), confirming closes (CB), filter. {stressed}; the class is CORE from {CORE_TRADES} trades on, REGIME "
        f"from {REGIME_TRADES}. The deflated Sharpe ratio is the probability that the true one is above the best of as "
        "many trials by luck; q is the share of false discoveries among all that look as good or better.</p>"
        f"<p>Out of {tried:,} strategies tried on the same bars, some look good by luck, and many below differ in one "
        f"parameter only. {escape(evidence or '')} Whether they hold on bars they were not chosen on is what "
        f"walk-forward asks.</p>{listed}"
    )


def _retired(retired: pd.DataFrame) -> str:
    rows = [
        (escape(row["strategy_id"]), f"{row['retired_at']:%Y-%m-%d}", escape(str(row["retirement_reason"])))
        for row in retired.head(_TOP_SETUPS).to_dict("records")
    ]
    return table(("setup", "retired", "reason"), rows, "")


def _value(column: str, value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return "&ndash;"
    if column in _DECIMALS:
        return f"{value:.{_DECIMALS[column]}f}"
    return escape(f"{value:,}" if isinstance(value, int) else str(value))
