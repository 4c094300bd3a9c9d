"""`validated_setups`: strategies that passed are promoted, those that no longer pass are retired, none is deleted."""

from __future__ import annotations

import datetime as dt
import json

import pandas as pd

from orb_pipeline.research.validation import PASSED

ACTIVE, RETIRED = "active", "retired"
_FROM_STRATEGIES = [
    "strategy_id",
    "instrument",
    "orb_label",
    "orb_minutes",
    "rr_target",
    "confirm_bars",
    "entry_model",
    "filter_type",
    "sample_size",
    "win_rate",
    "avg_win_r",
    "avg_loss_r",
    "expectancy_r",
    "sharpe_ratio",
    "sharpe_ann",
    "max_drawdown_r",
    "median_risk_points",
    "avg_risk_points",
    "yearly_results",
    "stressed_expectancy_r",
    "validation_status",
    "validation_notes",
]
_FURTHER = ["through_sample_size", "through_expectancy_r", "p_value", "fdr_q", "deflated_sharpe"]
COLUMNS = [
    *_FROM_STRATEGIES,
    "years_tested",
    "all_years_positive",
    "stress_test_passed",
    "classification",
    "status",
    "promoted_at",
    "retired_at",
    "retirement_reason",
    "simulated",
    *_FURTHER,
]


def update_setups(
    previous: pd.DataFrame, strategies: pd.DataFrame, *, at: dt.datetime, simulated: bool
) -> pd.DataFrame:
    """The next state of one instrument's setups, ordered by strategy_id.

    A strategy that passes is active with its new figures, promoted at `at` unless it was active already. An active one
    that no longer passes, or that the grid no longer holds, is retired at `at` with the reason and keeps its figures.

    Args:
        previous: the instrument's rows of `validated_setups`, possibly none.
        strategies: the instrument's `experimental_strategies`.
        at: when, aware UTC.
        simulated: whether any bar behind the figures was simulated.
    """
    passing = _promoted(strategies[strategies["validation_status"] == PASSED], at, simulated)
    before = previous.set_index("strategy_id", drop=False)
    was_active = before.index[before["status"] == ACTIVE]
    still = passing["strategy_id"].isin(was_active)
    passing.loc[still, "promoted_at"] = before["promoted_at"].reindex(passing.loc[still, "strategy_id"]).to_numpy()
    fallen = before[~before["strategy_id"].isin(passing["strategy_id"])].reset_index(drop=True)
    frames = [frame for frame in (passing, _retired(fallen, strategies, at)) if len(frame)]
    if not frames:
        return passing
    return pd.concat(frames, ignore_index=True)[COLUMNS].sort_values("strategy_id", ignore_index=True)


def _promoted(passing: pd.DataFrame, at: dt.datetime, simulated: bool) -> pd.DataFrame:
    years = [[year["avg_r"] for year in json.loads(text).values()] for text in passing["yearly_results"]]
    setups = passing[[*_FROM_STRATEGIES, "classification", *_FURTHER]].reset_index(drop=True)
    return setups.assign(
        years_tested=pd.Series([len(averages) for averages in years], dtype="int64"),
        all_years_positive=pd.Series([all(average > 0 for average in averages) for averages in years], dtype=bool),
        stress_test_passed=setups["stressed_expectancy_r"] > 0,
        status=ACTIVE,
        promoted_at=_stamp(at),
        retired_at=pd.Series(pd.NaT, index=setups.index, dtype="datetime64[us, UTC]"),
        retirement_reason=pd.Series(None, index=setups.index, dtype=object),
        simulated=simulated,
    )[COLUMNS]


def _retired(fallen: pd.DataFrame, strategies: pd.DataFrame, at: dt.datetime) -> pd.DataFrame:
    now_falling = fallen["status"] == ACTIVE
    reasons = strategies.set_index("strategy_id")["validation_notes"].reindex(fallen["strategy_id"])
    reasons = reasons.astype(object).where(reasons.notna(), "no longer in the grid").reset_index(drop=True)
    fallen.loc[now_falling, "retired_at"] = _stamp(at)
    fallen.loc[now_falling, "retirement_reason"] = reasons[now_falling]
    fallen.loc[now_falling, "status"] = RETIRED
    return fallen


def _stamp(at: dt.datetime) -> pd.Timestamp:
    return pd.Timestamp(at).tz_convert("UTC").as_unit("us")
