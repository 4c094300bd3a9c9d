"""Schema of `walk_forward_summary`: one account's folds, and the row of all of them."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from orb_pipeline.orchestration.gates.base import Evidence, GateResult
from orb_pipeline.orchestration.gates.schemas import Frame, all_equal, at_least, between, column, judge_schema, rule


def judge(evidence: Evidence) -> GateResult:
    summary = evidence.judged
    if summary.empty:
        return GateResult(True, "0 folds: nothing to check.", {"rows": 0})
    count, share = column(None, at_least(0)), column("float64", between(0, 1), nullable=True)
    schema = pa.DataFrameSchema(
        {
            "account": column(None, all_equal(evidence.scope)),
            **dict.fromkeys(("strategies_tried", "strategies_found", "strategies_selected"), count),
            **dict.fromkeys(("is_trades", "oos_trades", "account_trades", "account_rejections"), count),
            "is_win_rate": share,
            "oos_win_rate": share,
            "pbo": share,
            "account_pnl_r": column("float64"),
        },
        checks=[
            rule("one row of all folds, behind the folds 1, 2, ...", _numbered),
            rule("the test lies behind the training", _test_behind_training),
            rule("tests do not overlap", _tests_apart),
            rule("no more selected than found", lambda rows: rows["strategies_selected"] <= rows["strategies_found"]),
            rule("no more found than tried", lambda rows: rows["strategies_found"] <= rows["strategies_tried"]),
            rule("an expectancy exactly where there are trades", _expectancies),
            rule("degradation is known exactly where the ratio is", _degradation),
        ],
    )
    return judge_schema(schema, summary.reset_index(drop=True))


def _folds(rows: Frame) -> Frame:
    return rows[rows["fold"].notna()].sort_values("fold")


def _numbered(rows: Frame) -> bool:
    return int(rows["fold"].isna().sum()) == 1 and bool(_folds(rows)["fold"].is_unique)


def _test_behind_training(rows: Frame) -> bool:
    return bool((_folds(rows)["test_start"] > _folds(rows)["train_end"]).all())


def _tests_apart(rows: Frame) -> bool:
    folds = _folds(rows)
    return bool((folds["test_start"].iloc[1:].to_numpy() > folds["test_end"].iloc[:-1].to_numpy()).all())


def _expectancies(rows: Frame) -> pd.Series[bool]:
    inside = rows["is_expectancy_r"].notna() == (rows["is_trades"] > 0)
    return inside & (rows["oos_expectancy_r"].notna() == (rows["oos_trades"] > 0))


def _degradation(rows: Frame) -> pd.Series[bool]:
    return rows["material_degradation"].notna() == rows["oos_is_ratio"].notna()
