"""Orders of accounts whose orders leave the house: what should stand, what was filled, what was said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import duckdb

Connection = duckdb.DuckDBPyConnection
Row = Mapping[str, object]

FILL_COLUMNS = (
    "execution_id",
    "client_id",
    "account",
    "contract",
    "side",
    "quantity",
    "price",
    "filled_at",
    "fill_source",
)


def replace_orders(
    connection: Connection, account: str, trading_day: dt.date, rows: Sequence[Row], at: dt.datetime
) -> None:
    """Make `rows` (columns of `paper_orders`) the last word on the day's orders."""
    connection.execute("delete from paper_orders where account = ? and trading_day = ?", [account, trading_day])
    for row in rows:
        _insert(connection, "paper_orders", {**row, "wished_at": at})


def select_orders(connection: Connection, account: str, trading_day: dt.date) -> list[dict[str, object]]:
    return _rows(
        connection,
        "select * from paper_orders where account = ? and trading_day = ? order by strategy_id",
        [account, trading_day],
    )


def record_fills(connection: Connection, rows: Iterable[Row], at: dt.datetime) -> int:
    """Enter fills (FILL_COLUMNS) that are not known yet; how many were not."""
    known = {name for (name,) in connection.execute("select execution_id from broker_fills").fetchall()}
    new = [row for row in rows if row["execution_id"] not in known]
    for row in new:
        _insert(connection, "broker_fills", {**row, "recorded_at": at})
    return len(new)


def select_fills(connection: Connection, account: str) -> list[dict[str, object]]:
    """In order of time."""
    columns = ", ".join(FILL_COLUMNS)
    query = f"select {columns} from broker_fills where account = ? order by filled_at, execution_id"  # noqa: S608 - ours
    return _rows(connection, query, [account])


def record_signals(
    connection: Connection, account: str, trading_day: dt.date, said: Sequence[tuple[str, str]], at: dt.datetime
) -> None:
    """Enter messages, each with the JSON of what it asked for."""
    for message, document in said:
        row = {"account": account, "trading_day": trading_day, "message": message, "document": document, "said_at": at}
        _insert(connection, "signals", row)


def select_signals(connection: Connection, account: str) -> list[str]:
    """The documents of all that was said, in order."""
    rows = connection.execute("select document from signals where account = ? order by signal_id", [account])
    return [document for (document,) in rows.fetchall()]


def _insert(connection: Connection, table: str, row: Row) -> None:
    places = ", ".join("?" * len(row))
    connection.execute(f"insert into {table} ({', '.join(row)}) values ({places})", list(row.values()))  # noqa: S608 - ours


def _rows(connection: Connection, query: str, values: Sequence[object]) -> list[dict[str, object]]:
    result = connection.execute(query, list(values))
    names = [column[0] for column in result.description or ()]
    return [
        {
            name: value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else value
            for name, value in zip(names, row, strict=True)
        }
        for row in result.fetchall()
    ]
