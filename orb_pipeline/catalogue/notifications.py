"""What is told to whom; see notifications.yaml for each key. Addresses of channels are secrets and stand elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from orb_pipeline.catalogue.models import Entry, Positive, PositiveInt

SEVERITIES = ("INFO", "WARNING", "CRITICAL")
Severity = Literal["INFO", "WARNING", "CRITICAL"]
ChannelName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Kind(StrEnum):
    """What a message is about."""

    ENTRY = "entry"
    EXIT = "exit"
    REJECTION = "rejection"
    SIGNAL = "signal"
    DAILY_SUMMARY = "daily_summary"
    ALERT = "alert"
    HALT = "halt"
    RESUME = "resume"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    LIMIT = "limit"
    ACCOUNT_LOST = "account_lost"
    ROLL = "roll"
    EVENT = "event"


class Channel(Entry):
    name: ChannelName
    from_severity: Severity
    always: tuple[Kind, ...] = ()
    never: tuple[Kind, ...] = ()
    per_minute: Positive = 6
    burst: PositiveInt = 6

    def tells(self, kind: str, severity: str) -> bool:
        """Whether it takes a message of this kind and severity."""
        if kind in self.never:
            return False
        return kind in self.always or SEVERITIES.index(severity) >= SEVERITIES.index(self.from_severity)


class Delivery(Entry):
    attempts: PositiveInt
    first_retry_seconds: Positive
    longest_retry_seconds: Positive
    step_seconds: Positive
    give_up_hours: Positive


class Notifications(Entry):
    severities: Mapping[Kind, Severity]
    channels: Mapping[str, Channel] = Field(default_factory=dict)
    delivery: Delivery

    @model_validator(mode="after")
    def _every_kind_has_a_severity(self) -> Self:
        missing = [kind.value for kind in Kind if kind is not Kind.ALERT and kind not in self.severities]
        if missing:
            message = f"severities: {', '.join(missing)} is missing; every kind of message has a severity"
            raise ValueError(message)
        return self
