"""From the outbox to the channels, and what became of it back into the outbox."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import filelock

from orb_pipeline.catalogue import Notifications
from orb_pipeline.monitoring.notification import news
from orb_pipeline.monitoring.notification.addresses import Addresses, read_addresses
from orb_pipeline.monitoring.notification.message import Message
from orb_pipeline.monitoring.notification.retry import next_attempt
from orb_pipeline.monitoring.notification.sending import Outcome, send
from orb_pipeline.monitoring.notification.spacing import Bucket, Sending, spaced
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import Home, notification_addresses
from orb_pipeline.storage import notifications as outbox
from orb_pipeline.storage.alerts import Alert, Severity, raise_alert, resolve

Connection = duckdb.DuckDBPyConnection
Budgets = Mapping[str, tuple[float, dt.datetime]]

ALERT = "notifications"


@dataclass(frozen=True)
class Delivered:
    """What a delivery did.

    Attributes:
        delivered: messages that a channel took, counted by channel and message; failed: those that wait for another
            attempt; buried: those that became dead letters.
        waiting: those that wait for room or for their time.
        troubles: channel -> why it did not take what it was sent last, free of secrets.
        is_busy: another process delivers; nothing was done.
    """

    delivered: int = 0
    failed: int = 0
    buried: int = 0
    waiting: int = 0
    troubles: tuple[tuple[str, str], ...] = ()
    is_busy: bool = False


def addresses_of(home: Home) -> Addresses:
    """The addresses that the environment and the home's secrets file name.

    Raises:
        ConfigurationError: others may read that file, or it is not what was expected.
    """
    return read_addresses(notification_addresses(), home.secrets)


def deliver(workshop: Workshop, now: dt.datetime, addresses: Addresses | None = None) -> Delivered:
    """Send what is due, in one go with a time limit, and write down what became of it.

    Killed in between, what was sent is sent again: told twice rather than never.

    Raises:
        ConfigurationError: see `addresses_of`.
        BusyError, StorageError: of the warehouse.
    """
    known = addresses_of(workshop.home) if addresses is None else addresses
    path = workshop.home.root / "locks" / "notifications.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(path, timeout=0):
            return _deliver(workshop, known, now)
    except filelock.Timeout:
        return Delivered(is_busy=True)


def _deliver(workshop: Workshop, addresses: Addresses, now: dt.datetime) -> Delivered:
    rules = workshop.catalogue.notifications
    with workshop.warehouse.transaction() as connection:
        hopeless = _bury_hopeless(connection, rules, now)
        due = outbox.select_waiting(connection, now)
        budgets = outbox.select_budgets(connection)
    sendings, after = _planned(due, rules, budgets, now)
    outcomes = send(sendings, addresses, rules.delivery.step_seconds)
    attempts = {(item.channel, item.key): item.attempts for item in due}
    with workshop.warehouse.transaction() as connection:
        outbox.keep_budgets(connection, after)
        written = [_record(connection, outcome, attempts, rules, now) for outcome in outcomes]
        waiting = len(outbox.select_waiting(connection))
    return Delivered(
        delivered=sum(len(outcome.sending.keys) for outcome in outcomes if outcome.taken),
        failed=sum(failed for failed, _ in written),
        buried=hopeless + sum(buried for _, buried in written),
        waiting=waiting,
        troubles=tuple({o.sending.channel: o.reason for o in outcomes if o.reason is not None}.items()),
    )


def _bury_hopeless(connection: Connection, rules: Notifications, now: dt.datetime) -> int:
    """Make dead letters of what no channel is left for, or nobody has taken in time; how many."""
    hours = rules.delivery.give_up_hours
    buried = 0
    for item in outbox.select_waiting(connection):
        reason = None
        if item.channel not in rules.channels:
            reason = "notifications.yaml has no channel of this name any more"
        elif item.queued_at < now - dt.timedelta(hours=hours):
            reason = f"not delivered within {hours:g} h{f': {item.reason}' if item.reason else ''}"
            raise_alert(connection, _failing(item.channel, reason, now))
        if reason is not None:
            outbox.bury(connection, item.channel, item.key, attempts=item.attempts, reason=reason, at=now)
            buried += 1
    return buried


def _planned(
    due: Sequence[outbox.Waiting], rules: Notifications, budgets: Budgets, now: dt.datetime
) -> tuple[list[Sending], Budgets]:
    """What is sent now to each channel, and what each may get after that."""
    sendings: list[Sending] = []
    after: dict[str, tuple[float, dt.datetime]] = {}
    for name in dict.fromkeys(item.channel for item in due):
        channel = rules.channels[name]
        messages = [_message(item) for item in due if item.channel == name]
        bucket = Bucket(*budgets[name]) if name in budgets else Bucket.full(channel, now)
        planned, left = spaced(channel, messages, bucket, now)
        sendings += planned
        after[name] = (left.tokens, left.at)
    return sendings, after


def _record(
    connection: Connection,
    outcome: Outcome,
    attempts: dict[tuple[str, str], int],
    rules: Notifications,
    now: dt.datetime,
) -> tuple[int, int]:
    """Write down what became of a sending; how many of its messages failed and how many are dead letters."""
    channel, keys = outcome.sending.channel, outcome.sending.keys
    if outcome.reason is None:
        outbox.record_delivered(connection, channel, keys, now)
        resolve(connection, _condition(channel), now)
        return 0, 0
    buried = 0
    for key in keys:
        tried = attempts[channel, key] + 1
        due_at = next_attempt(tried, now, rules.delivery)
        if due_at is None:
            outbox.bury(connection, channel, key, attempts=tried, reason=outcome.reason, at=now)
            buried += 1
        else:
            outbox.record_failed(connection, channel, key, attempts=tried, due_at=due_at, reason=outcome.reason)
    if buried:
        raise_alert(connection, _failing(channel, outcome.reason, now))
    return len(keys) - buried, buried


def _condition(channel: str) -> str:
    return f"{ALERT}:{channel}"


def _failing(channel: str, reason: str, now: dt.datetime) -> Alert:
    message = (
        f"Channel {channel} does not take messages: {reason}. What it missed is listed by `orb notify --dead`; "
        f"`orb notify --test --channel {channel}` tries it."
    )
    return Alert(alert=ALERT, condition=_condition(channel), severity=Severity.WARNING, message=message, raised_at=now)


def _message(item: outbox.Waiting) -> Message:
    return Message(
        key=item.key,
        kind=item.kind,
        severity=item.severity,
        title=item.title,
        body=item.body,
        account=item.account,
        trading_day=item.trading_day,
    )


def send_test(workshop: Workshop, channels: Sequence[str], addresses: Addresses, now: dt.datetime) -> list[Outcome]:
    """Send each of these channels one message now, past the outbox and its limits."""
    title, body = "Test", f"A test of `orb notify` at {news.stamp(now)}. If you read this, the channel works."
    sendings = [Sending(channel, "INFO", title, body, ()) for channel in channels]
    return send(sendings, addresses, workshop.catalogue.notifications.delivery.step_seconds)
