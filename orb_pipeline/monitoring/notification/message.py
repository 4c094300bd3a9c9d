"""One thing to be told."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from orb_pipeline.catalogue.notifications import SEVERITIES


@dataclass(frozen=True, kw_only=True)
class Message:
    """One thing to be told, once.

    Attributes:
        key: the same for the same news, whoever works it out how often.
        kind: one of catalogue.notifications.Kind; severity: one of its SEVERITIES.
        title: a line; body: what there is to know besides.
    """

    key: str
    kind: str
    severity: str
    title: str
    body: str
    account: str | None = None
    trading_day: dt.date | None = None


def gravest(severities: list[str]) -> str:
    return max(severities, key=SEVERITIES.index)


def shortened(text: str, length: int) -> str:
    """`text`, cut to a number of characters, with a sign where something is missing."""
    return text if len(text) <= length else f"{text[: length - 2].rstrip()} …"
