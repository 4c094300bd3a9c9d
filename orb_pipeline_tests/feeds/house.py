"""A landing folder, whoever takes files from it, and feeds that do as they are told."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from orb_pipeline.feeds import landing as landing_module
from orb_pipeline.feeds.feed import Batch, Disconnected, Event, Feed, FeedBar, Gap, Stop
from orb_pipeline.feeds.landing import Landing
from orb_pipeline.feeds.runner import Run
from orb_pipeline.feeds.stamps import minute_of
from orb_pipeline.settings import Home
from orb_pipeline.storage.files import appearing_whole

NINE = minute_of(dt.datetime(2024, 3, 4, 23, 0, tzinfo=dt.UTC))  # 09:00 in Brisbane: a trading day opens


def bar(minute: int, contract: str = "MGCJ24", price: str = "2100.1", volume: int = 3) -> FeedBar:
    value = Decimal(price)
    return FeedBar(minute, contract, value, value + 1, value - 1, value, volume)


def batch(*minutes: int) -> Batch:
    return Batch.of(bar(minute) for minute in minutes)


class Now:
    """A clock that stands still until it is told, or waited for; waiting takes no time."""

    def __init__(self, minute: int = NINE) -> None:
        self.moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minute)
        self.waits: list[float] = []
        self.stops_after: int | None = None  # waits
        self._is_set = False

    def __call__(self) -> dt.datetime:
        return self.moment

    def set(self) -> None:
        self._is_set = True

    def is_set(self) -> bool:
        return self._is_set

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.moment += dt.timedelta(seconds=seconds)
        if self.stops_after is not None and len(self.waits) >= self.stops_after:
            self._is_set = True
        return self._is_set


@dataclass
class Told:
    """What a listener was told."""

    batches: list[Batch] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def delivered(self, batch: Batch) -> None:
        self.batches.append(batch)

    def missed(self, gap: Gap) -> None:
        self.gaps.append(gap)

    def waiting(self, seconds: float, reason: str) -> None:
        self.waits.append(seconds)
        self.reasons.append(reason)


@dataclass
class ScriptedFeed:
    """Knows all minutes of a source. Each connection gives the next number of batches of the script, then breaks off.

    A number of None: to the end.
    """

    source: Sequence[Batch]
    script: Iterable[int | None] = (None,)
    name: str = "scripted"
    _script: Iterator[int | None] | None = None

    def events(self, after: int | None, stop: Stop) -> Generator[Event]:
        self._script = self._script or iter(self.script)
        count = next(self._script, None)
        if count == 0:
            message = "connection refused"
            raise Disconnected(message)
        yield None
        left = [item for item in (one.after(after) for one in self.source) if item.bars]
        yield from left if count is None else left[: count - 1]
        if count is not None:
            message = "connection lost"
            raise Disconnected(message)


def run(home: Home, feed: Feed, now: Now | None = None, symbol: str = "MGC") -> tuple[Run, Told]:
    """Run a feed to its end."""
    now, told = now or Now(), Told()
    with Landing.held(home, symbol, feed.name) as landing:
        one = Run(feed, landing, now, now, told)
        one.until_stopped()
    return one, told


class Killed(BaseException):
    """The process is gone: nothing after it runs."""


@contextmanager
def killed_at(monkeypatch: pytest.MonkeyPatch, write: int, *, is_done: bool) -> Iterator[None]:
    """Killed at a write of the landing folder, counted from 1: before it, or when it is done; the block ends there.

    Each delivery is three writes: the hidden file, the cursor, the name.
    """
    count = 0

    def step(done: bool) -> None:
        nonlocal count
        count += not done
        if count == write and done == is_done:
            raise Killed

    @contextmanager
    def appearing(path: Path) -> Iterator[Path]:
        step(False)
        with appearing_whole(path) as temporary:
            yield temporary
        step(True)

    named = Landing._named

    def naming(self: Landing, staged: Path) -> Path:
        step(False)
        path = named(self, staged)
        step(True)
        return path

    with monkeypatch.context() as patch, suppress(Killed):
        patch.setattr(landing_module, "appearing_whole", appearing)
        patch.setattr(Landing, "_named", naming)
        yield


class Trader:
    """Takes files away as the tape does, and keeps their lines in order."""

    def __init__(self, home: Home, symbol: str = "MGC") -> None:
        self.folder = home.landing / symbol
        self.files: list[str] = []
        self.rows: list[dict[str, str]] = []

    def take(self) -> None:
        for path in sorted(self.folder.iterdir()):
            if not path.name.startswith("."):
                self.files.append(path.name)
                with path.open(encoding="utf-8") as file:
                    self.rows += list(csv.DictReader(file))
                path.unlink()

    def stamps(self) -> list[tuple[str, str]]:
        self.take()
        return [(row["ts_utc"], row["source_symbol"]) for row in self.rows]


def gaps_of(home: Home, symbol: str = "MGC") -> list[dict[str, str]]:
    path = home.landing / symbol / ".gaps.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
