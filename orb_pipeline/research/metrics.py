"""The compiled metrics of RULES.md section 7: every combination of the grid under every filter, in one pass each."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from orb_pipeline.market.trading_day import Int64Array

# One strategy's figures; see `strategy_metrics`.
METRICS = np.dtype(
    [
        ("sample_size", np.int64),
        ("wins", np.int64),
        ("avg_win_r", np.float64),
        ("avg_loss_r", np.float64),
        ("expectancy_r", np.float64),
        ("std_r", np.float64),
        ("max_drawdown_r", np.float64),
        ("stressed_expectancy_r", np.float64),
        ("median_risk_ticks", np.float64),
        ("avg_risk_ticks", np.float64),
    ],
    align=True,
)
YEARLY = np.dtype([("trades", np.int64), ("wins", np.int64), ("total_r", np.float64)], align=True)


@njit(cache=True)
def strategy_metrics(
    pnl_r: npt.NDArray[np.float64],
    stressed_r: npt.NDArray[np.float64],
    risk_ticks: Int64Array,
    years: Int64Array,
    eligible: npt.NDArray[np.bool_],
    targets: int,
    metrics: npt.NDArray[Any],
    yearly: npt.NDArray[Any],
) -> None:
    """Fill `metrics` and `yearly` for the strategies of one session label.

    Args:
        pnl_r, stressed_r: [breaks, combinations] in order of time, NaN where no trade filled; stressed at higher costs.
        risk_ticks: [breaks, combinations].
        years: [breaks], index of the calendar year of the trading day.
        eligible: [breaks, filters].
        targets: combinations that follow one another and differ by their target only, so share entries and risks.
        metrics: [combinations, filters] of METRICS. Means of no trades are NaN, the averages of an empty side 0.
        yearly: [combinations, filters, years] of YEARLY.
    """
    breaks, combinations = pnl_r.shape
    results = np.empty(breaks)
    risks = np.empty(breaks)
    for f in range(eligible.shape[1]):
        for c in range(combinations):
            count = 0
            stressed = 0.0
            for b in range(breaks):
                result = pnl_r[b, c]
                if eligible[b, f] and not np.isnan(result):
                    results[count] = result
                    risks[count] = risk_ticks[b, c]
                    count += 1
                    stressed += stressed_r[b, c]
                    year = yearly[c, f, years[b]]
                    year.trades += 1
                    year.wins += result > 0
                    year.total_r += result
            row = metrics[c, f]
            _summarise(results[:count], row)
            row.stressed_expectancy_r = stressed / count if count else np.nan
            if c % targets == 0:
                row.median_risk_ticks = np.median(risks[:count]) if count else np.nan
                row.avg_risk_ticks = risks[:count].mean() if count else np.nan
            else:
                row.median_risk_ticks = metrics[c - 1, f].median_risk_ticks
                row.avg_risk_ticks = metrics[c - 1, f].avg_risk_ticks


@njit(cache=True)
def _summarise(results: npt.NDArray[np.float64], row: Any) -> None:
    count = len(results)
    wins, won, lost = 0, 0.0, 0.0
    cumulative, peak, drawdown = 0.0, 0.0, 0.0
    smallest, largest = np.inf, -np.inf
    for result in results:
        if result > 0:
            wins += 1
            won += result
        else:
            lost -= result
        cumulative += result
        peak = max(peak, cumulative)
        drawdown = max(drawdown, peak - cumulative)
        smallest, largest = min(smallest, result), max(largest, result)
    row.sample_size = count
    row.wins = wins
    row.avg_win_r = won / wins if wins else 0.0
    row.avg_loss_r = lost / (count - wins) if count > wins else 0.0
    row.max_drawdown_r = drawdown
    mean = cumulative / count if count else np.nan
    row.expectancy_r = mean
    squares = 0.0
    for result in results:
        squares += (result - mean) ** 2
    if count < 2:
        row.std_r = np.nan
    else:  # equal results have no spread, whatever the mean's last bit says
        row.std_r = 0.0 if smallest == largest else np.sqrt(squares / (count - 1))
