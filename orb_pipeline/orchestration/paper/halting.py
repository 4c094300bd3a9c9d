"""The kill switch: `orb halt` and `orb resume`. Its mark is on the tape before the command returns."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from orb_pipeline.errors import BusyError, InputError, StorageError
from orb_pipeline.intake.tape import Mark, MarkKind, Tape
from orb_pipeline.orchestration.paper.events import mark_events
from orb_pipeline.orchestration.paper.stops import standing
from orb_pipeline.settings import Home
from orb_pipeline.storage.paper import record_events
from orb_pipeline.storage.warehouse import Warehouse

_BUSY_SECONDS = 2.0


def halt(home: Home, reason: str, now: dt.datetime) -> Mark:
    """Stop every entry of every account from now on. Open trades run on to their exits.

    Raises:
        InputError: no reason was given.
    """
    if not reason.strip():
        message = "A halt needs a reason that a reader understands tomorrow; give one with --reason."
        raise InputError(message)
    return _put(home, MarkKind.HALT, reason.strip(), now)


def resume(home: Home, now: dt.datetime) -> Mark:
    """Let entries go on.

    Raises:
        InputError: nothing is halted.
    """
    halted = standing_halt(home)
    if halted is None:
        message = "Nothing is halted, so there is nothing to resume. `orb paper --once` says what stops entries."
        raise InputError(message)
    return _put(home, MarkKind.RESUME, f"resumed after: {halted.reason}", now)


def standing_halt(home: Home) -> Mark | None:
    """The halt that is in force, by hand or of an account whose broker shows what nobody can explain."""
    marks = Tape(home).read().marks
    accounts = sorted({mark.account or "" for mark in marks} | {""})
    found = (standing(marks, account, MarkKind.HALT) for account in accounts)
    return next((mark for mark in found if mark is not None), None)


def _put(home: Home, kind: MarkKind, reason: str, now: dt.datetime) -> Mark:
    """The mark is what counts. Where the warehouse is busy, the next step of a trader enters it as an event."""
    mark = Tape(home).mark(kind, now, reason)
    with suppress(BusyError, StorageError), Warehouse(home.warehouse, _BUSY_SECONDS).transaction() as connection:
        record_events(connection, mark_events([mark]), now)
    return mark
