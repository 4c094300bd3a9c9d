"""One account's paper trader: each step takes what has landed and brings the journal to what follows from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from orb_pipeline.catalogue import Account
from orb_pipeline.errors import OrbError
from orb_pipeline.execution.events import EventType, TradeEvent
from orb_pipeline.execution.journal import JournalEntry, frame_of
from orb_pipeline.execution.paper import DaySoFar, PaperBar, in_engine_order, trade_day
from orb_pipeline.intake.stream import Delivery, Stream, read_delivery
from orb_pipeline.intake.tape import BarFile, Mark, MarkKind, Tape, TapeContent
from orb_pipeline.market.trading_day import date_of, day_open, number_of
from orb_pipeline.orchestration.paper import alerting, closing
from orb_pipeline.orchestration.paper.landed import LandedBars, last_batches
from orb_pipeline.orchestration.paper.permission import Permitted, permitted, why_refused
from orb_pipeline.orchestration.paper.stops import standing, stops_of
from orb_pipeline.orchestration.paper.terms import Terms, begin, terms_of
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.storage.paper import (
    TradingEvent,
    finish_day,
    last_finished,
    merge_paper_day,
    paper_journal,
    record_events,
    select_day,
)

Connection = duckdb.DuckDBPyConnection

PATIENCE_SECONDS = 20.0  # how long others wait for an instrument that has not reported a minute
RETRY_SECONDS = 10.0  # between looks at whether what is blocked may trade again


@dataclass(frozen=True)
class DayStep:
    """What a step did for one day.

    Attributes:
        written: journal rows that were added or have changed.
        open_trades: positions after it.
        refused: why nothing may be entered; None where entries go on.
    """

    trading_day: dt.date
    bars: int
    written: tuple[JournalEntry, ...]
    events: tuple[TradeEvent, ...]
    open_trades: int
    is_over: bool
    refused: str | None


@dataclass(frozen=True)
class Step:
    """What one step did: files taken from landing, rows rejected among them, and days."""

    taken: int
    rejected: int
    days: tuple[DayStep, ...]


class PaperTrader:
    """Trades one account on paper. Kept between steps are only copies of what the home holds.

    Args:
        run_id: recorded beside journal rows.
    """

    def __init__(self, workshop: Workshop, account: Account, run_id: str) -> None:
        self.account = account
        self._workshop = workshop
        self._run_id = run_id
        self._tape = Tape(workshop.home)
        self._symbols = sorted(workshop.catalogue.instruments)
        self._landed = LandedBars(workshop)
        self._deliveries: dict[int, Delivery] = {}
        self._stream: Stream | None = None
        self._folded = 0  # number of the last file or mark that the stream has taken
        self._base: Mark | None = None
        self._terms: dict[int, Terms] = {}
        self._written: dict[int, tuple[JournalEntry, ...]] = {}
        self._recorded: set[str] = set()  # files whose rejections, and marks that, are in the warehouse
        self._last_look: dt.datetime | None = None
        self._finished: int | None = None
        self._settled: set[int] = set()

    def step(self) -> Step:
        """Take what has landed, trade it, and write what differs; run twice it does nothing the second time.

        Raises:
            OrbError: of the home, the lake or the catalogue. The tape keeps what was taken.
        """
        now = self._workshop.now()
        self._begin_tape(now)
        taken = self._tape.take(self._symbols)
        days: list[DayStep] = []
        while True:
            content = self._tape.read()
            self._fold(content)
            if self._settle(now):
                continue
            day = self._next_day()
            done = None if day is None else self._trade(day, content, now)
            if done is not None:
                days.append(done)
                if done.is_over:
                    continue
            if not self._go_on(day, content, now):
                break
        rejected = self._record_rejections(now)
        return Step(taken, rejected, _merged(days))

    # The tape.

    def _begin_tape(self, now: dt.datetime) -> None:
        """A tape without files of bars begins on what has landed by now."""
        content = self._tape.read()
        if content.base is not None and (content.files or not self._tape.waiting(self._symbols)):
            return
        batches = last_batches(self._workshop)
        if content.base is None or content.base.batches != batches:
            self._tape.rebase(now, content.base.day or 0 if content.base else 0, batches, ())

    def _fold(self, content: TapeContent) -> None:
        """Bring the stream up to the end of the tape."""
        base = content.base
        assert base is not None  # noqa: S101 - a step begins the tape
        if self._stream is None or self._base is None or self._base.number != base.number:
            self._start_stream(base, content)
        assert self._stream is not None  # noqa: S101 - made above
        new: list[BarFile | Mark] = [item for item in (*content.files, *content.marks) if item.number > self._folded]
        for item in sorted(new, key=lambda item: item.number):
            if isinstance(item, Mark):
                self._stream.pass_through(item)
            else:
                self._stream.add(self._delivery(item), base)
            self._folded = item.number

    def _start_stream(self, base: Mark, content: TapeContent) -> None:
        self._stream = Stream(self._workshop.catalogue.instruments, through=int(day_open((base.day or 0) + 1)) - 1)
        self._base, self._folded = base, 0
        self._terms.clear()
        kept = {file.number for file in content.files}
        self._deliveries = {number: item for number, item in self._deliveries.items() if number in kept}
        for symbol in base.batches:
            if symbol in self._workshop.catalogue.instruments:
                frame = self._landed.up_to(base, symbol)
                if len(frame):
                    last = number_of((frame["ts_utc"].iloc[-1] + _HOUR).date())
                    self._stream.landed(symbol, self._landed.since(base, symbol, last - 1))

    def _delivery(self, file: BarFile) -> Delivery:
        if file.number not in self._deliveries:
            instrument = self._workshop.catalogue.instrument(file.symbol)
            self._deliveries[file.number] = read_delivery(file, instrument)
        return self._deliveries[file.number]

    # A day.

    def _next_day(self) -> int | None:
        """The first trading day with bars that has not been finished."""
        assert self._stream is not None  # noqa: S101 - folded before
        days = {day for symbol in self._stream.bars for day in self._stream.days(symbol)}
        return min((day for day in days if day > self._last_finished()), default=None)

    def _trade(self, day: int, content: TapeContent, now: dt.datetime) -> DayStep:
        assert self._stream is not None and self._base is not None  # noqa: S101, PT018 - folded before
        terms, refused = self._terms_of(day, content, now)
        symbols = terms.symbols if terms else tuple(self._stream.bars)
        through = self._stream.complete_through(symbols)
        is_over = through is not None and through >= int(day_open(day + 1)) - 1
        if terms is None or through is None:
            if is_over:
                self._finish(day, None, now)
            return DayStep(date_of(day), 0, (), (), 0, is_over, refused)
        marks = self._tape.read().marks
        so_far = trade_day(
            terms.paper_day, self._bars(terms, day, through), stops_of(marks, self.account.account), is_over=is_over
        )
        before = self._written.get(day)
        if so_far.entries != before or is_over or self._unrecorded(marks):
            blocked = self._write(day, terms, so_far, marks, now)
            if blocked is not None:
                self._tape.mark(
                    MarkKind.BLOCKED, now, blocked[0], place=blocked[1], account=self.account.account
                )
                return self._trade(day, self._tape.read(), now)
        if is_over:
            self._finish(day, terms, now)
        fresh = tuple(entry for entry in so_far.entries if before is None or entry not in before)
        held = standing(marks, self.account.account, MarkKind.BLOCKED)
        return DayStep(
            date_of(day), so_far.bars, fresh, so_far.events, len(so_far.trades), is_over, held.reason if held else None
        )

    def _bars(self, terms: Terms, day: int, through: int) -> list[PaperBar]:
        assert self._stream is not None  # noqa: S101 - folded before
        markets = terms.paper_day.context.markets
        return in_engine_order(
            [
                PaperBar(symbol, item.bar, item.arrival)
                for symbol in terms.symbols
                for item in self._stream.of_day(symbol, day)
                if item.contract == markets[symbol].front_month and item.bar.minute <= through
            ]
        )

    def _terms_of(self, day: int, content: TapeContent, now: dt.datetime) -> tuple[Terms | None, str | None]:
        """The day's terms, fixed now where it begins; or why it does not."""
        assert self._base is not None  # noqa: S101 - folded before
        catalogue = self._workshop.catalogue
        if day not in self._terms:
            with self._workshop.warehouse.transaction() as connection:
                stored = select_day(connection, self.account.account, date_of(day))
            if stored is None:
                allowed, why = self._permission(content, day, now)
                if allowed is None:
                    return None, why
                simulated = any(self._stream.simulated.values()) if self._stream else False
                with self._workshop.warehouse.transaction() as connection:
                    stored = begin(connection, self.account, day, allowed, now, simulated=simulated)
            self._terms[day] = terms_of(stored, catalogue, self._landed, self._base)
            with self._workshop.warehouse.transaction() as connection:
                record_events(connection, self._terms[day].rolls, now)
        if standing(content.marks, self.account.account, MarkKind.BLOCKED):
            self._unblock(self._terms[day], now)
        return self._terms[day], None

    def _permission(self, content: TapeContent, day: int, now: dt.datetime) -> tuple[Permitted | None, str]:
        """What may be traded on a day that has not begun; or why nothing may, with a mark that says so."""
        blocked = standing(content.marks, self.account.account, MarkKind.BLOCKED)
        if blocked is not None and self._last_look is not None and not self._may_look_again(now):
            return None, blocked.reason
        self._last_look = now
        try:
            allowed = permitted(self._workshop, self.account)
        except OrbError as error:
            if blocked is None:
                self._tape.mark(
                    MarkKind.BLOCKED, now, str(error), place=self._first_arrival(day), account=self.account.account
                )
            return None, str(error)
        finally:
            self._workshop.forget()
        if blocked is not None:
            was_refused = blocked.place >= self._first_arrival(day)
            place = None if was_refused else self._first_arrival(day)
            self._tape.mark(MarkKind.UNBLOCKED, now, "gates hold", place=place, account=self.account.account)
        return allowed, ""

    def _unblock(self, terms: Terms, now: dt.datetime) -> None:
        """Let entries go on where what stopped them is over."""
        if not self._may_look_again(now):
            return
        self._last_look = now
        with self._workshop.warehouse.transaction() as connection:
            why = why_refused(connection, self.account.account, terms.stored.contents, now)
        if why is None:
            self._tape.mark(MarkKind.UNBLOCKED, now, "gates hold", account=self.account.account)

    def _may_look_again(self, now: dt.datetime) -> bool:
        return self._last_look is None or abs((now - self._last_look).total_seconds()) >= RETRY_SECONDS

    def _first_arrival(self, day: int) -> int:
        assert self._stream is not None  # noqa: S101 - folded before
        arrivals = [item.arrival for symbol in self._stream.bars for item in self._stream.of_day(symbol, day)]
        return min((arrival for arrival in arrivals if arrival), default=0)

    # Writing.

    def _write(
        self, day: int, terms: Terms, so_far: DaySoFar, marks: Sequence[Mark], now: dt.datetime
    ) -> tuple[str, int] | None:
        """One transaction: journal, events, and the day's end. Or, where entries may not be: why, and from which place."""
        account, trading_day = self.account.account, date_of(day)
        rows = frame_of(so_far.entries).assign(simulated=terms.stored.simulated)
        with self._workshop.warehouse.transaction() as connection:
            known = set(paper_journal(connection, account, trading_day)["strategy_id"])
            entering = [
                so_far.arrivals[entry.strategy_id]
                for entry in so_far.entries
                if entry.risk_check_passed and entry.strategy_id not in known
            ]
            if entering:
                why = why_refused(connection, account, terms.stored.contents, now)
                if why is not None:
                    return why, min(entering)
            merge_paper_day(connection, account, trading_day, rows, run_id=self._run_id, at=now)
            record_events(connection, [*_mark_events(marks), *_limit_events(so_far, terms)], now)
            if so_far.is_over:
                finish_day(connection, account, trading_day, now)
        self._written[day] = so_far.entries
        self._recorded.update(mark.source for mark in marks)
        return None

    def _unrecorded(self, marks: Sequence[Mark]) -> bool:
        return any(event.source not in self._recorded for event in _mark_events(marks))

    def _record_rejections(self, now: dt.datetime) -> int:
        """Put rows that do not count into `rejected_bars`, with their alerts; how many are new to this trader."""
        assert self._stream is not None  # noqa: S101 - folded before
        new = {file: rows for file, rows in self._stream.rejected.items() if file.path.name not in self._recorded}
        if not new:
            return 0
        with self._workshop.warehouse.transaction() as connection:
            for file, rows in new.items():
                alerting.record(connection, file, rows, now)
            alerting.raise_for_rejections(connection, {file.symbol for file in new}, now)
        self._recorded.update(file.path.name for file in new)
        return sum(map(len, new.values()))

    # Endings.

    def _finish(self, day: int, terms: Terms | None, now: dt.datetime) -> None:
        """The day is over and journalled; `_settle` lands and reconciles it."""
        assert self._stream is not None and self._base is not None  # noqa: S101, PT018 - folded before
        if terms is None:
            with self._workshop.warehouse.transaction() as connection:
                begin(connection, self.account, day, None, now, simulated=any(self._stream.simulated.values()))
                finish_day(connection, self.account.account, date_of(day), now)
        self._record_rejections(now)
        self._finished = day
        self._terms.pop(day, None)
        self._written.pop(day, None)

    def _settle(self, now: dt.datetime) -> bool:
        """Land and reconcile what was finished, now or before a kill; whether there was anything to do."""
        assert self._stream is not None  # noqa: S101 - folded before
        day = self._last_finished()
        days = {of_day for symbol in self._stream.bars for of_day in self._stream.days(symbol)}
        if day in self._settled or not any(of_day <= day for of_day in days):
            return False
        closing.land(self._workshop, self._tape, self._stream, self._deliveries, self.account.account, day, now)
        closing.reconcile(self._workshop, self.account.account, now)
        self._settled.add(day)
        return True

    def _last_finished(self) -> int:
        """The last trading day that the account has finished, -1 before the first."""
        if self._finished is None:
            with self._workshop.warehouse.transaction() as connection:
                last = last_finished(connection, self.account.account)
            self._finished = -1 if last is None else number_of(last)
        return self._finished

    def _go_on(self, day: int | None, content: TapeContent, now: dt.datetime) -> bool:
        """Put a mark where the clock says that waiting is over; whether it did."""
        assert self._stream is not None  # noqa: S101 - folded before
        if day is None or not content.files:
            return False
        terms = self._terms.get(day)
        symbols = terms.symbols if terms else tuple(self._stream.bars)
        through = self._stream.complete_through(symbols)
        quiet = now.timestamp() - max(file.path.stat().st_mtime for file in content.files[-len(self._symbols) :])
        lasts = [last for symbol in symbols if (last := self._stream.last_minute(symbol)) is not None]
        newest = max(lasts, default=None)
        end = int(day_open(day + 1))
        grace = 60.0 * self._workshop.catalogue.research.gates.closing_grace_minutes
        if now.timestamp() >= end * 60 + grace and quiet >= grace and (through is None or through < end - 1):
            self._tape.mark(MarkKind.THROUGH, now, f"{date_of(day)} is over by the clock", minute=end - 1)
            return True
        is_behind = newest is not None and (through is None or through < newest)
        if newest is not None and is_behind and quiet >= PATIENCE_SECONDS and _is_past(newest, now):
            silent = [symbol for symbol in symbols if (self._stream.last_minute(symbol) or -1) < newest]
            reason = f"{', '.join(silent)} did not report in time"
            self._tape.mark(MarkKind.THROUGH, now, reason, minute=newest)
            return True
        return False


