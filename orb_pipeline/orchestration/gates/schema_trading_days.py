"""Schema of `trading_days`."""

from __future__ import annotations

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
    rule,
)


def judge(evidence: Evidence) -> GateResult:
    price = column("float64", above(0), nullable=True)
    schema = pa.DataFrameSchema(
        {
            "symbol": column("category", all_equal(evidence.symbol)),
            "trading_day": column(None),
            "source_symbol": column("category", nullable=True),
            "bar_count": column("int64", at_least(0)),
            "open": price,
            "high": price,
            "low": price,
            "close": price,
            "volume": column(None, at_least(0), nullable=True),
            "first_ts": column("datetime64[us, UTC]", nullable=True),
            "last_ts": column("datetime64[us, UTC]", nullable=True),
            "landed_bar_count": column("int64", above(0)),
            "usual_bar_count": column("float64", at_least(0), nullable=True),
            "simulated": column("bool"),
        },
        checks=[
            rule(
                "one row a day, in order of time",
                lambda days: days["trading_day"].is_monotonic_increasing and days["trading_day"].is_unique,
            ),
            rule("high >= low", lambda days: (days["high"] >= days["low"]) | days["high"].isna()),
            rule("first_ts <= last_ts", lambda days: (days["first_ts"] <= days["last_ts"]) | days["first_ts"].isna()),
            rule("prices and times exactly where there are bars", _priced_where_bars),
            rule(
                "bars of the front month <= bars of all contracts",
                lambda days: days["bar_count"] <= days["landed_bar_count"],
            ),
            rule(
                "a day with bars has a front month",
                lambda days: days["source_symbol"].notna() | (days["bar_count"] == 0),
            ),
            null_together("open", "high", "low", "close"),
        ],
    )
    return judge_schema(schema, evidence.judged)


def _priced_where_bars(days: Frame) -> bool:
    has_bars = days["bar_count"] > 0
    return all(bool((days[name].notna() == has_bars).all()) for name in ("open", "first_ts", "last_ts"))
