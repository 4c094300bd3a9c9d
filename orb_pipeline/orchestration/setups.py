"""`validated_setups` as rows of the warehouse, and the hash that stands for an instrument's rows."""

from __future__ import annotations

import hashlib

import duckdb
import pandas as pd

from orb_pipeline.storage.warehouse import utc_frame

Connection = duckdb.DuckDBPyConnection


def select(connection: Connection, instrument: str) -> pd.DataFrame:
    """The instrument's setups, active and retired, by identifier."""
    query = "select * from validated_setups where instrument = ? order by strategy_id"
    return utc_frame(connection.execute(query, [instrument]).df())


def replace(connection: Connection, instrument: str, setups: pd.DataFrame) -> None:
    """Put `setups` in the place of the instrument's rows."""
    connection.execute("delete from validated_setups where instrument = ?", [instrument])
    if len(setups):
        connection.register("new_setups", setups)
        connection.execute("insert into validated_setups by name select * from new_setups")
        connection.unregister("new_setups")


def content_hash(setups: pd.DataFrame) -> str:
    """SHA-256 of the rows written down canonically: by identifier, columns by name, floats to the last bit."""
    ordered = setups.sort_values("strategy_id")[sorted(setups.columns)]
    text = ordered.to_csv(index=False, na_rep="NULL")
    return hashlib.sha256(text.encode()).hexdigest()
