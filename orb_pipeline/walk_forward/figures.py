"""What a set of strategies made over a span of days, each alone, and what became of it out of sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from orb_pipeline.research.daily import DailySeries


@dataclass(frozen=True)
class Figures:
    """All trades of all strategies together; None where there is none.

    Attributes:
        max_drawdown_r: of the summed daily R, from 0, as a magnitude.
    """

    trades: int
    expectancy_r: float | None
    win_rate: float | None
    max_drawdown_r: float
    total_r: float


def figures_of(series: DailySeries) -> Figures:
    """Of every strategy in `series`, without limits."""
    traded = series.traded.to_numpy(bool)
    results = np.where(traded, series.pnl_r.to_numpy(float), 0.0)
    trades, total = int(traded.sum()), float(results.sum())
    return Figures(
        trades=trades,
        expectancy_r=total / trades if trades else None,
        win_rate=float(((results > 0) & traded).sum()) / trades if trades else None,
        max_drawdown_r=drawdown(results.sum(axis=1)),
        total_r=total,
    )


def pooled(parts: list[Figures]) -> Figures:
    """Several periods as one; the drawdown is the deepest of them."""
    trades, total = sum(part.trades for part in parts), sum(part.total_r for part in parts)
    wins = sum(part.win_rate * part.trades for part in parts if part.win_rate is not None)
    return Figures(
        trades=trades,
        expectancy_r=total / trades if trades else None,
        win_rate=wins / trades if trades else None,
        max_drawdown_r=max((part.max_drawdown_r for part in parts), default=0.0),
        total_r=total,
    )


def by_strategy(series: DailySeries) -> pd.DataFrame:
    """Trades and expectancy_r (NaN without a trade) of each strategy."""
    traded = series.traded.to_numpy(bool)
    counts = traded.sum(axis=0)
    totals = np.where(traded, series.pnl_r.to_numpy(float), 0.0).sum(axis=0)
    means = np.divide(totals, counts, out=np.full(len(counts), np.nan), where=counts > 0)
    return pd.DataFrame({"trades": counts.astype("int64"), "expectancy_r": means}, index=series.pnl_r.columns)


def oos_is_ratio(in_sample: Figures, out_of_sample: Figures) -> float | None:
    """Out-of-sample over in-sample expectancy; None where nothing traded out of sample or nothing was to be kept."""
    before, after = in_sample.expectancy_r, out_of_sample.expectancy_r
    return None if before is None or after is None or before <= 0 else after / before


def drawdown(daily_r: np.ndarray) -> float:
    """Deepest fall of the running sum below its high, from 0, as a magnitude."""
    if not len(daily_r):
        return 0.0
    curve = np.cumsum(daily_r)
    return float((np.maximum.accumulate(np.maximum(curve, 0.0)) - curve).max())
