"""News from the warehouse into the outbox, and from there to the channels; beside trading, which never waits for it.

Whoever has traded, run or evaluated alerts calls `tell`. A trader that goes on does its work under `telling`, which
tells in a thread of its own.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import duckdb

from orb_pipeline.catalogue import Notifications
from orb_pipeline.errors import OrbError
from orb_pipeline.monitoring.notification import news
from orb_pipeline.monitoring.notification.message import Message
from orb_pipeline.orchestration.delivering import Delivered, addresses_of, deliver
from orb_pipeline.orchestration.monitoring import evaluate_alerts
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.storage import notifications as outbox

__all__ = ["Delivered", "addresses_of", "deliver", "news_to_channels", "queue_news", "tell", "telling"]

Connection = duckdb.DuckDBPyConnection

ALERTS_SECONDS = 60.0  # between evaluations of alerts beside a trader that follows, and between ends of days
HEARTBEAT_SECONDS = 15.0  # between looks at what is due again, should nothing happen
_LAST_WORDS_SECONDS = 30.0  # for what is being sent when trading ends

logger = logging.getLogger(__name__)


def tell(workshop: Workshop, known: str = "") -> str:
    """Queue the news and deliver what is due; what is in the way of it, if anything. Never raises: it is logged.

    Args:
        known: trouble that has been logged before and is not logged again.
    """
    try:
        news_to_channels(workshop)
    except OrbError as error:
        trouble = str(error)
        if trouble != known:
            logger.error("Notifications are not delivered: %s", trouble)  # noqa: TRY400 - the message says it all
        return trouble
    except Exception as error:
        trouble = type(error).__name__
        if trouble != known:
            logger.exception("Notifications are not delivered; trading goes on.")
        return trouble
    return ""


def news_to_channels(workshop: Workshop) -> Delivered:
    """Queue the news and deliver what is due.

    Raises:
        ConfigurationError: see `addresses_of`.
        BusyError, StorageError: of the warehouse.
    """
    addresses = addresses_of(workshop.home)
    if not addresses.names:
        return Delivered()  # nobody to tell: the warehouse stays closed
    with workshop.warehouse.transaction() as connection:
        queue_news(connection, workshop.catalogue.notifications, addresses.names, workshop.now())
    return deliver(workshop, workshop.now(), addresses)


@contextmanager
def telling(
    workshop: Workshop,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    after_day: Callable[[], object] = lambda: None,
) -> Iterator[Callable[[bool], None]]:
    """Evaluate alerts and tell, in a thread of its own; what it gives is called at news, and returns at once.

    It is called with whether a day has ended. At the end, what is being sent gets a moment to arrive; what does not
    stays in the outbox.

    Args:
        after_day: called in that thread when a day has ended, with alerts as they are then; once a minute at most.
    """
    workshop.warehouse  # noqa: B018 - one for both threads, so that their transactions come one after the other
    due, over, day_ended = threading.Event(), threading.Event(), threading.Event()

    def heard(day_has_ended: bool) -> None:
        if day_has_ended:
            day_ended.set()
        due.set()

    def go_on() -> None:
        trouble = ""
        evaluated_at: dt.datetime | None = None
        day_over_at: dt.datetime | None = None
        while not over.is_set():
            due.wait(heartbeat_seconds)
            due.clear()
            now = workshop.now()
            is_day_over = day_ended.is_set() and _is_long_ago(day_over_at, now)
            if is_day_over or _is_long_ago(evaluated_at, now):
                _evaluate(workshop, now)
                evaluated_at = now
            if is_day_over:
                day_ended.clear()
                after_day()
                day_over_at = now
            trouble = tell(workshop, trouble)

    thread = threading.Thread(target=go_on, name="notifications", daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        over.set()
        due.set()
        thread.join(_LAST_WORDS_SECONDS)


def _is_long_ago(at: dt.datetime | None, now: dt.datetime) -> bool:
    return at is None or abs((now - at).total_seconds()) >= ALERTS_SECONDS


def _evaluate(workshop: Workshop, now: dt.datetime) -> None:
    """Alerts as they are now; what is in the way of them is logged and stops nobody."""
    try:
        evaluate_alerts(workshop, now)
    except OrbError as error:
        logger.error("Alerts are not evaluated: %s", error)  # noqa: TRY400 - the message says it all
    except Exception:
        logger.exception("Alerts are not evaluated; trading goes on.")


def queue_news(connection: Connection, rules: Notifications, addressed: Sequence[str], now: dt.datetime) -> int:
    """Queue what has not been told of the paper journal, signals, alerts and events, each message once; how many.

    Args:
        addressed: channels that have an address; others are told nothing.
        now: aware; news that was recorded longer ago than the rules allow is not told any more.
    """
    messages = _news(connection, rules, now - dt.timedelta(hours=rules.delivery.give_up_hours))
    rows = [
        outbox.OutboxMessage(**asdict(message), channels=_channels_of(message, rules, addressed))
        for message in messages
    ]
    return outbox.queue(connection, rows, now)


def _news(connection: Connection, rules: Notifications, since: dt.datetime) -> list[Message]:
    journal = outbox.select_paper_journal(connection, since)
    recent = [row for row in journal if row["created_at"] >= since]
    return [
        *news.events_told(outbox.select_events(connection, since), rules),
        *news.signals_told(outbox.select_signals(connection, since), rules),
        *news.trades_told(recent, rules),
        *news.alerts_told(outbox.select_alerts(connection, since)),
        *news.summaries_told(outbox.select_finished_days(connection, since), journal, rules),
    ]


def _channels_of(message: Message, rules: Notifications, addressed: Sequence[str]) -> list[str]:
    return [
        name
        for name, channel in rules.channels.items()
        if name in addressed and channel.tells(message.kind, message.severity)
    ]
