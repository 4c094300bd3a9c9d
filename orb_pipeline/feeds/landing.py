"""Delivery: each bar into `landing/<instrument>/` once, whatever moment the feed is killed at.

A file of bars is first laid down whole under a hidden name, then the cursor is moved past it, then it gets its name.
Killed before the cursor moved, the hidden file is thrown away and its bars come again; killed after, it gets its name
when the feed starts again. So nothing need be known of what became of delivered files.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import filelock

from orb_pipeline.errors import BusyError, StorageError
from orb_pipeline.feeds.feed import Batch, FeedBar, Gap
from orb_pipeline.feeds.stamps import compact, minute_of, written
from orb_pipeline.settings import Home
from orb_pipeline.storage.files import appearing_whole

COLUMNS = ("ts_utc", "symbol", "source_symbol", "open", "high", "low", "close", "volume")
GAPS = ".gaps.csv"  # what begins with a dot is not taken for bars
_STAGED = ".staged-"
_CURSOR = ".cursor-"


class Landing:
    """The landing folder of an instrument, as one source writes it.

    Attributes:
        through: the last minute that any feed has delivered; None before the first. Bars of earlier minutes would be
            late to whoever takes the files, whichever source they come from.
    """

    def __init__(self, folder: Path, symbol: str, source: str) -> None:
        self.folder = folder
        self._symbol = symbol
        self._source = source
        self._cursor = folder / f"{_CURSOR}{source}.json"
        self.through = self._recovered()

    @classmethod
    @contextmanager
    def held(cls, home: Home, symbol: str, source: str) -> Iterator[Landing]:
        """The landing folder, for this process alone.

        Raises:
            BusyError: another feed of the instrument runs in this home.
            StorageError: the home cannot be read or written.
        """
        lock = filelock.FileLock(home.root / "locks" / f"feed-{symbol}.lock")
        folder = home.landing / symbol
        try:
            Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except filelock.Timeout:
            message = (
                f"Another feed of {symbol} runs in {home.root} (it holds {lock.lock_file}). Two would deliver every "
                "bar twice: stop it, or name another home with `orb --home DIR`."
            )
            raise BusyError(message) from None
        except OSError as error:
            raise _unwritable(folder, error) from error
        try:
            yield cls(folder, symbol, source)
        finally:
            lock.release()

    @property
    def gaps(self) -> Path:
        """The list of the instrument's gaps."""
        return self.folder / GAPS

    def deliver(self, batch: Batch) -> Path:
        """Put the batch into the folder as one file, and remember it; all its minutes lie after `through`.

        Raises:
            StorageError: the folder cannot be written.
        """
        name = f"{compact(batch.first)}-{self._source}.csv"
        staged = self.folder / f"{_STAGED}{name}"
        with appearing_whole(staged) as temporary:
            temporary.write_text(_text(batch, self._symbol), encoding="utf-8")
        with appearing_whole(self._cursor) as temporary:
            temporary.write_text(json.dumps({"through": written(batch.last), "file": name}), encoding="utf-8")
        self.through = batch.last
        return self._named(staged)

    def log(self, gap: Gap) -> bool:
        """Append a gap to the instrument's list of gaps (from, to, reason); whether it is not there yet.

        Raises:
            StorageError: the list cannot be written.
        """
        path = self.gaps
        line = _csv_line((written(gap.first), written(gap.last), gap.reason))
        try:
            known = path.read_text(encoding="utf-8") if path.exists() else _csv_line(("from", "to", "reason"))
            if line in known:
                return False
            with appearing_whole(path) as temporary:
                temporary.write_text(known + line, encoding="utf-8")
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        return True

    @staticmethod
    def gaps_in(folder: Path) -> list[Gap]:
        """What is in the list of gaps of a landing folder, in the order in which it was written.

        Raises:
            StorageError: it is not what `log` writes.
        """
        path = folder / GAPS
        try:
            rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))) if path.exists() else []
            return [Gap(_minute(row["from"]), _minute(row["to"]), row["reason"]) for row in rows]
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = f"{path} is no list of gaps ({error!r}). Expected lines of from,to,reason: mend or remove it."
            raise StorageError(message) from None

    def _recovered(self) -> int | None:
        """Give what the cursors cover its name, throw away what they do not; the last minute they cover."""
        cursors = [_read_cursor(path) for path in sorted(self.folder.glob(f"{_CURSOR}*.json"))]
        covered = {name for _, name in cursors}
        for staged in sorted(self.folder.glob(f"{_STAGED}*.csv")):
            if staged.name.removeprefix(_STAGED) in covered:
                self._named(staged)
            else:
                staged.unlink()
        return max((through for through, _ in cursors), default=None)

    def _named(self, staged: Path) -> Path:
        path = staged.with_name(staged.name.removeprefix(_STAGED))
        try:
            staged.rename(path)
            descriptor = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        return path


def _read_cursor(path: Path) -> tuple[int, str]:
    """The last minute delivered, and the name of the file it is in."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return _minute(said["through"]), str(said["file"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = (
            f"{path} does not say through which minute bars were delivered ({error}). Expected JSON with `through` and "
            "`file`. Write the minute of the last bar on the tape into it, or remove it to begin anew."
        )
        raise StorageError(message) from None


def _text(batch: Batch, symbol: str) -> str:
    columns = (*COLUMNS, "simulated") if batch.simulated else COLUMNS
    tail = ",true" if batch.simulated else ""
    return "\n".join([",".join(columns), *(_line(bar, symbol) + tail for bar in batch.bars), ""])


def _line(bar: FeedBar, symbol: str) -> str:
    prices = ",".join(price_text(price) for price in (bar.open, bar.high, bar.low, bar.close))
    return f"{written(bar.minute)},{symbol},{bar.contract},{prices},{bar.volume}"


def _minute(text: str) -> int:
    return minute_of(dt.datetime.fromisoformat(text))


def price_text(price: Decimal) -> str:
    """The shortest decimal: 2000.1, 2000, 0.00025."""
    return format(price.normalize(), "f")


def _unwritable(folder: Path, error: OSError) -> StorageError:
    message = (
        f"{folder} cannot be written ({error.strerror or error}). Expected a folder that can be written, with room on "
        "the disk. Mend that and start the feed again: it goes on where it ended."
    )
    return StorageError(message)


def _csv_line(values: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()
