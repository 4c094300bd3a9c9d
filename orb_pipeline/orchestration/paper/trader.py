"""One account's paper trader: each step takes what has landed and brings the journal to what follows from it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from orb_pipeline.catalogue import Account
from orb_pipeline.execution.events import TradeEvent
from orb_pipeline.execution.journal import JournalEntry, frame_of
from orb_pipeline.execution.paper import DaySoFar, trade_day
from orb_pipeline.intake.tape import MarkKind
from orb_pipeline.market.trading_day import date_of, day_open, number_of
from orb_pipeline.orchestration.paper import closing
from orb_pipeline.orchestration.paper.entries import Entries
from orb_pipeline.orchestration.paper.events import limit_events, mark_events
from orb_pipeline.orchestration.paper.orders import OrderDesk
from orb_pipeline.orchestration.paper.permission import why_refused
from orb_pipeline.orchestration.paper.reader import TapeReader
from orb_pipeline.orchestration.paper.rejecting import RejectionRecorder
from orb_pipeline.orchestration.paper.terms import Terms, begin, terms_of
from orb_pipeline.orchestration.paper.waiting import patience_over
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.storage.paper import (
    finish_day,
    last_finished,
    merge_paper_day,
    paper_journal,
    record_events,
    select_day,
)

_BEFORE_ALL = -1


@dataclass(frozen=True)
class DayStep:
    """What a step did for one day.

    Attributes:
        written: journal rows that were added or have changed.
        events: all of the day, in order; open_trades: positions after them.
        refused: why nothing may be entered; None where entries go on.
    """

    trading_day: dt.date
    bars: int = 0
    written: tuple[JournalEntry, ...] = ()
    events: tuple[TradeEvent, ...] = ()
    open_trades: int = 0
    is_over: bool = False
    refused: str | None = None


@dataclass(frozen=True)
class Step:
    """What one step did: files taken from landing, rows rejected among them, and days."""

    taken: int
    rejected: int
    days: tuple[DayStep, ...]


@dataclass(frozen=True)
class _Refused:
    """Why nothing may be entered, and from which place of the tape on."""

    reason: str
    place: int


class PaperTrader:
    """Trades one account on paper.

    Args:
        run_id: recorded beside journal rows.
        orders: of an account whose orders leave the house; see `order_desk`.
        asks: whether gates and alerts are asked at every step, and not only when an entry is to be journalled. They are
            where orders leave the house, since those go out before there is an entry.
    """

    def __init__(
        self, workshop: Workshop, account: Account, run_id: str, orders: OrderDesk | None = None, *, asks: bool = False
    ) -> None:
        self.account = account
        self._orders = orders
        self._asks = asks or orders is not None
        self._workshop = workshop
        self._run_id = run_id
        self._reader = TapeReader(workshop)
        self._entries = Entries(workshop, account, self._reader)
        self._rejections = RejectionRecorder(workshop)
        self._terms: dict[int, Terms] = {}
        self._written: dict[int, tuple[JournalEntry, ...]] = {}
        self._told: set[str] = set()  # marks that stand in trading_events
        self._settled: set[int] = set()
        self._finished: int | None = None

    def step(self) -> Step:
        """Take what has landed, trade it, and write what differs; run twice it does nothing the second time.

        Raises:
            OrbError: of the home, the lake or the catalogue. The tape keeps what was taken.
        """
        now = self._workshop.now()
        taken = self._reader.take(now)
        days: dict[dt.date, DayStep] = {}
        while True:
            if self._reader.read():
                self._terms.clear()
            if self._settle(now):
                continue
            day = next((day for day in self._reader.days if day > self._last_finished()), None)
            if day is None:
                break
            done = days[date_of(day)] = self._trade(day, now)
            if not done.is_over and not self._lose_patience(day, now):
                break
        self._tell_marks(now)
        self._rejections.tell_strays(self._reader.tape.strays(self._reader.symbols), now)
        return Step(taken, self._rejections.record(self._reader.stream, now), tuple(days.values()))

    # A day.

    def _trade(self, day: int, now: dt.datetime) -> DayStep:
        """Trade the day as far as its bars are complete, as often as it takes until what is written is allowed."""
        terms, refused = self._terms_of(day, now)
        through = self._reader.stream.complete_through(self._awaited(terms))
        is_over = through is not None and through >= int(day_open(day + 1)) - 1
        if terms is None or through is None:
            if is_over:
                self._pass_over(day, now)
            return DayStep(date_of(day), is_over=is_over, refused=refused)
        bars, written = terms.bars(self._reader.stream, through), list[str]()
        so_far = trade_day(terms.paper_day, bars, self._entries.stops, is_over=is_over)
        if so_far.entries != self._written.get(day) or is_over:
            result = self._write(day, terms, so_far, now)
            if isinstance(result, _Refused):
                self._entries.block(result.reason, now, result.place)
                return self._trade(day, now)
            written = result
        if self._asks:
            self._entries.ask(terms.stored.contents, now)
        if not is_over:
            self._bring_orders(terms, so_far, now)
        stop = self._entries.stop
        return DayStep(
            trading_day=date_of(day),
            bars=so_far.bars,
            written=tuple(entry for entry in so_far.entries if entry.strategy_id in written),
            events=so_far.events,
            open_trades=len(so_far.open_trades),
            is_over=is_over,
            refused=None if stop is None else f"{stop.check}: {stop.reason}",
        )

    def _terms_of(self, day: int, now: dt.datetime) -> tuple[Terms | None, str | None]:
        """The day's terms, fixed now where it begins; or why it does not begin."""
        if day not in self._terms:
            with self._workshop.warehouse.held():
                terms, why = self._begin(day, now)
            if terms is None:
                return None, why
            self._terms[day] = terms
        self._entries.unblock(self._terms[day].stored.contents, now)
        return self._terms[day], None

    def _begin(self, day: int, now: dt.datetime) -> tuple[Terms | None, str]:
        with self._workshop.warehouse.transaction() as connection:
            stored = select_day(connection, self.account.account, date_of(day))
        if stored is None:
            allowed, why = self._entries.permission(day, now)
            if allowed is None:
                return None, why
            with self._workshop.warehouse.transaction() as connection:
                stored = begin(connection, self.account, day, allowed, now, simulated=self._simulated)
        terms = terms_of(stored, self._workshop.catalogue, self._reader.landed)
        with self._workshop.warehouse.transaction() as connection:
            record_events(connection, terms.rolls, now)
        return terms, ""

    # How long it waits.

    def _awaited(self, terms: Terms | None) -> dict[str, str | None]:
        """What a day waits for; one that nothing is traded on waits for every instrument that reports."""
        return terms.awaited if terms else dict.fromkeys(self._reader.stream.symbols)

    def _lose_patience(self, day: int, now: dt.datetime) -> bool:
        """Put a mark where the clock says that waiting is over; whether it did."""
        awaited = self._awaited(self._terms.get(day))
        grace = 60.0 * self._workshop.catalogue.research.gates.closing_grace_minutes
        over = patience_over(self._reader.stream, awaited, day, now, self._reader.quiet_seconds(now), grace)
        if over is None:
            return False
        self._reader.mark(MarkKind.THROUGH, now, over.reason, minute=over.minute)
        return True

    # Writing.

    def _write(self, day: int, terms: Terms, so_far: DaySoFar, now: dt.datetime) -> list[str] | _Refused:
        """One transaction: journal, events, the day's end; strategies whose row was added or has changed."""
        account, trading_day = self.account.account, date_of(day)
        rows = frame_of(so_far.entries).assign(simulated=terms.stored.simulated)
        with self._workshop.warehouse.transaction() as connection:
            known = set(paper_journal(connection, account, trading_day)["strategy_id"])
            entered = [entry for entry in so_far.entries if entry.risk_check_passed and entry.strategy_id not in known]
            why = why_refused(connection, account, terms.stored.contents, now) if entered else None
            if why is not None:
                return _Refused(why, min(so_far.arrivals[entry.strategy_id] for entry in entered))
            changed = merge_paper_day(connection, account, trading_day, rows, run_id=self._run_id, at=now)
            record_events(connection, limit_events(so_far, terms), now)
            if so_far.is_over:
                finish_day(connection, account, trading_day, now)
        self._written[day] = so_far.entries
        if so_far.is_over:
            self._finished = day
        return changed

    def _bring_orders(self, terms: Terms, so_far: DaySoFar, now: dt.datetime) -> bool:
        """Bring the account's broker to the day so far; what it cannot explain halts entries. Whether it answered."""
        if self._orders is None:
            return True
        stopped = so_far.is_over or self._entries.stop is not None
        differences = self._orders.bring(terms, so_far, entries_stopped=stopped, now=now)
        if differences:
            self._entries.halt(differences[0].message, now)
        return differences is not None

    def _close_out(self, last: int, now: dt.datetime) -> bool:
        """Bring the broker to the end of every day up to `last` that has not landed, the oldest first.

        Whether it answered each time. A position that a finished day has left, since the broker was silent or the
        trader killed, is closed before anything is done for a later day.
        """
        for day in [day for day in self._reader.days if day <= last] if self._orders else []:
            with self._workshop.warehouse.transaction() as connection:
                stored = select_day(connection, self.account.account, date_of(day))
            if stored is None or not stored.members:
                continue
            terms = self._terms.get(day) or terms_of(stored, self._workshop.catalogue, self._reader.landed)
            bars = terms.bars(self._reader.stream, int(day_open(day + 1)) - 1)
            so_far = trade_day(terms.paper_day, bars, self._entries.stops, is_over=True)
            if not self._bring_orders(terms, so_far, now):
                return False
        return True

    def _pass_over(self, day: int, now: dt.datetime) -> None:
        """Enter a day that is over and was never allowed to begin."""
        with self._workshop.warehouse.transaction() as connection:
            begin(connection, self.account, day, None, now, simulated=self._simulated)
            finish_day(connection, self.account.account, date_of(day), now)
        self._finished = day

    def _settle(self, now: dt.datetime) -> bool:
        """Land and reconcile what was finished, now or before a kill; whether there was anything to do.

        Where a broker that does not answer may still hold something of it, that waits.
        """
        day = self._last_finished()
        if day in self._settled or not any(of_day <= day for of_day in self._reader.days):
            return False
        if not self._close_out(day, now):
            return False
        self._rejections.record(self._reader.stream, now)
        with self._workshop.warehouse.held():
            closing.land(self._workshop, self._reader, self.account.account, day, now)
            closing.reconcile(self._workshop, self._reader.landed, self.account.account, now)
        self._written.pop(day, None)
        self._settled.add(day)
        return True

    def _last_finished(self) -> int:
        """The last trading day that the account has finished."""
        if self._finished is None:
            with self._workshop.warehouse.transaction() as connection:
                last = last_finished(connection, self.account.account)
            self._finished = _BEFORE_ALL if last is None else number_of(last)
        return self._finished

    # The tape's end.

    def _tell_marks(self, now: dt.datetime) -> None:
        """Enter what stopped entries, and let them go on, into `trading_events`."""
        new = [event for event in mark_events(self._reader.content.marks) if event.source not in self._told]
        if new:
            with self._workshop.warehouse.transaction() as connection:
                record_events(connection, new, now)
            self._told.update(event.source for event in new)

    @property
    def _simulated(self) -> bool:
        return any(self._reader.stream.simulated.values())
