"""The tape as a paper trader reads it: what is on it, which bars of it count, and what had landed before."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cached_property
from typing import Any

from orb_pipeline.intake.stream import Delivery, Stream, read_delivery, written_at
from orb_pipeline.intake.tape import BarFile, Mark, MarkKind, Tape, TapeContent
from orb_pipeline.market.trading_day import day_open
from orb_pipeline.orchestration.landed_bars import LandedBars
from orb_pipeline.orchestration.paper.landed import last_batches
from orb_pipeline.orchestration.workshop import Workshop


class TapeReader:
    """Reads on where it stopped. What it keeps in memory are copies of what the home holds.

    Attributes:
        stream: the bars that count, up to the end of the tape as it was last read.
        content: what was on it then, and marks that were put since; base: where it begins.
        landed: bars that had landed before.
    """

    def __init__(self, workshop: Workshop) -> None:
        self.tape = Tape(workshop.home)
        self.landed = LandedBars(workshop)
        self.content = TapeContent((), ())
        self._workshop = workshop
        self._deliveries: dict[int, Delivery] = {}
        self._folded = 0  # number of the last file or mark that the stream has taken
        self._base: Mark | None = None
        self._stream: Stream | None = None

    @property
    def stream(self) -> Stream:
        assert self._stream is not None  # noqa: S101 - made by the first `read`
        return self._stream

    @property
    def base(self) -> Mark:
        assert self._base is not None  # noqa: S101 - found by the first `read`
        return self._base

    @property
    def deliveries(self) -> list[Delivery]:
        """The files of bars that are on the tape."""
        return [self._deliveries[file.number] for file in self.content.files]

    @cached_property
    def symbols(self) -> list[str]:
        """Instruments of the catalogue."""
        return sorted(self._workshop.catalogue.instruments)

    @property
    def days(self) -> list[int]:
        """Trading days of which bars are on the tape, days since the epoch, in order."""
        return sorted({day for symbol in self.stream.symbols for day in self.stream.days(symbol)})

    def take(self, now: dt.datetime) -> int:
        """Take what has landed; how many files. A tape without any begins on the bars that have landed by now."""
        content = self.tape.read()
        if content.base is None or (not content.files and self.tape.waiting(self.symbols)):
            batches = last_batches(self._workshop)
            if content.base is None or content.base.batches != batches:
                self.tape.rebase(now, (content.base.day or 0) if content.base else 0, batches, ())
        return self.tape.take(self.symbols)

    def read(self) -> bool:
        """Bring `stream` up to the end of the tape; whether the tape begins elsewhere than it did."""
        self.content = self.tape.read()
        base = self.content.base
        assert base is not None  # noqa: S101 - `take` begins the tape
        begins_anew = self._base is None or self._base.number != base.number
        if begins_anew:
            self._begin(base)
        for item in self.content.after(self._folded):
            if isinstance(item, Mark):
                self.stream.pass_through(item)
            else:
                self.stream.add(self._delivery(item), base)
            self._folded = item.number
        return begins_anew

    def mark(self, kind: MarkKind, at: dt.datetime, reason: str, **said: Any) -> None:
        """Put a mark at the end of the tape; raises what Tape.take does."""
        self.tape.mark(kind, at, reason, **said)
        self.content = replace(self.content, marks=self.tape.read().marks)

    def first_arrival(self, day: int) -> int:
        """The number of the first file with bars of the day."""
        arrivals = [item.arrival for symbol in self.stream.symbols for item in self.stream.of_day(symbol, day)]
        return min((arrival for arrival in arrivals if arrival), default=0)

    def quiet_seconds(self, now: dt.datetime) -> float:
        """How long ago the last file came.

        Raises:
            BusyError: it has left the tape.
        """
        latest = self.content.files[-len(self.symbols) :]
        return now.timestamp() - max(written_at(file) for file in latest)

    def _begin(self, base: Mark) -> None:
        self._base, self._folded = base, 0
        self._stream = Stream(self._workshop.catalogue.instruments, through=int(day_open((base.day or 0) + 1)) - 1)
        kept = {file.number for file in self.content.files}
        self._deliveries = {number: item for number, item in self._deliveries.items() if number in kept}
        for symbol in base.batches.keys() & set(self.symbols):
            self._stream.landed(symbol, self.landed.last_days(symbol, 2, base.batches[symbol]))

    def _delivery(self, file: BarFile) -> Delivery:
        if file.number not in self._deliveries:
            instrument = self._workshop.catalogue.instrument(file.symbol)
            self._deliveries[file.number] = read_delivery(file, instrument)
        return self._deliveries[file.number]
