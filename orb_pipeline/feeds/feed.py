"""What a feed is: connections to a source of minute bars, each of which goes on where the last one ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple, Protocol, Self

Clock = Callable[[], dt.datetime]
"""The time now, aware UTC."""


class FeedBar(NamedTuple):
    """A minute of one contract as the source has it; it sorts by minute, then contract.

    Attributes:
        minute: the one it opened in, UTC minutes since the epoch.
        contract: canonical code (MGCZ24), or the instrument's symbol where it has no contracts.
        open, high, low, close: prices in points, exactly as the source gave them.
    """

    minute: int
    contract: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int


@dataclass(frozen=True)
class Batch:
    """Bars that are delivered together: whole minutes, all contracts of each, in order, at least one bar."""

    bars: tuple[FeedBar, ...]
    simulated: bool = False

    @classmethod
    def of(cls, bars: Iterable[FeedBar], *, simulated: bool = False) -> Self:
        return cls(tuple(sorted(bars)), simulated)

    @property
    def first(self) -> int:
        return self.bars[0].minute

    @property
    def last(self) -> int:
        return self.bars[-1].minute

    def after(self, minute: int | None) -> Self:
        """Without the minutes up to `minute`; it may be empty."""
        return self if minute is None or self.first > minute else self._after(minute)

    def _after(self, minute: int) -> Self:
        return type(self)(tuple(bar for bar in self.bars if bar.minute > minute), self.simulated)


@dataclass(frozen=True)
class Gap:
    """Minutes of which bars are missing, or may be; `reason` says why, and what became of them."""

    first: int
    last: int
    reason: str


class Stop(Protocol):
    """The wish that a feed ends. Whatever waits in a feed waits here."""

    def is_set(self) -> bool: ...

    def wait(self, seconds: float) -> bool:
        """Wait, but no longer than until the feed is to stop; whether it is."""
        ...


class Disconnected(Exception):  # noqa: N818 - no defect: the runner waits and connects again
    """The source cannot be reached, or no longer; the text says why, and holds no key."""


Event = Batch | Gap | None
"""None: connected, and nothing new."""


class Feed(Protocol):
    """A source of minute bars."""

    @property
    def name(self) -> str: ...

    def events(self, after: int | None, stop: Stop) -> Generator[Event]:
        """One connection: minutes that are over, in order, all later than minute `after`, each once.

        None comes first, when the source is reached, and at least every second while nothing else does. The iterator
        ends when `stop` is set or the source has no more to give; closing it disconnects.

        Args:
            after: the last minute that was delivered; None: begin where the source sees fit.

        Raises:
            Disconnected: try again later, from the last minute that was delivered.
            OrbError: trying again would not help.
        """
        ...


def in_batches(bars: Iterable[FeedBar], bars_a_batch: int, *, simulated: bool = False) -> Iterator[Batch]:
    """Bars in order of time, cut between minutes into batches of `bars_a_batch` bars, or few more."""
    held: list[FeedBar] = []
    for _, of_minute in groupby(bars, key=lambda bar: bar.minute):
        held += of_minute
        if len(held) >= bars_a_batch:
            yield Batch.of(held, simulated=simulated)
            held = []
    if held:
        yield Batch.of(held, simulated=simulated)
