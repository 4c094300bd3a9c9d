"""`replay_results`: the account run by day and strategy, and the figures of the whole of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from orb_pipeline.catalogue import Account


@dataclass(frozen=True)
class Totals:
    """An account run in figures; drawdowns are magnitudes, at the ends of days.

    Attributes:
        best_day_share: of the whole profit, which a consistency rule asks for; None without profit.
    """

    trades: int
    wins: int
    losses: int
    scratches: int
    rejections: int
    pnl_r: float
    pnl_dollars: float
    max_drawdown_r: float
    max_drawdown_dollars: float
    worst_day_r: float
    final_equity: float
    best_day_share: float | None


def daily_results(entries: pd.DataFrame, account: Account, *, simulated: bool) -> pd.DataFrame:
    """One row for each day and strategy that traded or was refused, in that order; columns of `replay_results`.

    `pnl_r` and `pnl_dollars` are the strategy's on that day; equity and drawdowns are the account's at the end of it.
    """
    keys = ["trading_day", "strategy_id", "instrument"]
    counted = entries.assign(
        trades=entries["risk_check_passed"].astype("int64"),
        wins=(entries["outcome"] == "win").astype("int64"),
        losses=(entries["outcome"] == "loss").astype("int64"),
        scratches=(entries["outcome"] == "scratch").astype("int64"),
        rejections=(~entries["risk_check_passed"]).astype("int64"),
        pnl_r=entries["pnl_r"].fillna(0.0),
        pnl_dollars=entries["pnl_dollars"].fillna(0.0),
    )
    sums = ["trades", "wins", "losses", "scratches", "rejections", "pnl_r", "pnl_dollars"]
    rows = counted.groupby(keys, sort=True)[sums].sum().reset_index()
    refused = entries[~entries["risk_check_passed"]]
    by_reason = {
        key: json.dumps({str(check): int(count) for check, count in group.value_counts().sort_index().items()})
        for key, group in refused.groupby(["trading_day", "strategy_id"])["risk_check"]
    }
    reasons = [by_reason.get(key) for key in zip(rows["trading_day"], rows["strategy_id"], strict=True)]
    curve = equity_curve(entries, account)
    days = curve.set_index("trading_day").reindex(rows["trading_day"])
    return rows.assign(
        account=account.account,
        rejections_by_reason=pd.Series(reasons, index=rows.index, dtype=object),
        **{name: days[name].to_numpy() for name in ("drawdown_r", "drawdown_dollars", "equity")},
        simulated=simulated,
    )


def equity_curve(entries: pd.DataFrame, account: Account) -> pd.DataFrame:
    """The account at the end of each day with an entry: trading_day, pnl_r, cumulative_r, drawdown_r, equity, and
    drawdown_dollars.
    """
    days = entries.groupby("trading_day", sort=True)[["pnl_r", "pnl_dollars"]].sum().reset_index()
    cumulative = days["pnl_r"].cumsum()
    equity = account.equity + days["pnl_dollars"].cumsum()
    return pd.DataFrame(
        {
            "trading_day": days["trading_day"],
            "pnl_r": days["pnl_r"],
            "pnl_dollars": days["pnl_dollars"],
            "cumulative_r": cumulative,
            "drawdown_r": np.maximum(cumulative.cummax(), 0.0) - cumulative,
            "equity": equity,
            "drawdown_dollars": np.maximum(equity.cummax(), account.equity) - equity,
        }
    )


def totals(entries: pd.DataFrame, account: Account) -> Totals:
    curve = equity_curve(entries, account)
    outcomes = entries["outcome"].value_counts()
    profit = float(entries["pnl_dollars"].sum())
    best = float(curve["pnl_dollars"].max()) if len(curve) else 0.0
    return Totals(
        trades=int(entries["risk_check_passed"].sum()),
        wins=int(outcomes.get("win", 0)),
        losses=int(outcomes.get("loss", 0)),
        scratches=int(outcomes.get("scratch", 0)),
        rejections=int((~entries["risk_check_passed"]).sum()),
        pnl_r=float(entries["pnl_r"].sum()),
        pnl_dollars=profit,
        max_drawdown_r=float(curve["drawdown_r"].max()) if len(curve) else 0.0,
        max_drawdown_dollars=float(curve["drawdown_dollars"].max()) if len(curve) else 0.0,
        worst_day_r=float(curve["pnl_r"].min()) if len(curve) else 0.0,
        final_equity=account.equity + profit,
        best_day_share=best / profit if profit > 0 else None,
    )


def by_strategy(entries: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """One row a strategy in portfolio order: trades, wins, rejections, pnl_r, pnl_dollars, win_rate, expectancy_r."""
    passed = entries["risk_check_passed"]
    grouped = entries.assign(trades=passed, wins=entries["pnl_r"] > 0, rejections=~passed).groupby("strategy_id")
    table = grouped[["trades", "wins", "rejections", "pnl_r", "pnl_dollars"]].sum().reindex(list(order), fill_value=0)
    counts = table[["trades", "wins", "rejections"]].astype("int64")
    traded = counts["trades"].where(counts["trades"] > 0)
    means = {"win_rate": counts["wins"] / traded, "expectancy_r": table["pnl_r"] / traded}
    return table.assign(**counts, **means).reset_index()
