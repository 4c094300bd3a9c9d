"""A replay as tables for people: parity, results, and what each limit cost or saved."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from orb_pipeline.cli.console import out, say, show, table
from orb_pipeline.errors import InputError
from orb_pipeline.market.trading_day import number_of

if TYPE_CHECKING:
    from orb_pipeline.catalogue import Account
    from orb_pipeline.execution.account_run import AccountRun
    from orb_pipeline.execution.parity import Parity
    from orb_pipeline.execution.replay import Span

_DIFFERENCES = 20
_HALTS = 5


def span_of(start: dt.datetime | None, end: dt.datetime | None) -> Span:
    """Trading days as the replay takes them."""
    if start is not None and end is not None and end < start:
        message = f"--end {end.date()} is before --start {start.date()}. Give a span of at least one trading day."
        raise InputError(message)
    return (
        None if start is None else number_of(start.date()),
        None if end is None else number_of(end.date()),
    )


def show_parity(parity: Parity) -> None:
    out.print(
        f"Parity: {parity.strategies:,} strategies on {parity.days:,} days, {parity.trades:,} trades and "
        f"{parity.no_trades:,} days without one; {parity.share:.4%} equal to the backtest."
    )
    if parity.cases == 0:
        say("Nothing was compared: there is no strategy. `--sample N` takes some of the grid.", style="red")
    if len(parity.differences):
        first = parity.differences.head(_DIFFERENCES)
        show(table(list(first.columns), first.astype(str).to_numpy().tolist()))
        say(f"{parity.differing:,} cases differ; the first {len(first)} differences are shown.", style="red")


def show_account_run(run: AccountRun, account: Account) -> None:
    totals, result = run.totals, run.result
    facts = [
        ("days, bars", f"{len(result.days):,}, {result.bars:,}"),
        ("trades", f"{totals.trades:,}"),
        ("wins, losses, scratches", f"{totals.wins:,}, {totals.losses:,}, {totals.scratches:,}"),
        ("refused entries", f"{totals.rejections:,}"),
        ("result", f"{totals.pnl_r:,.1f} R, {totals.pnl_dollars:,.0f} $"),
        ("equity", f"{account.equity:,.0f} $ to {totals.final_equity:,.0f} $"),
        ("deepest drawdown", f"{totals.max_drawdown_r:.1f} R, {totals.max_drawdown_dollars:,.0f} $"),
        ("worst day", f"{totals.worst_day_r:.1f} R"),
        ("days halted", f"{len(result.halts):,}"),
    ]
    firm = account.prop_firm
    if firm is not None:
        facts.append(("account lost", str(result.account.lost_on or "no")))
        best = "no profit" if totals.best_day_share is None else f"{totals.best_day_share:.0%}"
        asked = "not asked" if firm.consistency_share is None else f"at most {firm.consistency_share:.0%}"
        facts.append(("best day's share of the profit", f"{best} ({asked})"))
    show(table((account.account, ""), facts))
    _show_limits(run)
    rows = [
        (
            row["strategy_id"],
            f"{row['trades']:,}",
            f"{row['rejections']:,}",
            "" if row["trades"] == 0 else f"{row['win_rate']:.0%}",
            f"{row['pnl_r']:,.1f}",
            "" if row["trades"] == 0 else f"{row['expectancy_r']:.3f}",
            f"{row['pnl_dollars']:,.0f}",
        )
        for row in run.by_strategy.to_dict("records")
    ]
    columns = ("strategy", "trades", "refused", "win rate", "R", "R a trade", "$")
    show(table(columns, rows, right=columns[1:]))
    for halt in result.halts[:_HALTS]:
        say(f"Halted {halt.trading_day} at {halt.at:%H:%M} UTC: {halt.reason}")
    if len(result.halts) > _HALTS:
        say(f"... and {len(result.halts) - _HALTS:,} more halted days")


def _show_limits(run: AccountRun) -> None:
    if run.limits.empty:
        out.print("No limit refused or cut short a trade.")
        return
    rows = [
        (
            row["limit"],
            f"{row['trades']:,}",
            f"{row['without_limit_r']:,.1f}",
            f"{row['with_limit_r']:,.1f}",
            f"saved {row['effect_r']:,.1f}" if row["effect_r"] >= 0 else f"cost {-row['effect_r']:,.1f}",
        )
        for row in run.limits.to_dict("records")
    ]
    columns = ("limit", "trades", "R without it", "R with it", "R")
    show(table(columns, rows, right=columns[1:]))
