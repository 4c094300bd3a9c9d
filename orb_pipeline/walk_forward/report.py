"""Walk-forward as tables: a row for each fold and strategy, one for each fold and the whole, and the stitched test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from orb_pipeline.walk_forward.figures import Figures, drawdown, oos_is_ratio, pooled
from orb_pipeline.walk_forward.run import FoldResult

_REAL = ("_r", "_rate", "_ratio", "_dollars", "_trials", "pbo", "_value", "_luck")  # endings of figures
_BAND_BLOCK_DAYS = 10
_BAND_PATHS = 500
_BAND_SEED = 20_260_101


def folds_table(results: Sequence[FoldResult]) -> pd.DataFrame:
    """One row for each fold and selected strategy, in order of fold and portfolio; columns of `walk_forward_folds`."""
    parts = []
    for result in results:
        fold = result.fold
        table = result.by_strategy.rename_axis("strategy_id").reset_index()
        dates = {name: getattr(fold, name) for name in ("train_start", "train_end", "test_start", "test_end")}
        parts.append(table.assign(fold=fold.number, position=range(1, len(table) + 1), **dates))
    columns = ["fold", "position", "train_start", "train_end", "test_start", "test_end", "strategy_id"]
    figures = ["is_trades", "is_expectancy_r", "oos_trades", "oos_expectancy_r"]
    return pd.concat(parts, ignore_index=True)[[*columns, *figures]]


def summary_table(results: Sequence[FoldResult], min_ratio: float) -> pd.DataFrame:
    """One row a fold, then one for all of them (`fold` NULL); columns of `walk_forward_summary`.

    In and out of sample are the selected strategies each alone, so that their ratio tells of the edge and not of
    limits; `account_*` is the portfolio in the test on the account's limits. `material_degradation`: the ratio is
    `min_ratio` or less; NULL where the ratio is, since nothing traded out of sample or there was nothing to keep.
    """
    rows: list[dict[str, Any]] = []
    before: frozenset[str] | None = None
    for result in results:
        fold = result.fold
        rows.append(
            {
                "fold": fold.number,
                "train_start": fold.train_start,
                "train_end": fold.train_end,
                "test_start": fold.test_start,
                "test_end": fold.test_end,
                "strategies_tried": len(result.strategies),
                "strategies_found": result.found,
                "strategies_selected": len(result.selected),
                "strategies_kept": None if before is None else len(result.selected & before),
                **_compared(result.in_sample, result.out_of_sample, min_ratio),
                **_of_account(result.entries, result.daily_r),
                **_of_evidence(result),
            }
        )
        before = result.selected
    inside, outside = pooled([result.in_sample for result in results]), pooled([r.out_of_sample for r in results])
    rows.append(
        {
            "fold": None,
            "train_start": results[0].fold.train_start,
            "train_end": results[-1].fold.train_end,
            "test_start": results[0].fold.test_start,
            "test_end": results[-1].fold.test_end,
            "strategies_tried": sum(len(result.strategies) for result in results),
            "strategies_found": sum(result.found for result in results),
            "strategies_selected": sum(len(result.selected) for result in results),
            "strategies_kept": sum(row["strategies_kept"] or 0 for row in rows) if len(rows) > 1 else None,
            **_compared(inside, outside, min_ratio),
            **_of_account(pd.concat([result.entries for result in results]), stitched(results)),
        }
    )
    whole = ["fold", "strategies_tried", "strategies_found", "strategies_selected", "strategies_kept"]
    counts = [*whole, "is_trades", "oos_trades", "account_trades", "account_rejections", "passed_q_below_10"]
    table = pd.DataFrame(rows)
    real = [name for name in table.columns if name.endswith(_REAL)]
    kinds = {**dict.fromkeys(counts, "Int64"), **dict.fromkeys(real, "float64"), "material_degradation": "boolean"}
    return table.astype(kinds)


def trades_table(results: Sequence[FoldResult]) -> pd.DataFrame:
    """Every out-of-sample trade and refused entry of the account runs, with its fold."""
    return pd.concat([result.entries.assign(fold=result.fold.number) for result in results], ignore_index=True)


def stitched(results: Sequence[FoldResult]) -> pd.Series[float]:
    """R of the account runs on every test day of all folds, one test behind the other."""
    days = pd.concat([result.daily_r for result in results])
    return days[~days.index.duplicated()].sort_index()


def cumulative_band(daily_r: pd.Series[float]) -> pd.DataFrame:
    """The stitched test as a curve with the band that resampled blocks of its days leave.

    Returns:
        trading_day, cumulative_r, and low and high: the 5 and 95 % quantiles of the sum up to that day over 500 paths,
        made of blocks of 10 days drawn with replacement (moving-block bootstrap, Kuensch 1989). It says how differently
        the same days could have come; not what other days would bring.
    """
    values = daily_r.to_numpy(float)
    curve = pd.DataFrame({"trading_day": daily_r.index, "cumulative_r": np.cumsum(values)})
    if len(values) < 2 * _BAND_BLOCK_DAYS:
        return curve.assign(low=np.nan, high=np.nan)
    random = np.random.default_rng(_BAND_SEED)
    blocks = -(-len(values) // _BAND_BLOCK_DAYS)
    starts = random.integers(0, len(values) - _BAND_BLOCK_DAYS + 1, size=(_BAND_PATHS, blocks))
    places = (starts[:, :, None] + np.arange(_BAND_BLOCK_DAYS)).reshape(_BAND_PATHS, -1)[:, : len(values)]
    paths = np.cumsum(values[places], axis=1)
    low, high = np.quantile(paths, [0.05, 0.95], axis=0)
    return curve.assign(low=low, high=high)


def _compared(inside: Figures, outside: Figures, min_ratio: float) -> dict[str, object]:
    ratio = oos_is_ratio(inside, outside)
    return {
        "is_trades": inside.trades,
        "is_expectancy_r": inside.expectancy_r,
        "is_win_rate": inside.win_rate,
        "is_max_drawdown_r": inside.max_drawdown_r,
        "oos_trades": outside.trades,
        "oos_expectancy_r": outside.expectancy_r,
        "oos_win_rate": outside.win_rate,
        "oos_max_drawdown_r": outside.max_drawdown_r,
        "oos_is_ratio": ratio,
        "material_degradation": None if ratio is None else ratio <= min_ratio,
    }


def _of_evidence(result: FoldResult) -> dict[str, object]:
    """In figures; NULL where there was too little to say."""
    found = result.evaluation.figures()
    names = ("effective_trials", "pbo", "spa_p_value", "passed_q_below_10", "passing_by_luck")
    return {name: found[name] for name in names}


def _of_account(entries: pd.DataFrame, daily_r: pd.Series[float]) -> dict[str, object]:
    trades = int(entries["risk_check_passed"].sum())
    total = float(entries["pnl_r"].sum())
    return {
        "account_trades": trades,
        "account_rejections": len(entries) - trades,
        "account_expectancy_r": total / trades if trades else None,
        "account_pnl_r": total,
        "account_pnl_dollars": float(entries["pnl_dollars"].sum()),
        "account_max_drawdown_r": drawdown(daily_r.to_numpy(float)),
    }
