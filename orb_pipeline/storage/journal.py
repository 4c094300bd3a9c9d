"""The trade journal's one way in: whole trading days, replaced and never doubled.

A day's rows are those of one mode and one account. A transaction holds whole days, so a writer that is killed leaves
every day as it was or as it is meant to be. Writing the same rows again changes nothing: days that stand as they should
are left.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

import duckdb
import pandas as pd
import pyarrow as pa

from orb_pipeline.storage.warehouse import Warehouse, utc_frame

_ROWS_A_TRANSACTION = 2_000  # some 20 ms, in which others wait for the file
_OF_THE_WRITER = ("journal_id", "run_id", "created_at")  # not part of what a row says

Connection = duckdb.DuckDBPyConnection
Day = dt.date


def select_journal(connection: Connection, mode: str, account: str) -> pd.DataFrame:
    """Rows of one mode and account, in order of day and strategy."""
    query = "select * from trade_journal where mode = ? and account = ? order by trading_day, strategy_id"
    return utc_frame(connection.execute(query, [mode, account]).df())


def replace_journal(
    warehouse: Warehouse, mode: str, account: str, rows: pd.DataFrame, *, run_id: str, at: dt.datetime
) -> list[Day]:
    """Make `rows` the journal of this mode and account; days that are not among them are emptied.

    Args:
        rows: columns of `trade_journal` but mode, journal_id, run_id and created_at.
        at: now, aware.

    Returns:
        the days that were written.
    """
    with warehouse.transaction() as connection:
        present = select_journal(connection, mode, account)
    table = rows.assign(mode=mode, account=account, run_id=run_id, created_at=pd.Timestamp(at))
    wanted, stored = _by_day(table), _by_day(present)
    changed = sorted(day for day in wanted.keys() | stored.keys() if wanted.get(day) != stored.get(day))
    write_days(warehouse, mode, account, table, changed)
    return changed


def write_days(warehouse: Warehouse, mode: str, account: str, rows: pd.DataFrame, days: Iterable[Day]) -> None:
    """Replace `days` by what `rows` (all columns but journal_id) hold of them, many small days in one transaction."""
    counts = rows["trading_day"].value_counts()
    for batch in _batches(days, counts):
        source = pa.Table.from_pandas(rows[rows["trading_day"].isin(batch)], preserve_index=False)
        with warehouse.transaction() as connection:
            connection.execute(
                "delete from trade_journal where mode = ? and account = ? and list_contains(?::date[], trading_day)",
                [mode, account, batch],
            )
            connection.register("journal_rows", source)
            connection.execute("insert into trade_journal by name from journal_rows order by trading_day, strategy_id")


def _batches(days: Iterable[Day], counts: pd.Series[int]) -> Iterator[list[Day]]:
    """Days in order, in runs of about _ROWS_A_TRANSACTION rows."""
    batch: list[Day] = []
    held = 0
    for day in days:
        batch.append(day)
        held += int(counts.get(day, 0)) + 1
        if held >= _ROWS_A_TRANSACTION:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _by_day(rows: pd.DataFrame) -> dict[Day, list[tuple[object, ...]]]:
    """Day -> what its rows say, in one order; NULL as None."""
    said = rows[sorted(column for column in rows.columns if column not in _OF_THE_WRITER)]
    plain = said.astype(object).where(said.notna(), None).sort_values(["trading_day", "strategy_id"])
    days = pd.to_datetime(plain["trading_day"]).dt.date
    by_day: dict[Day, list[tuple[object, ...]]] = {}
    for day, row in zip(days, plain.drop(columns="trading_day").itertuples(index=False, name=None), strict=True):
        by_day.setdefault(day, []).append(row)
    return by_day
