"""Schema of `replay_results`: one account's run by day and strategy."""

from __future__ import annotations

import json

import pandas as pd
import pandera.pandas as pa

from orb_pipeline.orchestration.gates.base import Evidence, GateResult
from orb_pipeline.orchestration.gates.schemas import Frame, all_equal, at_least, column, judge_schema, one_of, rule


def judge(evidence: Evidence) -> GateResult:
    members = set(evidence.tables["portfolio"].pandas()["strategy_id"])
    count = column("int64", at_least(0))
    size = column("float64", at_least(0))
    schema = pa.DataFrameSchema(
        {
            "account": column("category", all_equal(evidence.scope)),
            "trading_day": column(None),
            "strategy_id": column("category", one_of(*members)),
            **dict.fromkeys(("trades", "wins", "losses", "scratches", "rejections"), count),
            "pnl_r": column("float64"),
            "pnl_dollars": column("float64"),
            "drawdown_r": size,
            "drawdown_dollars": size,
            "equity": column("float64"),
        },
        checks=[
            rule("one row a day and strategy", lambda rows: not rows.duplicated(["trading_day", "strategy_id"]).any()),
            rule("in order of days", lambda rows: rows["trading_day"].is_monotonic_increasing),
            rule("one trade or one refusal a day", lambda rows: rows["trades"] + rows["rejections"] == 1),
            rule("every trade has its outcome", _outcomes),
            rule("no result without a trade", lambda rows: (rows["trades"] > 0) | (rows["pnl_r"] == 0)),
            rule("reasons exactly where refused", _reasons),
            rule(
                "a day has one equity", lambda rows: bool((rows.groupby("trading_day")["equity"].nunique() == 1).all())
            ),
        ],
    )
    return judge_schema(schema, evidence.judged)


def _outcomes(rows: Frame) -> pd.Series[bool]:
    return rows["wins"] + rows["losses"] + rows["scratches"] == rows["trades"]


def _reasons(rows: Frame) -> pd.Series[bool]:
    counted = rows["rejections_by_reason"].map(lambda text: sum(json.loads(text).values()), na_action="ignore")
    return counted.fillna(0).astype("int64") == rows["rejections"]
