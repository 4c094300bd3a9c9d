"""The outbox: messages queued once, their way to each channel, and those that never arrived."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

Connection = duckdb.DuckDBPyConnection
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class OutboxMessage:
    """A message to be queued; `channels`: the names of those that are to get it."""

    key: str
    kind: str
    severity: str
    title: str
    body: str
    account: str | None
    trading_day: dt.date | None
    channels: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A message on its way to a channel. `attempts`: how many have failed, the last one for `reason`."""

    channel: str
    key: str
    kind: str
    severity: str
    title: str
    body: str
    account: str | None
    trading_day: dt.date | None
    attempts: int
    reason: str | None
    queued_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A message that a channel did not take."""

    channel: str
    key: str
    severity: str
    title: str
    body: str
    attempts: int
    reason: str
    queued_at: dt.datetime
    died_at: dt.datetime


# What there is to tell.


def select_paper_journal(connection: Connection, since: dt.datetime) -> list[Row]:
    """Rows of the paper journal of days that are open or were finished since then, in the order of what happened."""
    return _rows(
        connection,
        "select journal.* from trade_journal as journal join paper_days using (account, trading_day) "
        "where mode = 'paper' and (finished_at is null or finished_at >= ?) order by decided_ts, strategy_id",
        [since],
    )


def select_finished_days(connection: Connection, since: dt.datetime) -> list[Row]:
    """Paper days that were finished since then."""
    return _rows(
        connection,
        "select account, trading_day, equity, simulated, finished_at, member_count from paper_days "
        "where finished_at >= ? order by finished_at, account",
        [since],
    )


def select_alerts(connection: Connection, since: dt.datetime) -> list[Row]:
    """Alerts that stand, were raised or were over since then."""
    return _rows(
        connection,
        "select * from monitor_alerts where status <> 'resolved' or raised_at >= ? or resolved_at >= ? "
        "order by alert_id",
        [since, since],
    )


def select_events(connection: Connection, since: dt.datetime) -> list[Row]:
    """Trading events that were recorded since then."""
    return _rows(connection, "select * from trading_events where recorded_at >= ? order by event_id", [since])


def select_signals(connection: Connection, since: dt.datetime) -> list[Row]:
    """What was said since then to the persons who place orders."""
    return _rows(connection, "select * from signals where said_at >= ? order by signal_id", [since])


# Queueing.


def not_queued(connection: Connection, keys: Iterable[str]) -> set[str]:
    """Those of `keys` that have never been queued."""
    query = "select key from (select unnest(?::varchar[]) as key) anti join outbox on key = message_key"
    return {key for (key,) in connection.execute(query, [list(keys)]).fetchall()}


def queue(connection: Connection, messages: Sequence[OutboxMessage], at: dt.datetime) -> int:
    """Queue those that have never been; how many. One without channels is recorded and told to nobody."""
    new = not_queued(connection, [message.key for message in messages])
    for message in {message.key: message for message in messages if message.key in new}.values():
        connection.execute(
            "insert into outbox (message_key, kind, severity, title, body, account, trading_day, queued_at) "
            "values (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                message.key,
                message.kind,
                message.severity,
                message.title,
                message.body,
                message.account,
                message.trading_day,
                at,
            ],
        )
        for channel in message.channels:
            connection.execute(
                "insert into outbox_deliveries (message_key, channel, attempts, due_at) values (?, ?, 0, ?)",
                [message.key, channel, at],
            )
    return len(new)


# Delivering.


def select_waiting(connection: Connection, now: dt.datetime | None = None) -> list[Waiting]:
    """What waits, in the order in which it was queued; with `now` only what is due."""
    rows = _rows(
        connection,
        "select channel, message_key as key, kind, severity, title, body, account, trading_day, attempts, reason, "
        "queued_at from outbox_deliveries join outbox using (message_key) where delivered_at is null "
        "and (?::timestamptz is null or due_at <= ?) order by number, channel",
        [now, now],
    )
    return [Waiting(**row) for row in rows]


def record_delivered(connection: Connection, channel: str, keys: Iterable[str], at: dt.datetime) -> None:
    for key in keys:
        connection.execute(
            "update outbox_deliveries set delivered_at = ?, reason = null where message_key = ? and channel = ?",
            [at, key, channel],
        )


def record_failed(
    connection: Connection, channel: str, key: str, *, attempts: int, due_at: dt.datetime, reason: str
) -> None:
    """So many attempts have failed, the last for `reason`; the next one is due then."""
    connection.execute(
        "update outbox_deliveries set attempts = ?, due_at = ?, reason = ? where message_key = ? and channel = ?",
        [attempts, due_at, reason, key, channel],
    )


def bury(connection: Connection, channel: str, key: str, *, attempts: int, reason: str, at: dt.datetime) -> None:
    """Make it a dead letter: it is not tried again."""
    connection.execute("delete from outbox_deliveries where message_key = ? and channel = ?", [key, channel])
    connection.execute(
        "insert into dead_letters (message_key, channel, attempts, reason, died_at) values (?, ?, ?, ?, ?) "
        "on conflict do nothing",
        [key, channel, attempts, reason, at],
    )


def select_dead_letters(connection: Connection) -> list[DeadLetter]:
    """All of them, the latest last."""
    rows = _rows(
        connection,
        "select channel, message_key as key, severity, title, body, attempts, reason, queued_at, died_at "
        "from dead_letters join outbox using (message_key) order by died_at, number, channel",
    )
    return [DeadLetter(**row) for row in rows]


def select_budgets(connection: Connection) -> dict[str, tuple[float, dt.datetime]]:
    """Channel -> how many messages it may get, and as of when."""
    rows = _rows(connection, "select channel, tokens, as_of from channel_budgets")
    return {row["channel"]: (row["tokens"], row["as_of"]) for row in rows}


def keep_budgets(connection: Connection, budgets: Mapping[str, tuple[float, dt.datetime]]) -> None:
    for channel, (tokens, as_of) in budgets.items():
        connection.execute("insert or replace into channel_budgets values (?, ?, ?)", [channel, tokens, as_of])


def _rows(connection: Connection, query: str, values: Sequence[object] = ()) -> list[Row]:
    """Rows by column name, times in UTC."""
    result = connection.execute(query, list(values))
    names = [column[0] for column in result.description or ()]
    return [
        {
            name: value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else value
            for name, value in zip(names, row, strict=True)
        }
        for row in result.fetchall()
    ]