_HOUR = dt.timedelta(hours=1)  # a trading day opens an hour before its date begins in UTC
_EVENTS = {MarkKind.HALT, MarkKind.RESUME, MarkKind.BLOCKED, MarkKind.UNBLOCKED}


def _is_past(minute: int, now: dt.datetime) -> bool:
    return now.timestamp() >= (minute + 1) * 60 + PATIENCE_SECONDS


def _mark_events(marks: Sequence[Mark]) -> list[TradingEvent]:
    return [
        TradingEvent(mark.at, mark.kind.value, mark.reason, mark.source, account=mark.account)
        for mark in marks
        if mark.kind in _EVENTS
    ]


def _limit_events(so_far: DaySoFar, terms: Terms) -> list[TradingEvent]:
    """The limit that stopped the day's entries, and the end of an account that a drawdown rule ended."""
    account, trading_day = terms.stored.account, terms.stored.trading_day
    found = []
    for event in so_far.events:
        if event.event_type is EventType.HALT and event.decision is not None:
            found.append(
                TradingEvent(
                    event.timestamp,
                    "limit",
                    event.reason,
                    f"limit:{account}:{trading_day}",
                    account=account,
                    trading_day=trading_day,
                    check_name=event.decision.check,
                )
            )
    if so_far.is_lost and terms.stored.lost_on is None and so_far.is_over:
        at = dt.datetime.fromtimestamp((so_far.last_minute or 0) * 60, dt.UTC)
        reason = "a drawdown rule ended the account"
        found.append(
            TradingEvent(at, "account_lost", reason, f"lost:{account}", account=account, trading_day=trading_day)
        )
    return found


def _merged(days: Sequence[DayStep]) -> tuple[DayStep, ...]:
    """The last word on each day."""
    return tuple({step.trading_day: step for step in days}.values())
