"""Schema of `trade_journal`: one account's trades and refused entries, of replay and walk-forward."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pandera.pandas as pa

from orb_pipeline.orchestration.gates.base import Evidence, GateResult
from orb_pipeline.orchestration.gates.schemas import (
    Frame,
    all_equal,
    at_least,
    column,
    judge_schema,
    null_together,
    one_of,
    rule,
)

_KEY = ["mode", "trading_day", "strategy_id"]
_STAMP = "datetime64[us, UTC]"


def judge(evidence: Evidence) -> GateResult:
    rows = evidence.judged
    if rows.empty:
        return GateResult(True, "0 rows: the replay neither traded nor refused, nothing to check.", {"rows": 0})
    schema = pa.DataFrameSchema(
        {
            "journal_id": column("int64", at_least(1)),
            "mode": column(None, one_of("replay", "walk_forward")),
            "account": column(None, all_equal(evidence.scope)),
            "direction": column(None, one_of("long", "short")),
            "entry_model": column(None, one_of(*evidence.catalogue.grid.entry_models)),
            "contracts": column("int64", at_least(0)),
            "decided_ts": column(_STAMP),
            "decided_price": column("float64"),
            "stop_price": column("float64"),
            "entry_ts": column(_STAMP, nullable=True),
            "exit_ts": column(_STAMP, nullable=True),
            "outcome": column(None, one_of("win", "loss", "scratch"), nullable=True),
            "mae_r": column("float64", at_least(0), nullable=True),
            "mfe_r": column("float64", at_least(0), nullable=True),
            "run_id": column(None),
            "created_at": column(_STAMP),
        },
        checks=[
            rule("one row a mode, day and strategy", lambda rows: not rows.duplicated(_KEY).any()),
            rule("one number a row", lambda rows: rows["journal_id"].is_unique),
            null_together("entry_ts", "entry_price", "target_price"),
            rule("an entry exactly where risk let it in", _entered),
            rule("a check exactly where it was refused", _refused_by),
            rule("entered as decided", _as_decided),
            rule("at least one contract", lambda rows: (rows["contracts"] > 0) | ~rows["risk_check_passed"]),
            rule("no exit before its entry", lambda rows: ~(rows["exit_ts"] < rows["entry_ts"])),
            rule("the stop lies against the trade", _stop_against),
            rule("a loss is 1 R or more", _losses),
        ],
    )
    return judge_schema(schema, rows)


def _entered(rows: Frame) -> pd.Series[bool]:
    return rows["entry_ts"].notna() == rows["risk_check_passed"]


def _refused_by(rows: Frame) -> pd.Series[bool]:
    return rows["risk_check"].isna() == rows["risk_check_passed"]


def _as_decided(rows: Frame) -> pd.Series[bool]:
    same = (rows["entry_ts"] == rows["decided_ts"]) & (rows["entry_price"] == rows["decided_price"])
    return same | rows["entry_ts"].isna()


def _stop_against(rows: Frame) -> pd.Series[bool]:
    sign = pd.Series(np.where(rows["direction"] == "long", 1.0, -1.0), index=rows.index)
    return sign * (rows["decided_price"] - rows["stop_price"]) > 0


def _losses(rows: Frame) -> pd.Series[bool]:
    return ~((rows["outcome"] == "loss") & (rows["pnl_r"] > -1.0 + 1e-9))
