"""The engine against the backtest: every trade and every day without one, of the portfolio and of a sample."""

from __future__ import annotations

from typing import Any

from orb_pipeline.execution.parity import compare
from orb_pipeline.execution.sample import with_sample
from orb_pipeline.orchestration.gates.base import Evidence, Fact, GateResult
from orb_pipeline.orchestration.trading import backtest_of, portfolio_of

_SHOWN = 20
_NAMED = 3


def judge(evidence: Evidence) -> GateResult:
    portfolio = portfolio_of(evidence.account, evidence.tables["portfolio"].pandas())
    backtests = {symbol: backtest_of(symbol, evidence.tables, evidence.study) for symbol in portfolio.instruments}
    count = evidence.catalogue.portfolio.gates.parity_sample
    grids = [evidence.tables[f"experimental_strategies:{symbol}"].pandas() for symbol in backtests]
    members = with_sample(portfolio.strategies, grids, count)
    found = compare(members, backtests, on_day=evidence.progress)
    sampled = len(members) - len(portfolio.strategies)
    facts: dict[str, Fact] = {
        "strategies": found.strategies,
        "of_portfolio": len(portfolio.strategies),
        "of_sample": sampled,
        "days": found.days,
        "cases": found.cases,
        "trades": found.trades,
        "no_trades": found.no_trades,
        "equal_share": found.share,
    }
    compared = (
        f"{found.cases:,} cases were compared ({len(portfolio.strategies)} strategies of the portfolio and {sampled} "
        f"sampled ones on {found.days:,} days: {found.trades:,} trades, {found.no_trades:,} days without one)"
    )
    if found.cases == 0:
        return GateResult(False, "0 cases were compared: there is no strategy or no day, so nothing is shown.", facts)
    if found.holds:
        return GateResult(True, f"{compared}; all are equal.", facts)
    facts["first_differences"] = found.differences.head(_SHOWN).astype(str)
    named = "; ".join(map(_sentence, found.differences.head(_NAMED).to_dict("records")))
    return GateResult(False, f"{compared}; {found.differing:,} differ: {named}.", facts)


def _sentence(row: dict[Any, Any]) -> str:
    case = f"{row['trading_day']} {row['strategy_id']} {row['what']}"
    return f"{case}: backtest {row['backtest']}, engine {row['engine']}"
