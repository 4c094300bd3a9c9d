"""History as if it came now, minute by minute or faster: for rehearsals and demonstrations."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from orb_pipeline.feeds.feed import Clock, Event, Stop, in_batches
from orb_pipeline.feeds.history import History

_WAIT_SECONDS = 1.0  # between signs of life


@dataclass(frozen=True)
class ReplayFeed:
    """Gives each minute of a history when it would have been over.

    Attributes:
        speed: minutes of the history in one real minute; None: all at once.
        bars_per_file: bars delivered together, at full speed; minutes stay whole.
    """

    history: History
    clock: Clock
    speed: float | None = 1.0
    bars_per_file: int = 1

    name = "replay"

    def events(self, after: int | None, stop: Stop) -> Generator[Event]:
        """The minutes after `after`. At a speed the first comes at once, the others as far behind it as they were."""
        yield None
        bars_a_batch = self.bars_per_file if self.speed is None else 1
        began, first = self.clock(), None
        for batch in in_batches(self.history.after(after), bars_a_batch, simulated=self.history.simulated):
            first = batch.first if first is None else first
            due = 0.0 if self.speed is None else (batch.last - first) * 60 / self.speed
            while not stop.is_set() and (left := due - (self.clock() - began).total_seconds()) > 0:
                stop.wait(min(left, _WAIT_SECONDS))
                yield None
            if stop.is_set():
                return
            yield batch
