"""When a message is tried again."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.catalogue.notifications import Delivery


def next_attempt(attempts: int, now: dt.datetime, rules: Delivery) -> dt.datetime | None:
    """When to try again after so many attempts have failed, each wait twice the one before; None: not any more."""
    if attempts >= rules.attempts:
        return None
    seconds = min(rules.longest_retry_seconds, rules.first_retry_seconds * 2.0 ** (attempts - 1))
    return now + dt.timedelta(seconds=seconds)
