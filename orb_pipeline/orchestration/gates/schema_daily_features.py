"""Schema of `daily_features`."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from orb_pipeline.orchestration.gates.base import Evidence, GateResult
from orb_pipeline.orchestration.gates.schemas import (
    Frame,
    above,
    all_equal,
    at_least,
    column,
    judge_schema,
    null_together,
    one_of,
    rule,
)


def judge(evidence: Evidence) -> GateResult:
    grid, sessions = evidence.catalogue.grid, evidence.catalogue.sessions_of(evidence.symbol)
    stamp = "datetime64[us, UTC]"
    schema = pa.DataFrameSchema(
        {
            "symbol": column("category", all_equal(evidence.symbol)),
            "trading_day": column(None),
            "orb_label": column("category", one_of(*sessions.labels)),
            "orb_minutes": column("int64", all_equal(grid.orb_minutes)),
            "orb_start_ts": column(stamp),
            "orb_high": column("float64", above(0), nullable=True),
            "orb_low": column("float64", above(0), nullable=True),
            "orb_size": column("float64", at_least(0), nullable=True),
            "break_dir": column("category", one_of("long", "short"), nullable=True),
            "break_ts": column(stamp, nullable=True),
            "break_volume": column(None, at_least(0), nullable=True),
            "rel_volume": column("float64", at_least(0), nullable=True),
        },
        checks=[
            rule("one row a day and session", lambda rows: not rows.duplicated(["trading_day", "orb_label"]).any()),
            rule("in order of time", lambda rows: rows["orb_start_ts"].is_monotonic_increasing),
            null_together("orb_high", "orb_low", "orb_size"),
            null_together("break_dir", "break_ts", "break_volume"),
            rule("orb_size is orb_high - orb_low", _size_is_the_difference),
            rule("only a range with a size breaks", lambda rows: (rows["orb_size"] > 0) | rows["break_dir"].isna()),
            rule("a break comes after the range", _break_after_range),
            rule("rel_volume only where it broke", lambda rows: rows["rel_volume"].isna() | rows["break_dir"].notna()),
        ],
    )
    return judge_schema(schema, evidence.judged)


def _size_is_the_difference(rows: Frame) -> pd.Series[bool]:
    return ((rows["orb_high"] - rows["orb_low"] - rows["orb_size"]).abs() < 1e-6) | rows["orb_size"].isna()


def _break_after_range(rows: Frame) -> pd.Series[bool]:
    ends = rows["orb_start_ts"] + pd.to_timedelta(rows["orb_minutes"], unit="min")
    return (rows["break_ts"] >= ends) | rows["break_ts"].isna()
