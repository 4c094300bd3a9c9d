"""Alerts: what an operator should know of, raised once for each condition while it stands.

A condition stands from the moment it is raised until it is resolved. Acknowledging an alert says that somebody has seen
it; the condition stands on, and is not raised again. One that was resolved and comes about anew is raised anew. One
that becomes graver, or grows after it was acknowledged, opens again, for what was acknowledged was less; one that
becomes lighter stays as grave as it was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

import duckdb

from orb_pipeline.errors import InputError

Connection = duckdb.DuckDBPyConnection
RejectedOf = tuple[str, dt.date | None, str]
"""Instrument, trading day (None where the row has no readable time) and reason."""

BARS_REJECTED = "bars_rejected"


class Severity(StrEnum):
    """INFO: for the record. WARNING: to be looked at. CRITICAL: no entries until it is acknowledged."""

    INFO = "INFO"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"

    def is_graver_than(self, other: Severity) -> bool:
        order = list(Severity)
        return order.index(self) > order.index(other)


class Status(StrEnum):
    """OPEN: nobody has acknowledged it. ACKNOWLEDGED: seen, and it stands. RESOLVED: it is over."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One thing to be told.

    Attributes:
        alert: its kind, such as `bars_rejected`.
        condition: what it is about: the same text for the same thing, another one for another.
        message: a paragraph for the operator.
        value: what was seen; threshold: where it begins to be worth an alert; both in the alert's own unit.
        expected: the backtest's figure, or what is normal; sample_size: over how many trades or days `value` is;
            chance: of such a value or worse without any drift.
        raised_at: aware.
    """

    alert: str
    condition: str
    severity: Severity
    message: str
    raised_at: dt.datetime
    account: str | None = None
    instrument: str | None = None
    strategy_id: str | None = None
    trading_day: dt.date | None = None
    value: float | None = None
    threshold: float | None = None
    expected: float | None = None
    sample_size: int | None = None
    chance: float | None = None


@dataclass(frozen=True, kw_only=True)
class StoredAlert(Alert):
    """An alert with its number and what became of it."""

    alert_id: int
    occurrence: int
    status: Status
    acknowledged_at: dt.datetime | None
    acknowledged_by: str | None
    resolved_at: dt.datetime | None
    escalated_at: dt.datetime | None


class Change(StrEnum):
    """What became of an alert."""

    RAISED = "raised"
    ESCALATED = "escalated"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Changed:
    change: Change
    alert: StoredAlert


def settle(
    connection: Connection, alerts: Iterable[Alert], kinds: Collection[str], at: dt.datetime
) -> tuple[Changed, ...]:
    """Make `alerts` all that stands of these kinds: raise what is new, escalate what is graver, resolve what is over.

    What stands on takes its present figures and words without opening again. Told the same again, nothing changes but
    `last_evaluated`. Alerts of other kinds are left alone.

    Raises:
        ValueError: an alert is of none of `kinds`, or two have one condition.
    """
    wanted = _by_condition(alerts, kinds)
    standing = {alert.condition: alert for alert in standing_alerts(connection) if alert.alert in kinds}
    changes: dict[str, Change] = {}
    for condition, alert in wanted.items():
        known = standing.get(condition)
        if known is None:
            raise_alert(connection, alert)
            changes[condition] = Change.RAISED
        elif alert.severity.is_graver_than(known.severity):
            _restate(connection, known, alert, escalated_at=at)
            changes[condition] = Change.ESCALATED
        elif alert.severity is known.severity and alert.message != known.message:
            _restate(connection, known, alert)
    for condition in standing.keys() - wanted.keys():
        resolve(connection, condition, at)
        changes[condition] = Change.RESOLVED
    connection.execute("delete from alerts_evaluated")
    connection.execute("insert into alerts_evaluated values (?)", [at])
    found = [Changed(change, _present(connection, condition)) for condition, change in changes.items()]
    return tuple(sorted(found, key=lambda item: item.alert.alert_id))


def last_evaluated(connection: Connection) -> dt.datetime | None:
    """When alerts were last asked for, aware; None: never."""
    row = connection.execute("select max(evaluated_at) from alerts_evaluated").fetchone()
    return row[0].astimezone(dt.UTC) if row is not None and row[0] is not None else None


def _by_condition(alerts: Iterable[Alert], kinds: Collection[str]) -> dict[str, Alert]:
    found: dict[str, Alert] = {}
    for alert in alerts:
        if alert.alert not in kinds or alert.condition in found:
            message = f"{alert.condition} is of none of the kinds {', '.join(kinds)}, or is there twice."
            raise ValueError(message)
        found[alert.condition] = alert
    return found


def _restate(connection: Connection, known: StoredAlert, alert: Alert, escalated_at: dt.datetime | None = None) -> None:
    """Give a standing alert the figures and words of the present; escalated, it opens again."""
    figures = {name: getattr(alert, name) for name in _RESTATED}
    if escalated_at is not None:
        figures |= {"severity": alert.severity.value, "escalated_at": escalated_at, "status": Status.OPEN.value}
        figures |= {"acknowledged_at": None, "acknowledged_by": None}
    assignments = ", ".join(f"{name} = ?" for name in figures)
    query = f"update monitor_alerts set {assignments} where alert_id = ?"  # noqa: S608 - names declared here
    connection.execute(query, [*figures.values(), known.alert_id])


_RESTATED = ("message", "value", "threshold", "expected", "sample_size", "chance")


def _present(connection: Connection, condition: str) -> StoredAlert:
    found = _last_of(connection, condition)
    assert found is not None  # noqa: S101 - it was written in this transaction
    return found


def raise_alert(connection: Connection, alert: Alert) -> bool:
    """Raise it unless its condition stands already; whether it was raised."""
    last = _last_of(connection, alert.condition)
    if last is not None and last.status is not Status.RESOLVED:
        return False
    row = asdict(alert) | {
        "severity": alert.severity.value,
        "occurrence": 1 if last is None else last.occurrence + 1,
        "status": Status.OPEN.value,
    }
    places = ", ".join("?" * len(row))
    connection.execute(f"insert into monitor_alerts ({', '.join(row)}) values ({places})", list(row.values()))  # noqa: S608
    return True


def raise_or_restate(connection: Connection, alert: Alert, at: dt.datetime) -> None:
    """Raise it; one that stands takes these figures and words, and opens again where its value has grown."""
    known = _last_of(connection, alert.condition)
    if known is None or known.status is Status.RESOLVED:
        raise_alert(connection, alert)
        return
    is_more = known.status is Status.ACKNOWLEDGED and (alert.value or 0.0) > (known.value or 0.0)
    _restate(connection, known, alert, escalated_at=at if is_more else None)


def resolve(connection: Connection, condition: str, at: dt.datetime) -> bool:
    """The condition is over, whether anybody saw it or not; whether it stood."""
    last = _last_of(connection, condition)
    if last is None or last.status is Status.RESOLVED:
        return False
    connection.execute(
        "update monitor_alerts set status = ?, resolved_at = ? where alert_id = ?",
        [Status.RESOLVED.value, at, last.alert_id],
    )
    return True


def resolve_all(
    connection: Connection,
    alert: str,
    at: dt.datetime,
    *,
    but: Collection[str] = (),
    account: str | None = None,
    before: dt.date | None = None,
) -> None:
    """All that stands of a kind is over, but for these conditions; of one account, of trading days before one.

    An alert that names no trading day is of the one on which it was raised, or last opened again.
    """
    connection.execute(
        "update monitor_alerts set status = $resolved, resolved_at = $at where alert = $alert and status <> $resolved "
        "and not list_contains($but::varchar[], condition) and ($account is null or account = $account) "
        "and ($before::date is null or coalesce(trading_day, (coalesce(escalated_at, raised_at) at time zone 'UTC' "
        "+ interval 1 hour)::date) < $before)",
        {
            "resolved": Status.RESOLVED.value,
            "at": at,
            "alert": alert,
            "but": sorted(but),
            "account": account,
            "before": before,
        },
    )


def raise_rejections(
    connection: Connection, counts: Mapping[RejectedOf, tuple[int, str]], at: dt.datetime
) -> list[Alert]:
    """One alert for each instrument, trading day and reason, not one for each bar; those that are new or have grown.

    Told the same counts again, nothing changes. Where more were rejected since, the alert takes the new count, and one
    that was acknowledged opens again.

    Args:
        counts: how many rows stand in `rejected_bars` in all, and the file of the latest.
    """
    changed = []
    for (instrument, trading_day, reason), (count, file) in counts.items():
        alert = _rejection_alert(instrument, trading_day, reason, count, file, at)
        last = _last_of(connection, alert.condition)
        if count > (0 if last is None else last.value or 0):
            changed.append(alert)
            raise_or_restate(connection, alert, at)
    return changed


def acknowledge(connection: Connection, alert_id: int, at: dt.datetime, by: str) -> StoredAlert:
    """Record that `by` has seen an open alert; the alert as it is now.

    Raises:
        InputError: no alert has this number, or it is not open any more.
    """
    found = _select(connection, "alert_id = ?", [alert_id])
    if not found:
        numbers = ", ".join(str(alert.alert_id) for alert in open_alerts(connection)) or "none"
        message = f"There is no alert {alert_id}; expected an open one ({numbers}). `orb alerts` lists them."
        raise InputError(message)
    (alert,) = found
    if alert.status is not Status.OPEN:
        message = f"Alert {alert_id} ({alert.alert}) {_end_of(alert)}. `orb alerts` lists the open ones."
        raise InputError(message)
    connection.execute(
        "update monitor_alerts set status = ?, acknowledged_at = ?, acknowledged_by = ? where alert_id = ?",
        [Status.ACKNOWLEDGED.value, at, by, alert_id],
    )
    (acknowledged,) = _select(connection, "alert_id = ?", [alert_id])
    return acknowledged


def open_alerts(connection: Connection) -> list[StoredAlert]:
    """Those that nobody has acknowledged and that are not over, in the order in which they were raised."""
    return _select(connection, "status = ?", [Status.OPEN.value])


def standing_alerts(connection: Connection) -> list[StoredAlert]:
    """Open ones, and those that were acknowledged and are not over."""
    return _select(connection, "status <> ?", [Status.RESOLVED.value])


def all_alerts(connection: Connection) -> list[StoredAlert]:
    """Every one there ever was."""
    return _select(connection, "true", [])


def unacknowledged_critical(connection: Connection) -> list[StoredAlert]:
    """Open CRITICAL alerts, which stop entries."""
    return _select(connection, "status = ? and severity = ?", [Status.OPEN.value, Severity.CRITICAL.value])


_COLUMNS = [field.name for field in fields(StoredAlert)]


def _select(connection: Connection, where: str, values: list[object]) -> list[StoredAlert]:
    query = f"select {', '.join(_COLUMNS)} from monitor_alerts where {where} order by alert_id"  # noqa: S608 - ours
    return [_stored(row) for row in connection.execute(query, values).fetchall()]


def _stored(row: tuple[object, ...]) -> StoredAlert:
    named = {
        name: value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else value
        for name, value in zip(_COLUMNS, row, strict=True)
    }
    return StoredAlert(**named | {"severity": Severity(named["severity"]), "status": Status(named["status"])})  # type: ignore[arg-type]


def _last_of(connection: Connection, condition: str) -> StoredAlert | None:
    """The latest alert of a condition, over or not."""
    found = _select(connection, "condition = ?", [condition])
    return found[-1] if found else None


def _rejection_alert(
    instrument: str, trading_day: dt.date | None, reason: str, count: int, file: str, at: dt.datetime
) -> Alert:
    of_day = f" of {trading_day}" if trading_day else " without a time that can be right"
    rows = "1 row" if count == 1 else f"{count} rows"
    message = (
        f"{rows} of {instrument}{of_day} rejected: {reason}, the latest in {file}. They stand in table rejected_bars."
    )
    return Alert(
        alert=BARS_REJECTED,
        condition=f"{BARS_REJECTED}:{instrument}:{trading_day}:{reason}",
        severity=Severity.WARNING,
        message=message,
        raised_at=at,
        instrument=instrument,
        trading_day=trading_day,
        value=float(count),
        threshold=0.0,
    )


def _end_of(alert: StoredAlert) -> str:
    """How it stopped being open, and that there is nothing left to do."""
    if alert.status is Status.ACKNOWLEDGED:
        when = f"{alert.acknowledged_at:%Y-%m-%d %H:%M} UTC"
        return f"was acknowledged by {alert.acknowledged_by} at {when} already; there is nothing left to do"
    return f"was resolved at {alert.resolved_at:%Y-%m-%d %H:%M} UTC: it is over and needs no acknowledgement"
