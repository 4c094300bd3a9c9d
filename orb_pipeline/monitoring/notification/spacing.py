"""How many messages a channel gets: a token bucket, and one message for all that exceeds it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from orb_pipeline.catalogue import Channel
from orb_pipeline.catalogue.notifications import SEVERITIES
from orb_pipeline.monitoring.notification.message import Message, gravest, shortened

BODY_LENGTH = 1_800  # characters; the narrowest of the common services takes 2,000
TITLE_LENGTH = 240


@dataclass(frozen=True)
class Bucket:
    """Messages that a channel may get at once, as of `at` (aware)."""

    tokens: float
    at: dt.datetime

    @classmethod
    def full(cls, channel: Channel, now: dt.datetime) -> Bucket:
        return cls(float(channel.burst), now)

    def at_time(self, channel: Channel, now: dt.datetime) -> Bucket:
        """With what has flowed in since; a clock that was set back adds nothing."""
        minutes = max(0.0, (now - self.at).total_seconds() / 60.0)
        return Bucket(min(float(channel.burst), self.tokens + minutes * channel.per_minute), max(now, self.at))


@dataclass(frozen=True)
class Sending:
    """What is sent to a channel in one go; it tells the messages with these keys."""

    channel: str
    severity: str
    title: str
    body: str
    keys: tuple[str, ...]


def spaced(
    channel: Channel, waiting: Sequence[Message], bucket: Bucket, now: dt.datetime
) -> tuple[list[Sending], Bucket]:
    """What a channel is sent now of what waits for it, and the bucket after it.

    What fits goes out one by one, in the order in which it came. Where it does not, the last place is for one message
    that tells all the others; the graver ones get a place of their own. Without any place everything waits.
    """
    filled = bucket.at_time(channel, now)
    places = int(filled.tokens)
    if places == 0 or not waiting:
        return [], filled
    if len(waiting) <= places:
        return [_alone(channel, message) for message in waiting], replace(filled, tokens=filled.tokens - len(waiting))
    by_weight = sorted(waiting, key=lambda message: -SEVERITIES.index(message.severity))
    own = {message.key for message in by_weight[: places - 1]}
    singly = [_alone(channel, message) for message in waiting if message.key in own]
    bundle = _bundle(channel, [message for message in waiting if message.key not in own])
    return [*singly, bundle], replace(filled, tokens=filled.tokens - places)


def _alone(channel: Channel, message: Message) -> Sending:
    title, body = shortened(message.title, TITLE_LENGTH), shortened(message.body, BODY_LENGTH)
    return Sending(channel.name, message.severity, title, body, (message.key,))


def _bundle(channel: Channel, messages: Sequence[Message]) -> Sending:
    lines: list[str] = []
    room = BODY_LENGTH - 40  # for the line that counts the rest
    for message in messages:
        line = shortened(f"{message.title}. {' '.join(message.body.split())}", TITLE_LENGTH)
        room -= len(line) + 1
        if room < 0:
            lines.append(f"and {len(messages) - len(lines)} more")
            break
        lines.append(line)
    severity = gravest([message.severity for message in messages])
    keys = tuple(message.key for message in messages)
    return Sending(channel.name, severity, f"{len(messages)} messages", "\n".join(lines), keys)
