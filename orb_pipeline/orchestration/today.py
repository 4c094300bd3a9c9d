"""The open paper day of an account, worked out from the tape as its trader does, taking and writing nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from orb_pipeline.catalogue import Account
from orb_pipeline.errors import OrbError
from orb_pipeline.execution.paper import DaySoFar, trade_day
from orb_pipeline.execution.risk import BLOCKED
from orb_pipeline.execution.today import RangeToday, StrategyToday, ranges_today, strategies_today
from orb_pipeline.execution.trade import stamp
from orb_pipeline.intake.tape import Mark, MarkKind
from orb_pipeline.market.trading_day import date_of, day_open, number_of
from orb_pipeline.orchestration.paper.lock import trader_of
from orb_pipeline.orchestration.paper.permission import permitted, why_refused
from orb_pipeline.orchestration.paper.reader import TapeReader
from orb_pipeline.orchestration.paper.stops import standing, stops_of
from orb_pipeline.orchestration.paper.terms import Terms, terms_of
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.storage.paper import last_finished, select_day

NO_DAY, NOT_BEGUN, OPEN, OVER = "no_day", "not_begun", "open", "over"
_ATTEMPTS = 3


@dataclass(frozen=True)
class Today:
    """An account's open paper day.

    Attributes:
        state: `no_day` where the tape has no bars of a day that is not finished; `not_begun` where nothing has been
            traded of it yet; `open`; `over` where its last bar has come and it has not been finished yet.
        through: open of the last minute that is complete, UTC.
        front_months: symbol -> contract; None: none today.
        equity: at the start of the day, in dollars.
        realised_r, realised_dollars, entries, open_positions: of the day so far; limits: what they are held against.
        stopped: kind of stop (`halt`, `blocked`, or the check of a limit) -> why nothing may be entered now.
        traded_by: the process that trades the account; waiting_files: files in `landing/` that nobody has taken.
        last_finished: the last trading day that the account has finished.
    """

    account: str
    state: str
    trading_day: dt.date | None = None
    through: dt.datetime | None = None
    simulated: bool = False
    front_months: Mapping[str, str | None] = field(default_factory=dict)
    equity: float | None = None
    realised_r: float = 0.0
    realised_dollars: float = 0.0
    entries: int = 0
    open_positions: int = 0
    limits: Mapping[str, float] = field(default_factory=dict)
    stopped: Mapping[str, str] = field(default_factory=dict)
    ranges: Sequence[RangeToday] = ()
    strategies: Sequence[StrategyToday] = ()
    traded_by: str | None = None
    waiting_files: int = 0
    last_finished: dt.date | None = None


def read_today(workshop: Workshop, account: Account) -> Today:
    """The day as it stands by the tape. Files that wait in `landing/` are counted, not taken.

    Raises:
        OrbError: of the home, the lake or the catalogue.
    """
    for _ in range(_ATTEMPTS - 1):
        with suppress(FileNotFoundError):  # the trader has just let go of what had landed
            return _read(workshop, account)
    return _read(workshop, account)


def _read(workshop: Workshop, account: Account) -> Today:
    name = account.account
    reader = TapeReader(workshop)
    holder = trader_of(workshop.home, name)
    with workshop.warehouse.transaction() as connection:
        finished = last_finished(connection, name)
    content = reader.tape.read()
    outline = Today(
        account=name,
        state=NO_DAY,
        stopped=_marks_in_force(content.marks, name),
        traded_by=None if holder is None else str(holder),
        waiting_files=len(reader.tape.waiting(reader.symbols)),
        last_finished=finished,
    )
    if content.base is None:
        return outline
    reader.read()
    day = next((day for day in reader.days if finished is None or day > number_of(finished)), None)
    if day is None:
        return outline
    outline = replace(outline, trading_day=date_of(day), state=NOT_BEGUN)
    terms = _terms(workshop, reader, name, day)
    if terms is None:
        return replace(outline, stopped={**outline.stopped, **_refusal(workshop, account)})
    with workshop.warehouse.transaction() as connection:
        why = why_refused(connection, name, terms.stored.contents, workshop.now())
    if why is not None:
        outline = replace(outline, stopped={BLOCKED: why, **outline.stopped})
    return _with_trading(outline, reader, terms, day)


def _terms(workshop: Workshop, reader: TapeReader, account: str, day: int) -> Terms | None:
    """What the day is traded with, where it has begun."""
    with workshop.warehouse.transaction() as connection:
        stored = select_day(connection, account, date_of(day))
    return None if stored is None else terms_of(stored, workshop.catalogue, reader.landed)


def _with_trading(outline: Today, reader: TapeReader, terms: Terms, day: int) -> Today:
    through = reader.stream.complete_through(terms.awaited)
    is_over = through is not None and through >= int(day_open(day + 1)) - 1
    stops = stops_of(reader.content.marks, outline.account)
    bars = [] if through is None else terms.bars(reader.stream, through)
    so_far = trade_day(terms.paper_day, bars, stops, is_over=is_over)
    so_far.risk.stopped = stops(reader.content.last_number)  # what came after the last bar counts for the next entry
    limits = terms.paper_day.account.limits
    return replace(
        outline,
        state=OVER if is_over else OPEN,
        through=stamp(so_far.last_minute),
        simulated=terms.stored.simulated,
        front_months={symbol: market.front_month for symbol, market in terms.paper_day.context.markets.items()},
        equity=terms.stored.equity,
        realised_r=so_far.risk.realised_r,
        realised_dollars=so_far.risk.realised_dollars,
        entries=so_far.risk.entries_today,
        open_positions=so_far.risk.open_positions,
        limits=limits.model_dump(),
        stopped={**outline.stopped, **_limit(so_far)},
        ranges=ranges_today(terms.paper_day, so_far),
        strategies=strategies_today(terms.paper_day, so_far),
    )


def _marks_in_force(marks: Sequence[Mark], account: str) -> dict[str, str]:
    found = {kind.value: standing(marks, account, kind) for kind in (MarkKind.HALT, MarkKind.BLOCKED)}
    return {kind: mark.reason for kind, mark in found.items() if mark is not None}


def _limit(so_far: DaySoFar) -> dict[str, str]:
    halt = so_far.halt
    return {} if halt is None else {str(halt.check): halt.reason}


def _refusal(workshop: Workshop, account: Account) -> dict[str, str]:
    """Why a day that has not begun may not begin."""
    try:
        permitted(workshop, account)
    except OrbError as error:
        return {MarkKind.BLOCKED.value: str(error)}
    finally:
        workshop.forget()
    return {}
