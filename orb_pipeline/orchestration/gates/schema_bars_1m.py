"""Schema of `bars_1m`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pandera.pandas as pa

from orb_pipeline.market.ticks import to_ticks
from orb_pipeline.market.trading_day import minutes_of
from orb_pipeline.orchestration.gates.base import Evidence, GateResult
from orb_pipeline.orchestration.gates.schemas import above, all_equal, at_least, column, judge_schema, rule


def judge(evidence: Evidence) -> GateResult:
    tick = evidence.instrument.tick

    def on_grid(prices: pd.Series) -> pd.Series[bool]:
        return pd.Series(to_ticks(prices, tick)[1], index=prices.index)

    price = column("float64", above(0), pa.Check(on_grid, error=f"a multiple of the tick {tick}", n_failure_cases=3))
    schema = pa.DataFrameSchema(
        {
            "ts_utc": column("datetime64[us, UTC]", pa.Check(_whole_minutes, error="a whole minute")),
            "symbol": column("category", all_equal(evidence.symbol)),
            "source_symbol": column("category"),
            "open": price,
            "high": price,
            "low": price,
            "close": price,
            "volume": column("int64", at_least(0)),
        },
        checks=[
            rule("at least one bar", lambda bars: len(bars) > 0),
            rule("one bar a minute, in order of time", _one_a_minute_in_order),
            rule(
                "high is the highest price",
                lambda bars: (bars["high"] >= bars["open"]) & (bars["high"] >= bars["close"]),
            ),
            rule(
                "low is the lowest price", lambda bars: (bars["low"] <= bars["open"]) & (bars["low"] <= bars["close"])
            ),
            rule("low <= high", lambda bars: bars["low"] <= bars["high"]),
        ],
    )
    return judge_schema(schema, evidence.judged)


def _one_a_minute_in_order(bars: pd.DataFrame) -> bool:
    return bool((np.diff(minutes_of(bars["ts_utc"])) > 0).all())


def _whole_minutes(stamps: pd.Series) -> bool:
    return bool((stamps.dt.tz_localize(None).to_numpy("datetime64[us]").astype("int64") % 60_000_000 == 0).all())
