"""A portfolio as tables for people: members, what they ask of the account, and why the others are not in it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd
from rich.markup import escape

from orb_pipeline.cli.console import SIMULATED, out, say, show, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orb_pipeline.catalogue import Account
    from orb_pipeline.orchestration.rehearsal import RehearsedPortfolio
    from orb_pipeline.orchestration.selecting import Chosen
    from orb_pipeline.portfolio.capital import Capital


def show_portfolio(rehearsed: RehearsedPortfolio, evidence: Mapping[str, str]) -> None:
    """Members, capital, and `evidence` on each instrument in words."""
    chosen, account = rehearsed.chosen, rehearsed.chosen.account
    label = f"  {SIMULATED}" if rehearsed.simulated else ""
    out.print(escape(f"{account.account}{label}: {account.name}"))
    _show_members(chosen)
    _show_capital(chosen.capital, account)
    not_taken = chosen.candidates.loc[~chosen.candidates["taken"].astype(bool), "reason"].value_counts()
    fell = ", ".join(f"{count:,} by {reason}" for reason, count in not_taken.items()) or "none"
    out.print(f"{len(chosen.portfolio.strategies)} of {len(chosen.candidates):,} active setups; not taken: {fell}.")
    for symbol, words in evidence.items():
        out.print(escape(f"{symbol}: {words}"))
    for problem in chosen.capital.problems:
        say(f"Note: {problem}", style="yellow")
    for symbol, reason in rehearsed.holding.refused.items():
        say(f"Left out: {symbol}. {reason}", style="yellow")
    if not rehearsed.is_built:
        say(f"A rehearsal: not the portfolio that is built. `orb run --account {account.account}` builds it.")


def show_reasons(candidates: pd.DataFrame) -> None:
    """Every candidate that is no member, the best ranked first, with the member it clashed with."""
    fallen = candidates[~candidates["taken"].astype(bool)]
    rows = [
        (
            f"{row['rank']:,}",
            row["strategy_id"],
            f"{row['expectancy_r']:.3f}",
            f"{row['sample_size']:,}",
            row["reason"],
            row["clashes_with"] or "",
            "" if math.isnan(row["correlation"]) else f"{row['correlation']:.2f}",
        )
        for row in fallen.to_dict("records")
    ]
    columns = ("rank", "setup", "expectancy R", "trades", "not taken by", "clashes with", "correlation")
    show(table(columns, rows, right=("rank", "expectancy R", "trades", "correlation")))


def _show_members(chosen: Chosen) -> None:
    members = zip(chosen.portfolio.strategies, chosen.capital.members, strict=True)
    evidence = {row["strategy_id"]: row for row in chosen.candidates.to_dict("records")}
    rows = [
        (
            position,
            strategy.strategy_id,
            f"{strategy.weight:.2f}",
            f"{strategy.expectancy_r:.3f}",
            f"{strategy.win_rate:.0%}",
            f"{evidence[strategy.strategy_id]['fdr_q']:.3f}",
            f"{evidence[strategy.strategy_id]['deflated_sharpe']:.2f}",
            f"{strategy.sample_size:,}",
            f"{strategy.median_risk_points:g}",
            member.contracts,
            f"{member.all_in_risk:,.0f}",
            f"{member.true_risk_pct:.2f}",
        )
        for position, (strategy, member) in enumerate(members, start=1)
    ]
    figures = ("weight", "exp. R", "win rate", "q", "DSR", "trades", "median risk", "contracts", "all-in $", "risk %")
    columns = ("", "strategy", *figures)
    show(table(columns, rows, right=figures))


def _show_capital(capital: Capital, account: Account) -> None:
    firm = account.prop_firm
    base = "the maximum drawdown" if firm else "the equity"
    facts = [
        ("total weight", f"{capital.total_weight:g}"),
        ("expected trades a day, before limits", _number(capital.expected_trades_per_day, ".2f")),
        ("margin of the positions open at once", f"{capital.margin:,.0f} $"),
        ("risk of the positions open at once", f"{capital.max_concurrent_risk:,.0f} $"),
        ("worst day the limits allow", f"{capital.worst_case_day_r:.1f} R, {capital.worst_case_day_dollars:,.0f} $"),
        ("worst day of the past, before limits", _worst_day(capital)),
        (f"largest trade, of {base}", f"{capital.true_risk_pct:.2f} %, all-in {capital.all_in_risk_pct:.2f} %"),
        ("risk of ruin, if the past goes on", _number(capital.risk_of_ruin, ".2%")),
    ]
    if firm is not None:
        loss = "none" if firm.daily_loss_limit is None else f"{firm.daily_loss_limit:,.0f} $"
        share = "not asked" if firm.consistency_share is None else f"{firm.consistency_share:.0%}"
        facts += [
            ("prop firm", f"{firm.drawdown} drawdown {firm.max_drawdown:,.0f} $, daily loss {loss}"),
            ("best day's share of the profit", f"at most {share}" if firm.consistency_share else share),
            ("orders by program", "allowed" if firm.automation_allowed else "not allowed: signals only"),
            ("source of the rules", f"{firm.source}; verified {firm.verified_on or 'by nobody'}"),
        ]
    show(table(("account", ""), facts))


def _worst_day(capital: Capital) -> str:
    if capital.worst_day_seen_r is None:
        return "unknown"
    return f"{capital.worst_day_seen_r:.1f} R on {capital.worst_day_seen}"


def _number(value: float | None, form: str) -> str:
    return "unknown" if value is None else format(value, form)
