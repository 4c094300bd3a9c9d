"""The ledger of trials: what has ever been evaluated, so that nobody forgets how many were looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import duckdb
import pandas as pd


def record_trials(
    connection: duckdb.DuckDBPyConnection,
    instrument: str,
    strategy_ids: Sequence[str],
    *,
    configuration_hash: str,
    data_hash: str,
    run_id: str,
    at: dt.datetime,
) -> int:
    """Add what has not been evaluated before; returns how many that are."""
    tried = pd.DataFrame(
        {
            "instrument": instrument,
            "strategy_id": list(strategy_ids),
            "configuration_hash": configuration_hash,
            "data_hash": data_hash,
            "tried_at": pd.Timestamp(at),
            "run_id": run_id,
        }
    )
    connection.register("tried", tried)
    row = connection.execute(
        "insert into trials by name select * from tried anti join trials "
        "using (instrument, strategy_id, configuration_hash, data_hash)"
    ).fetchone()
    connection.unregister("tried")
    return int(row[0]) if row else 0
