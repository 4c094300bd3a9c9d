"""Paper days and trading events: what each day was traded with, and what happened besides trades."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd

from orb_pipeline.errors import OrbError
from orb_pipeline.storage.warehouse import utc_frame

Connection = duckdb.DuckDBPyConnection

EXPECTED_DAYS = 7  # an account that has not traded for longer is not waited for

_KEY = "mode = 'paper' and account = ? and trading_day = ?"
_OF_THE_WRITER = ("journal_id", "run_id", "created_at")
_DECISION = ("decided_ts", "decided_price", "direction", "contracts", "risk_check_passed", "risk_check", "entry_ts")


class JournalContradictedError(OrbError):
    """A decision that was journalled has come out otherwise: never written; the day's tape and terms show why."""

    exit_code = 1


@dataclass(frozen=True)
class StoredDay:
    """A row of `paper_days`; see the migration."""

    account: str
    trading_day: dt.date
    terms: Mapping[str, Any]
    members: Sequence[Mapping[str, Any]]
    contents: Mapping[str, str]
    equity: float
    highest_equity: float
    lost_on: dt.date | None
    began_at: dt.datetime
    finished_at: dt.datetime | None
    simulated: bool


@dataclass(frozen=True)
class TradingEvent:
    """A row of `trading_events`; `source` says what made it, so that it is recorded once."""

    event_ts: dt.datetime
    event: str
    reason: str
    source: str
    account: str | None = None
    instrument: str | None = None
    trading_day: dt.date | None = None
    check_name: str | None = None


def select_day(connection: Connection, account: str, trading_day: dt.date) -> StoredDay | None:
    row = connection.execute(
        "select account, trading_day, terms, members, contents, equity, highest_equity, lost_on, began_at, "
        "finished_at, simulated from paper_days where account = ? and trading_day = ?",
        [account, trading_day],
    ).fetchone()
    if row is None:
        return None
    name, day, terms, members, contents, *rest = row
    return StoredDay(name, day, json.loads(terms), json.loads(members), json.loads(contents), *rest)


def begin_day(connection: Connection, day: StoredDay) -> None:
    """Fix what a day is traded with."""
    connection.execute(
        "insert into paper_days (account, trading_day, terms, members, contents, equity, highest_equity, lost_on, "
        "began_at, finished_at, simulated, member_count) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            day.account,
            day.trading_day,
            json.dumps(dict(day.terms), default=str),
            json.dumps([dict(member) for member in day.members]),
            json.dumps(dict(day.contents), sort_keys=True),
            day.equity,
            day.highest_equity,
            day.lost_on,
            day.began_at,
            day.finished_at,
            day.simulated,
            len(day.members),
        ],
    )


def finish_day(connection: Connection, account: str, trading_day: dt.date, at: dt.datetime) -> None:
    connection.execute(
        "update paper_days set finished_at = ? where account = ? and trading_day = ? and finished_at is null",
        [at, account, trading_day],
    )


def last_finished(connection: Connection, account: str) -> dt.date | None:
    row = connection.execute(
        "select max(trading_day) from paper_days where account = ? and finished_at is not null", [account]
    ).fetchone()
    return None if row is None else row[0]


def unfinished_elsewhere(connection: Connection, account: str, trading_day: dt.date) -> list[str]:
    """Other accounts that have begun a day up to this one and not finished it, or that traded lately and have yet to
    begin it: within EXPECTED_DAYS before.
    """
    rows = connection.execute(
        "select account from paper_days where account <> $account group by account "
        "having count(*) filter (trading_day <= $day and finished_at is null) > 0 "
        "or (max(trading_day) >= $day - $expected and max(trading_day) < $day) order by account",
        {"account": account, "day": trading_day, "expected": EXPECTED_DAYS},
    ).fetchall()
    return [name for (name,) in rows]


def results_before(connection: Connection, account: str, trading_day: dt.date) -> list[tuple[dt.date, float]]:
    """The paper journal's earlier days in order, each with its result in dollars, summed exactly."""
    rows = connection.execute(
        "select trading_day, pnl_dollars from trade_journal where mode = 'paper' and account = ? and trading_day < ? "
        "and pnl_dollars is not null order by trading_day",
        [account, trading_day],
    ).fetchall()
    days: dict[dt.date, list[float]] = {}
    for day, dollars in rows:
        days.setdefault(day, []).append(dollars)
    return [(day, math.fsum(dollars)) for day, dollars in days.items()]


