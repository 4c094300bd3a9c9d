"""Files that something else writes: one that grows, or a folder of them, in any layout the intake reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Iterator
from dataclasses import dataclass
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

Key = tuple[int, str]


@dataclass(frozen=True)
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

    name = "csv"

    def events(self, after: int | None, stop: Stop) -> Generator[Event]:
        """Minutes after `after` in the files. A row that is no bar, or comes late, is a gap.

        Raises:
            InputError: there is no such file or folder, or a file holds no bars.
            Disconnected: the file cannot be read any more.
        """
        if not self.path.exists():
            message = (
                f"{self.path} is neither a file nor a folder. Give the path of a file of bars, or of a folder of them."
            )
            raise InputError(message)
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
        self._through = after
        self._files: dict[Path, GrowingFile | WholeFile] = {}
        self._held: dict[Key, FeedBar] = {}
        self._simulated = False

    def read(self) -> Iterator[Gap]:
        """Take what is new in the files; what of it cannot be delivered."""
        for path in self._paths():
            grown = self._grown(path)
            if grown is not None:
                self._simulated |= grown.simulated
                yield from self._keep(path, grown)

    def closed(self) -> Iterator[Event]:
        """The minutes that are over, in batches."""
        end = self._first_open_minute()
        bars = sorted(bar for bar in self._held.values() if bar.minute < end)
        for batch in in_batches(bars, BARS_A_BATCH, simulated=self._simulated):
            self._through = batch.last
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
        for bar in grown.bars:
            key = bar.minute, bar.contract
            held = self._held.get(key)
            is_late = self._through is not None and bar.minute <= self._through
            if is_late or (held is not None and not grown.is_from_start):
                if not grown.is_from_start and bar != held:
                    what = (
                        "came after its minute had been delivered"
                        if is_late
                        else "differs from an earlier row of its minute"
                    )
                    yield Gap(bar.minute, bar.minute, f"{path.name}: a row of {bar.contract} {what}; passed over")
            else:
                self._held[key] = bar

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
