"""Tables whose names and columns are settled, but which no asset of this version fills yet.

A query over one of them answers with no rows instead of an error, so that scripts can be written against it. A table
that gets its migration or its place in the lake leaves this list.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

_TS = pa.timestamp("us", tz="UTC")
_DAY = pa.date32()
_TEXT = pa.string()
_REAL = pa.float64()
_WHOLE = pa.int64()
_FLAG = pa.bool_()


def _schemas(tables: Mapping[str, Mapping[str, pa.DataType]]) -> dict[str, pa.Schema]:
    return {name: pa.schema(list(columns.items())) for name, columns in tables.items()}


PROMISED_TABLES = _schemas(
    {
        "reconciliation": {"account": _TEXT, "trading_day": _DAY, "strategy_id": _TEXT, "difference": _TEXT},
        "trading_events": {"event_ts": _TS, "account": _TEXT, "instrument": _TEXT, "event": _TEXT, "reason": _TEXT},
        "monitor_alerts": {
            "alert_id": _WHOLE,
            "raised_at": _TS,
            "alert": _TEXT,
            "severity": _TEXT,
            "strategy_id": _TEXT,
            "trading_day": _DAY,
            "value": _REAL,
            "threshold": _REAL,
            "message": _TEXT,
            "status": _TEXT,
            "acknowledged_at": _TS,
        },
    }
)
