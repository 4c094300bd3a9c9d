"""Files that something else writes: one that grows, or a folder of them, in any layout the intake reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from orb_pipeline.catalogue import Instrument
from orb_pipeline.errors import InputError
from orb_pipeline.feeds.feed import Clock, Disconnected, Event, FeedBar, Gap, Stop, in_batches
from orb_pipeline.feeds.growing import GrowingFile, Grown, WholeFile
from orb_pipeline.feeds.stamps import minute_of
from orb_pipeline.market.formats import text
from orb_pipeline.market.formats.raw import ReadOptions
from orb_pipeline.market.formats.registry import FORMATS

POLL_SECONDS = 1.0
GRACE = dt.timedelta(seconds=5)  # after a minute, until its last bar is in the file
BARS_A_BATCH = 5_000  # of what had piled up
ROWS_ONE_BY_ONE = 100  # of one reading that are passed over; more are one gap, which is quickly written down

Key = tuple[int, str]


@dataclass
class CsvFeed:
    """Follows a file or a folder.

    A minute of one file is over when a later row is there, of a folder of files (which do not wait for one another) and
    of a file's last row when the clock says so.

    Attributes:
        path: a file, or a folder of which all files with an ending the intake knows are followed.
        once: deliver what is there and end, instead of waiting for more; files are taken as finished.
    """

    path: Path
    instrument: Instrument
    options: ReadOptions
    clock: Clock
    once: bool = False
    _was_there: bool = field(default=False, init=False, repr=False)  # when this feed last looked for it, or before

    name = "csv"

    def events(self, after: int | None, stop: Stop) -> Generator[Event]:
        """Minutes after `after` in the files.

        A row that is no bar, comes late or differs from what was delivered is a gap; so is a file of a folder that
        cannot be read. Rows up to `after` in files that are there already count as delivered.

        Raises:
            InputError: there never was such a file or folder, or the file holds no bars.
            Disconnected: the file cannot be read any more, or is gone.
        """
        if not self.path.exists():
            if self._was_there:
                message = f"{self.path} is not there any more"
                raise Disconnected(message)
            message = (
                f"{self.path} is neither a file nor a folder. Give the path of a file of bars, or of a folder of them."
            )
            raise InputError(message)
        self._was_there = True
        following = _Following(self, after)
        while not stop.is_set():
            yield None
            yield from following.read()
            yield from following.closed()
            if self.once:
                return
            stop.wait(POLL_SECONDS)


class _Following:
    """The files of one connection, and the bars of them that are not delivered yet."""

    def __init__(self, feed: CsvFeed, after: int | None) -> None:
        self._feed = feed
        self._after = after
        self._through = after
        self._files: dict[Path, GrowingFile | WholeFile] = {}
        self._there = set(self._paths())  # when the connection began, and not read yet
        self._held: dict[Key, tuple[FeedBar, Path]] = {}
        self._settled: set[int] = set()  # hashes of bars that were delivered, or told to be late
        self._unread: dict[Path, str] = {}  # why files that are perhaps still being written cannot be read
        self._simulated = False

    def read(self) -> Iterator[Gap]:
        """Take what is new in the files; what of it cannot be delivered."""
        for path in self._paths():
            yield from self._look(path)

    def _look(self, path: Path) -> Iterator[Gap]:
        """Take what is new in a file. A whole one that cannot be read is told when the next look finds it as it was."""
        try:
            grown = self._grown(path)
        except InputError as error:
            if not self._feed.path.is_dir():
                raise
            self._unread[path] = str(error)
            if isinstance(self._files[path], WholeFile) and not self._feed.once:
                return
            grown = None
        why = self._unread.pop(path, None)
        if grown is not None:
            self._simulated |= grown.simulated
            yield from self._keep(path, grown)
            self._there.discard(path)
        elif why is not None:
            now = minute_of(self._feed.clock())
            yield Gap(now, now, f"{path.name} is passed over until it changes: {why}")

    def closed(self) -> Iterator[Event]:
        """The minutes that are over, in batches."""
        end = self._first_open_minute()
        bars = sorted(bar for bar, _ in self._held.values() if bar.minute < end)
        for batch in in_batches(bars, BARS_A_BATCH, simulated=self._simulated):
            self._through = batch.last
            self._settled.update(hash(bar) for bar in batch.bars)
            yield batch
        for bar in bars:
            del self._held[bar.minute, bar.contract]

    def _first_open_minute(self) -> int:
        by_clock = minute_of(self._feed.clock() - GRACE)
        if self._feed.path.is_dir() or not self._held:
            return by_clock
        return max(by_clock, max(self._held)[0])

    def _keep(self, path: Path, grown: Grown) -> Iterator[Gap]:
        now = minute_of(self._feed.clock())
        for bad in grown.bad:
            at, row = now if bad.minute is None else bad.minute, bad.row
            yield Gap(at, at, f"{path.name}: row {row.row_number} is no bar and is passed over: {row.reason} {row.raw}")
        passed_over: dict[str, list[FeedBar]] = {}
        for bar in grown.bars:
            why = self._refusal(bar, path, is_from_start=grown.is_from_start)
            if why is not None:
                passed_over.setdefault(why, []).append(bar)
        for why, bars in passed_over.items():
            if len(bars) > ROWS_ONE_BY_ONE:
                what = f"{len(bars):,} rows, of which each {why}"
                yield Gap(bars[0].minute, bars[-1].minute, f"{path.name}: {what}; passed over")
                continue
            for bar in bars:
                yield Gap(bar.minute, bar.minute, f"{path.name}: a row of {bar.contract} {why}; passed over")

    def _refusal(self, bar: FeedBar, path: Path, *, is_from_start: bool) -> str | None:
        """Hold a bar until its minute is over; why it is passed over instead, where that is to be told."""
        if self._through is not None and bar.minute <= self._through:
            return self._lateness(bar, path)
        held, source = self._held.get((bar.minute, bar.contract), (bar, path))
        if bar != held and not (is_from_start and path == source):
            return "differs from an earlier row of its minute"
        self._held[bar.minute, bar.contract] = bar, source
        return None

    def _lateness(self, bar: FeedBar, path: Path) -> str | None:
        """What is to be told of a bar whose minute had been delivered: nothing when it was delivered as it is here."""
        if hash(bar) in self._settled:
            return None
        self._settled.add(hash(bar))
        is_of_before = path in self._there and self._after is not None and bar.minute <= self._after
        return None if is_of_before else "came after its minute had been delivered"

    def _grown(self, path: Path) -> Grown | None:
        if path not in self._files:
            kind = GrowingFile if path.name.lower().endswith(text.ENDINGS) else WholeFile
            self._files[path] = kind(path, self._feed.instrument, self._feed.options)
        try:
            return self._files[path].grown(is_finished=self._feed.once)
        except OSError as error:
            if self._feed.path.is_dir():
                del self._files[path]  # moved away: its last rows were read, or come again with it
                return None
            message = f"{path} cannot be read ({error.strerror or error})"
            raise Disconnected(message) from None

    def _paths(self) -> list[Path]:
        if not self._feed.path.is_dir():
            return [self._feed.path]
        endings = tuple(FORMATS)
        files = (path for path in self._feed.path.iterdir() if path.is_file() and not path.name.startswith("."))
        return sorted(path for path in files if path.name.lower().endswith(endings))
