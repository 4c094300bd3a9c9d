"""Rows of reconciled days, in and out. A day's rows are replaced, never doubled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import duckdb

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class DifferenceRow:
    """A row of `reconciliation`, but for its account, its day and when it was written."""

    instrument: str
    strategy_id: str
    difference: str
    cause: str
    explained: bool
    detail: str
    paper_r: float | None
    backtest_r: float | None


def replace_reconciled(
    connection: Connection,
    account: str,
    trading_day: dt.date,
    differences: Sequence[DifferenceRow],
    *,
    compared: int,
    at: dt.datetime,
) -> None:
    """Make these the rows of one account's day.

    Args:
        compared: strategies with an entry on either side.
        at: now, aware.
    """
    day = [account, trading_day]
    for table in ("reconciliation", "reconciled_days"):
        connection.execute(f"delete from {table} where account = ? and trading_day = ?", day)  # noqa: S608 - ours
    for difference in differences:
        row = asdict(difference)
        places = ", ".join("?" * (len(row) + 3))
        connection.execute(
            f"insert into reconciliation (account, trading_day, reconciled_at, {', '.join(row)}) values ({places})",  # noqa: S608
            [*day, at, *row.values()],
        )
    unexplained = sum(not difference.explained for difference in differences)
    connection.execute(
        "insert into reconciled_days (account, trading_day, compared, differing, unexplained, all_explained, "
        "reconciled_at) values (?, ?, ?, ?, ?, ?, ?)",
        [*day, compared, len(differences), unexplained, unexplained == 0, at],
    )


def count_passed_days(connection: Connection, account: str) -> int:
    """Days of the account that show something: traded while they went on, on real bars, every difference explained.

    A day that was traded after its end, a rehearsal of history, shows nothing of the future; nor does one on which
    neither side had an entry.
    """
    row = connection.execute(
        "select count(*) from reconciled_days join paper_days using (account, trading_day) where account = ? "
        "and all_explained and compared > 0 and not simulated "
        "and began_at < (trading_day + interval 23 hours)::timestamp at time zone 'UTC'",
        [account],
    ).fetchone()
    return int(row[0]) if row else 0


def select_late_bars(
    connection: Connection, instrument: str, first: dt.datetime, end: dt.datetime
) -> list[tuple[str, dt.datetime]]:
    """Contract and minute of live bars that came too late, from `first` up to before `end` (aware)."""
    rows = connection.execute(
        "select distinct raw ->> '$.source_symbol', cast(raw ->> '$.ts_utc' as timestamptz) as ts_utc "
        "from rejected_bars where instrument = ? and reason = 'late_bar' and ts_utc >= ? and ts_utc < ? order by all",
        [instrument, first, end],
    ).fetchall()
    return [(contract, time.astimezone(dt.UTC)) for contract, time in rows]