def lost_on(connection: Connection, account: str, trading_day: dt.date) -> dt.date | None:
    """The earlier day on which a drawdown rule ended the account; None while it lives."""
    row = connection.execute(
        "select min(trading_day) from trading_events where account = ? and event = 'account_lost' and trading_day < ?",
        [account, trading_day],
    ).fetchone()
    return None if row is None else row[0]


def record_events(connection: Connection, events: Sequence[TradingEvent], at: dt.datetime) -> None:
    """Enter those that have not been entered yet."""
    for event in events:
        connection.execute(
            "insert into trading_events (event_ts, account, instrument, trading_day, event, check_name, reason, "
            "source, recorded_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
            [
                event.event_ts,
                event.account,
                event.instrument,
                event.trading_day,
                event.event,
                event.check_name,
                event.reason,
                event.source,
                at,
            ],
        )


def paper_journal(connection: Connection, account: str, trading_day: dt.date) -> pd.DataFrame:
    """The day's rows of the paper journal, by strategy."""
    query = f"select * from trade_journal where {_KEY} order by strategy_id"  # noqa: S608 - a constant
    return utc_frame(connection.execute(query, [account, trading_day]).df())


def merge_paper_day(
    connection: Connection, account: str, trading_day: dt.date, rows: pd.DataFrame, *, run_id: str, at: dt.datetime
) -> list[str]:
    """Make `rows` (columns of JournalEntry, and `simulated`) the day's paper journal, touching only what differs.

    Returns:
        strategies whose row was added or has changed.

    Raises:
        JournalContradictedError: a decision that stands in the journal would change or vanish. Nothing is written.
    """
    present = _by_strategy(paper_journal(connection, account, trading_day))
    table = rows.assign(mode="paper", account=account, run_id=run_id, created_at=pd.Timestamp(at))
    wanted = _by_strategy(table)
    for strategy, stands in present.items():
        _refuse_contradiction(account, trading_day, strategy, stands, wanted.get(strategy))
    changed = sorted(name for name, row in wanted.items() if present.get(name) != row)
    if changed:
        connection.execute(
            f"delete from trade_journal where {_KEY} and list_contains(?::varchar[], strategy_id)",  # noqa: S608
            [account, trading_day, changed],
        )
        connection.register("paper_rows", table[table["strategy_id"].isin(changed)])
        connection.execute("insert into trade_journal by name select * from paper_rows order by strategy_id")
        connection.unregister("paper_rows")
    return changed


def _refuse_contradiction(
    account: str,
    trading_day: dt.date,
    strategy: str,
    stands: Mapping[str, object],
    wanted: Mapping[str, object] | None,
) -> None:
    differing = [name for name in _DECISION if wanted is None or wanted[name] != stands[name]]
    if wanted is not None and stands["exit_ts"] is not None and wanted["exit_ts"] != stands["exit_ts"]:
        differing.append("exit_ts")
    if differing:
        now = "nothing" if wanted is None else ", ".join(f"{name} {wanted[name]}" for name in differing)
        was = ", ".join(f"{name} {stands[name]}" for name in differing)
        message = (
            f"The paper journal of {account} on {trading_day} says of {strategy}: {was}; the day traded again says "
            f"{now}. Expected the same decision. Nothing was written: was a catalogue file changed, or the tape "
            "touched, while the day was open? Put it back, and stop entries with `orb halt` until it is."
        )
        raise JournalContradictedError(message)


def _by_strategy(rows: pd.DataFrame) -> dict[str, dict[str, object]]:
    """Strategy -> what its row says, NULL as None."""
    said = rows[sorted(column for column in rows.columns if column not in _OF_THE_WRITER)]
    said = said.assign(trading_day=pd.to_datetime(said["trading_day"]).dt.date)
    plain = said.astype(object).where(said.notna(), None)
    records: list[dict[Any, object]] = plain.to_dict("records")
    return {str(row["strategy_id"]): {str(name): value for name, value in row.items()} for row in records}
