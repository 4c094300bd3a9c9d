"""What stops entries from outside, by the marks of the tape."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orb_pipeline.execution.events import RiskDecision
from orb_pipeline.execution.risk import BLOCKED, HALTED
from orb_pipeline.intake.tape import Mark, MarkKind

_STOPS = {MarkKind.HALT: HALTED, MarkKind.BLOCKED: BLOCKED}
_ENDS = {MarkKind.RESUME: MarkKind.HALT, MarkKind.UNBLOCKED: MarkKind.BLOCKED}


def stops_of(marks: Sequence[Mark], account: str) -> Callable[[int], RiskDecision | None]:
    """The refusal that every entry of the account gets at a place of the tape; None where nothing stops it."""
    spans: list[tuple[int, int | None, RiskDecision]] = []
    standing: dict[MarkKind, Mark] = {}
    for mark in sorted(_of_account(marks, account), key=lambda mark: (mark.place, mark.number)):
        if mark.kind in _STOPS:
            standing.setdefault(mark.kind, mark)
        elif (stop := standing.pop(_ENDS[mark.kind], None)) is not None:
            spans.append((stop.place, mark.place, _refusal(stop)))
    spans += [(stop.place, None, _refusal(stop)) for stop in standing.values()]

    if not spans:
        return lambda _place: None

    def refusal(place: int) -> RiskDecision | None:
        return next((stop for first, end, stop in spans if first <= place and (end is None or place < end)), None)

    return refusal


def standing(marks: Sequence[Mark], account: str, kind: MarkKind) -> Mark | None:
    """The mark of this kind, HALT or BLOCKED, that is in force at the end of the tape."""
    found: Mark | None = None
    for mark in _of_account(marks, account):
        if mark.kind is kind:
            found = found or mark
        elif _ENDS.get(mark.kind) is kind:
            found = None
    return found


def _of_account(marks: Sequence[Mark], account: str) -> list[Mark]:
    kinds = {*_STOPS, *_ENDS}
    return [mark for mark in marks if mark.kind in kinds and mark.account in (None, account)]


def _refusal(stop: Mark) -> RiskDecision:
    return RiskDecision(allowed=False, check=_STOPS[stop.kind], reason=stop.reason)
