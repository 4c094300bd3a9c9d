"""What each limit cost or saved: refused and cut-short trades at the result the backtest made of them."""

from __future__ import annotations

import pandas as pd

from orb_pipeline.execution.backtest import KEY
from orb_pipeline.execution.trade import FLAT_BY

COLUMNS = ["limit", "trades", "without_limit_r", "with_limit_r", "effect_r"]


def with_unlimited_r(entries: pd.DataFrame, trades: pd.DataFrame) -> pd.DataFrame:
    """`entries` of a replay with `unlimited_r`, what the backtest's `trades` made of the same strategy and day."""
    results = trades.assign(trading_day=trades["trading_day"].dt.date).set_index(KEY)["pnl_r"]
    places = pd.MultiIndex.from_frame(entries[KEY])
    return entries.assign(unlimited_r=results.reindex(places).to_numpy(dtype=float))


def limit_effects(entries: pd.DataFrame, trades: pd.DataFrame) -> pd.DataFrame:
    """One row a limit, the costliest first: trades it refused or cut short, their R without it and with it.

    `effect_r` is with less without: above 0 the limit saved, below it cost. Trades that were never put to the risk
    manager, since the account had to be flat by then, count under `flat_by`.

    Args:
        entries: of a replay, with `unlimited_r`.
        trades: the backtest's, of the same strategies and days.
    """
    refused = entries.loc[~entries["risk_check_passed"], ["risk_check", "unlimited_r"]]
    cut = entries.loc[entries["exit_reason"] == FLAT_BY, ["unlimited_r", "pnl_r"]]
    seen = pd.MultiIndex.from_frame(entries[KEY])
    all_trades = pd.MultiIndex.from_frame(trades.assign(trading_day=trades["trading_day"].dt.date)[KEY])
    too_late = trades.loc[~all_trades.isin(seen), "pnl_r"]
    rows = [
        (str(check), len(group), float(group["unlimited_r"].sum()), 0.0)
        for check, group in refused.groupby("risk_check", sort=True)
    ]
    if len(cut) or len(too_late):
        without = float(cut["unlimited_r"].sum() + too_late.sum())
        rows.append((FLAT_BY, len(cut) + len(too_late), without, float(cut["pnl_r"].sum())))
    table = pd.DataFrame(rows, columns=COLUMNS[:-1])
    table["effect_r"] = table["with_limit_r"] - table["without_limit_r"]
    return table.sort_values(["effect_r", "limit"], ignore_index=True)
