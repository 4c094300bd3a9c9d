"""Tables that live in the warehouse: how a scope's rows are read and replaced, and the hash that stands for them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb
import pandas as pd
import pyarrow as pa

from orb_pipeline.orchestration.scope import ScopeKind
from orb_pipeline.orchestration.stored import StoredTable
from orb_pipeline.storage.warehouse import utc_frame

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Rows:
    """One table of the warehouse, of it the rows that are an asset's or belong to one.

    Attributes:
        kind: what its rows belong to; the column of that name holds the scope.
        key: the columns that tell one row of a scope from another; rows are in their order.
        only: columns with the values that they have in the asset's rows, where the table holds others, too.
        remarks: columns that are no content: such as say when or by which run a row was written.
        shared: rows that name no scope are every scope's.
        common: a column and the value of which rows are every scope's, whichever they name.
    """

    table: str
    kind: ScopeKind
    key: tuple[str, ...]
    only: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    shared: bool = False
    common: tuple[str, object] | None = None

    def select(self, connection: Connection, scope: str) -> pd.DataFrame:
        """The scope's rows by key, times in UTC."""
        where, values = self._where(scope)
        order = ", ".join(self.key)
        query = f"select * from {self.table} where {where} order by {order}"  # noqa: S608 - names declared below
        return utc_frame(connection.execute(query, values).df())

    def replace(self, connection: Connection, scope: str, rows: pd.DataFrame) -> None:
        """Put `rows` in the place of the scope's."""
        where, values = self._where(scope)
        connection.execute(f"delete from {self.table} where {where}", values)  # noqa: S608 - names declared below
        if len(rows):
            connection.register("new_rows", rows)
            connection.execute(f"insert into {self.table} by name select * from new_rows")  # noqa: S608 - likewise
            connection.unregister("new_rows")

    def stored(self, connection: Connection, scope: str) -> StoredTable:
        """The scope's rows as they are now, with their hash."""
        frame = self.select(connection, scope)
        return StoredTable(self.content_hash(frame), lambda: pa.Table.from_pandas(frame, preserve_index=False))

    def content_hash(self, rows: pd.DataFrame) -> str:
        """SHA-256 of the rows written down canonically: by key, columns by name, floats to the last bit."""
        columns = sorted(set(rows.columns).difference(self.remarks))
        text = rows.sort_values(list(self.key))[columns].to_csv(index=False, na_rep="NULL")
        return hashlib.sha256(text.encode()).hexdigest()

    def _where(self, scope: str) -> tuple[str, list[object]]:
        own, values = [f"{self.kind.value} = ?"], list[object]([scope])
        if self.shared:
            own.append(f"{self.kind.value} is null")
        if self.common is not None:
            column, value = self.common
            own.append(f"{column} = ?")
            values.append(value)
        where = [f"({' or '.join(own)})"]
        for column, allowed in self.only.items():
            where.append(f"{column} in ({', '.join('?' * len(allowed))})")
            values.extend(allowed)
        return " and ".join(where), values


WAREHOUSE_TABLES: dict[str, Rows] = {
    "validated_setups": Rows("validated_setups", ScopeKind.INSTRUMENT, ("strategy_id",)),
    "portfolio": Rows("portfolio_strategies", ScopeKind.ACCOUNT, ("position",)),
    "portfolio_candidates": Rows("portfolio_candidates", ScopeKind.ACCOUNT, ("rank",)),
    "portfolio_correlations": Rows("portfolio_correlations", ScopeKind.ACCOUNT, ("strategy_id", "other_id")),
    "walk_forward": Rows("walk_forward_summary", ScopeKind.ACCOUNT, ("fold",)),
    "walk_forward_folds": Rows("walk_forward_folds", ScopeKind.ACCOUNT, ("fold", "position")),
    "trade_journal": Rows(
        "trade_journal",
        ScopeKind.ACCOUNT,
        ("mode", "trading_day", "strategy_id"),
        only={"mode": ("replay", "walk_forward")},
        remarks=("journal_id", "run_id", "created_at"),
    ),
    "monitor_alerts": Rows(
        "monitor_alerts",
        ScopeKind.ACCOUNT,
        ("alert_id",),
        only={"status": ("open", "acknowledged")},
        remarks=(
            "message",
            "value",
            "threshold",
            "expected",
            "sample_size",
            "chance",
        ),  # go on changing while it stands
        shared=True,
        common=("severity", "CRITICAL"),  # stops the entries of every account
    ),
}
"""What assets keep in the warehouse, by the name under which it is read: an asset's, or that of a table beside one."""
