"""Runs a feed: delivers what it brings, connects again when it is cut off, and writes down what may be missing."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol

from orb_pipeline.feeds.feed import Batch, Clock, Disconnected, Event, Feed, Gap, Stop
from orb_pipeline.feeds.landing import Landing
from orb_pipeline.feeds.stamps import minute_of

FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 60.0
_SOUND_AFTER = dt.timedelta(seconds=60)  # a connection that lasted so long ends a row of failures


class Listener(Protocol):
    """Is told what goes on."""

    def delivered(self, batch: Batch) -> None: ...

    def missed(self, gap: Gap) -> None: ...

    def waiting(self, seconds: float, reason: str) -> None:
        """The source cannot be reached; it is tried again in `seconds`."""
        ...


@dataclass
class Backoff:
    """Waits that double from one second to one minute."""

    _next: float = FIRST_DELAY_SECONDS

    def next(self) -> float:
        delay = self._next
        self._next = min(2 * delay, LONGEST_DELAY_SECONDS)
        return delay

    def reset(self) -> None:
        self._next = FIRST_DELAY_SECONDS


@dataclass
class Run:
    """One run of a feed, and what it has delivered so far."""

    feed: Feed
    landing: Landing
    stop: Stop
    clock: Clock
    listener: Listener
    files: int = 0
    bars: int = 0
    gaps: int = 0
    _backoff: Backoff = field(default_factory=Backoff)
    _outage: tuple[dt.datetime, str] | None = None

    def until_stopped(self) -> None:
        """Deliver until the feed is to stop or its source has no more to give.

        Raises:
            OrbError: the feed or the landing folder cannot go on; what was delivered stays.
        """
        try:
            while not self.stop.is_set():
                connected_at, files = self.clock(), self.files
                try:
                    self._connection()
                except Disconnected as error:
                    if self.files > files or self.clock() - connected_at >= _SOUND_AFTER:
                        self._backoff.reset()
                    self._wait(str(error))
                else:
                    return
        finally:
            self._end_outage("the feed was stopped before the source was back")

    def _connection(self) -> None:
        with closing(self.feed.events(self.landing.through, self.stop)) as events:
            for event in events:
                self._end_outage("what the source still had of it was fetched")
                self._take(event)
                if self.stop.is_set():
                    return

    def _take(self, event: Event) -> None:
        if isinstance(event, Gap):
            self._miss(event)
        elif event is not None:
            self._deliver(event)

    def _deliver(self, batch: Batch) -> None:
        fresh = batch.after(self.landing.through)
        late = len(batch.bars) - len(fresh.bars)
        if late:
            first, last = batch.first, batch.bars[late - 1].minute
            self._miss(Gap(first, last, f"{late} bars came after their minutes had been delivered; passed over"))
        if fresh.bars:
            self.landing.deliver(fresh)
            self.files += 1
            self.bars += len(fresh.bars)
            self.listener.delivered(fresh)

    def _wait(self, reason: str) -> None:
        if self._outage is None:
            self._outage = self.clock(), reason
        delay = self._backoff.next()
        self.listener.waiting(delay, reason)
        self.stop.wait(delay)

    def _end_outage(self, ending: str) -> None:
        if self._outage is None:
            return
        (since, reason), self._outage = self._outage, None
        self._miss(Gap(minute_of(since), minute_of(self.clock()), f"{reason}; {ending}"))

    def _miss(self, gap: Gap) -> None:
        if self.landing.log(gap):
            self.gaps += 1
            self.listener.missed(gap)
