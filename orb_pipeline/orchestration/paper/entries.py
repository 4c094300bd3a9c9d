"""Whether an account may enter trades: asked of its gates and of the alerts, and written on the tape as marks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from orb_pipeline.catalogue import Account
from orb_pipeline.errors import OrbError
from orb_pipeline.execution.events import RiskDecision
from orb_pipeline.intake.tape import MarkKind
from orb_pipeline.orchestration.paper.permission import Permitted, permitted, why_refused
from orb_pipeline.orchestration.paper.reader import TapeReader
from orb_pipeline.orchestration.paper.stops import standing, stops_of
from orb_pipeline.orchestration.workshop import Workshop

RETRY_SECONDS = 10.0  # between looks at whether what is blocked may trade again
_HOLD = "gates hold"


class Entries:
    """The entries of one account: what stops them, and lets them go on, is a mark on the tape, in its place among bars.

    Attributes:
        stops: place on the tape -> the refusal that an entry gets there from outside; None where nothing stops it.
    """

    def __init__(self, workshop: Workshop, account: Account, reader: TapeReader) -> None:
        self._workshop = workshop
        self._account = account
        self._reader = reader
        self._last_look: dt.datetime | None = None

    @property
    def stops(self) -> Callable[[int], RiskDecision | None]:
        return stops_of(self._reader.content.marks, self._account.account)

    @property
    def stop(self) -> RiskDecision | None:
        """The refusal that an entry would get now."""
        return self.stops(self._reader.content.last_number)

    def permission(self, day: int, now: dt.datetime) -> tuple[Permitted | None, str]:
        """What may be traded on a day that has not begun; or why nothing may, with a mark that says so.

        What is allowed while the day goes on counts from then on; what is allowed at its first bar, from that one.
        """
        blocked = standing(self._reader.content.marks, self._account.account, MarkKind.BLOCKED)
        if blocked is not None and not self._may_look(now):
            return None, blocked.reason
        self._last_look = now
        first = self._reader.first_arrival(day)
        try:
            allowed = permitted(self._workshop, self._account)
        except OrbError as error:
            if blocked is None:
                self.block(str(error), now, first)
            return None, str(error)
        finally:
            self._workshop.forget()
        if blocked is not None:
            self._mark(MarkKind.UNBLOCKED, _HOLD, now, None if blocked.place >= first else first)
        return allowed, ""

    def unblock(self, contents: Mapping[str, str], now: dt.datetime) -> None:
        """Let entries go on where what stopped them is over.

        Args:
            contents: what the day is traded with, see StoredDay.
        """
        if self._is_blocked and self._may_look(now):
            self._last_look = now
            if self._why_refused(contents, now) is None:
                self._mark(MarkKind.UNBLOCKED, _HOLD, now)

    def ask(self, contents: Mapping[str, str], now: dt.datetime) -> None:
        """Stop entries from here on where a gate or an alert does, though none is at hand."""
        if not self._is_blocked:
            why = self._why_refused(contents, now)
            if why is not None:
                self.block(why, now)

    def block(self, reason: str, now: dt.datetime, place: int | None = None) -> None:
        """Stop entries by a gate or an alert, from `place` on the tape; None: from its end."""
        self._mark(MarkKind.BLOCKED, reason, now, place)

    def halt(self, reason: str, now: dt.datetime) -> None:
        """Stop entries until somebody resumes, unless they are halted already."""
        if standing(self._reader.content.marks, self._account.account, MarkKind.HALT) is None:
            self._mark(MarkKind.HALT, reason, now)

    @property
    def _is_blocked(self) -> bool:
        return standing(self._reader.content.marks, self._account.account, MarkKind.BLOCKED) is not None

    def _may_look(self, now: dt.datetime) -> bool:
        return self._last_look is None or abs((now - self._last_look).total_seconds()) >= RETRY_SECONDS

    def _why_refused(self, contents: Mapping[str, str], now: dt.datetime) -> str | None:
        with self._workshop.warehouse.transaction() as connection:
            return why_refused(connection, self._account.account, contents, now)

    def _mark(self, kind: MarkKind, reason: str, now: dt.datetime, place: int | None = None) -> None:
        self._reader.mark(kind, now, reason, place=place, account=self._account.account)
