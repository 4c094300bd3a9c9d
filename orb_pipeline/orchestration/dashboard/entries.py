"""What stops an account's entries now, as its trader decides it."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.catalogue import Account
from orb_pipeline.errors import OrbError
from orb_pipeline.execution.risk import ACCOUNT_DRAWDOWN, BLOCKED, HALTED
from orb_pipeline.orchestration.paper.permission import permitted
from orb_pipeline.orchestration.today import OPEN, OVER, Today
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.storage.paper import lost_on


def stops_now(workshop: Workshop, account: Account, today: Today) -> dict[str, str]:
    """Kind of stop -> why nothing may be entered; of a day that has begun its own, else those that the next one meets.

    A block is no stop of the next day's: its trader asks gates and alerts anew, and lets entries go on where they hold.

    Raises:
        OrbError: the home cannot be read.
    """
    if today.state in (OPEN, OVER):
        return dict(today.stopped)
    halted = {HALTED: today.stopped[HALTED]} if HALTED in today.stopped else {}
    return halted | _lost(workshop, account) | _refused(workshop, account)


def _lost(workshop: Workshop, account: Account) -> dict[str, str]:
    with workshop.warehouse.transaction() as connection:
        day = lost_on(connection, account.account, dt.date.max)
    return {} if day is None else {ACCOUNT_DRAWDOWN: f"the account was lost on {day} by its drawdown rule"}


def _refused(workshop: Workshop, account: Account) -> dict[str, str]:
    try:
        permitted(workshop, account)
    except OrbError as error:
        return {BLOCKED: str(error)}
    finally:
        workshop.forget()
    return {}
