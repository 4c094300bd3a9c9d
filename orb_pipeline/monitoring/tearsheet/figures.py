"""Figures of trades. Frames here have the columns of `trade_journal`; a refused entry has no `exit_ts`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from orb_pipeline.catalogue import Instrument

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Figures:
    """Trades in figures; None where there is nothing to divide by.

    Attributes:
        max_drawdown_r: at the ends of days, as a magnitude; days_below: the longest stretch of trading days with a
            trade below an earlier high.
        profit_factor: R gained by R lost. longest_losing_run: trades in a row without a gain.
        cost_r: mean costs of a trade in R; cost_share: costs by what the trades made before them, where they made
            anything.
    """

    trades: int
    refused: int
    total_r: float
    dollars: float
    max_drawdown_r: float
    days_below: int
    longest_losing_run: int
    win_rate: float | None
    expectancy_r: float | None
    average_win_r: float | None
    average_loss_r: float | None
    profit_factor: float | None
    cost_r: float | None
    cost_share: float | None


def finished(journal: pd.DataFrame) -> pd.DataFrame:
    """Trades that have exited, in the order of their exits, `trading_day` as a date stamp."""
    over = journal[journal["exit_ts"].notna() & journal["risk_check_passed"].astype(bool)]
    dated = over.assign(trading_day=pd.to_datetime(over["trading_day"]))
    return dated.sort_values(["exit_ts", "strategy_id"], kind="stable", ignore_index=True)


def figures_of(journal: pd.DataFrame, instruments: Mapping[str, Instrument]) -> Figures:
    """All of it in figures.

    Args:
        instruments: by symbol, every one that was traded.
    """
    trades = finished(journal)
    results = trades["pnl_r"].to_numpy(np.float64)
    gains, losses = results[results > 0], results[results <= 0]
    curve = daily_curve(trades)
    costs = costs_r(trades, instruments)
    gross = float(results.sum() + costs.sum())
    return Figures(
        trades=len(trades),
        refused=int((~journal["risk_check_passed"].astype(bool)).sum()),
        total_r=float(results.sum()),
        dollars=float(trades["pnl_dollars"].sum()),
        max_drawdown_r=float(-curve["drawdown_r"].min()) if len(curve) else 0.0,
        days_below=_longest_run((curve["drawdown_r"] < 0).to_numpy()),
        longest_losing_run=_longest_run(results <= 0),
        win_rate=_mean(results > 0),
        expectancy_r=_mean(results),
        average_win_r=_mean(gains),
        average_loss_r=None if _mean(losses) is None else -float(losses.mean()),
        profit_factor=float(gains.sum() / -losses.sum()) if losses.sum() < 0 else None,
        cost_r=_mean(costs),
        cost_share=float(costs.sum()) / gross if gross > 0 else None,
    )


def daily_curve(trades: pd.DataFrame) -> pd.DataFrame:
    """Each trading day with a trade: trading_day, pnl_r, cumulative_r, and drawdown_r, 0 or below."""
    days = trades.groupby("trading_day", sort=True)["pnl_r"].sum()
    cumulative = days.cumsum()
    drawdown = cumulative - np.maximum(cumulative.cummax(), 0.0)
    table = pd.DataFrame({"pnl_r": days, "cumulative_r": cumulative, "drawdown_r": drawdown})
    return table.reset_index(names="trading_day")


def monthly(trades: pd.DataFrame) -> pd.DataFrame:
    """R by year (rows) and month (columns 1 to 12), NaN where nothing was traded, and their `total`."""
    days = trades["trading_day"].dt
    table = trades.pivot_table(index=days.year, columns=days.month, values="pnl_r", aggfunc="sum")
    table = table.reindex(columns=range(1, 13))
    table.index.name = table.columns.name = None
    return table.assign(total=table.sum(axis=1))


def by_session(trades: pd.DataFrame) -> pd.DataFrame:
    """Each instrument's sessions: name, trades, win_rate, expectancy_r, total_r."""
    several = trades["instrument"].nunique() > 1
    names = trades["instrument"].astype(str) + " " + trades["orb_label"].astype(str) if several else trades["orb_label"]
    return _grouped(trades, names.astype(str))


def by_weekday(trades: pd.DataFrame) -> pd.DataFrame:
    """Likewise by the weekday that the trading day is named by, in the order of the week."""
    table = _grouped(trades, trades["trading_day"].dt.day_name())
    return table.sort_values("name", key=lambda names: names.map(WEEKDAYS.index), ignore_index=True)


def by_strategy(trades: pd.DataFrame) -> pd.DataFrame:
    return _grouped(trades, trades["strategy_id"].astype(str)).sort_values(
        "total_r", ascending=False, ignore_index=True
    )


def costs_r(trades: pd.DataFrame, instruments: Mapping[str, Instrument]) -> pd.Series[float]:
    """What each trade's costs are of what it risks, in R (RULES.md section 1)."""
    symbols = trades["instrument"].astype(str)
    value = symbols.map({symbol: item.point_value for symbol, item in instruments.items()}).astype(float)
    friction = symbols.map({symbol: item.friction for symbol, item in instruments.items()}).astype(float)
    risk = (trades["entry_price"] - trades["stop_price"]).abs() * value + friction
    return friction / risk


def refusals(journal: pd.DataFrame) -> pd.DataFrame:
    """Entries that a check refused: limit, trades."""
    refused = journal.loc[~journal["risk_check_passed"].astype(bool), "risk_check"].astype(str)
    return refused.value_counts().rename_axis("limit").reset_index(name="trades")


def _grouped(trades: pd.DataFrame, names: pd.Series[str]) -> pd.DataFrame:
    results = trades["pnl_r"]
    groups = pd.DataFrame({"pnl_r": results, "won": results > 0}).groupby(names, sort=True)
    table = pd.DataFrame(
        {
            "trades": groups.size(),
            "win_rate": groups["won"].mean(),
            "expectancy_r": groups["pnl_r"].mean(),
            "total_r": groups["pnl_r"].sum(),
        }
    )
    return table.rename_axis("name").reset_index()


def _mean(values: np.ndarray | pd.Series[float]) -> float | None:
    return float(values.mean()) if len(values) else None


def _longest_run(flags: np.ndarray) -> int:
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest
