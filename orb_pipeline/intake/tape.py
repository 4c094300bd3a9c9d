"""The tape: what came from outside, in the one order that counts (docs/paper-trading.md).

A folder of numbered files that is only ever added to: `00000042-MGC-0000017.csv` is a file of bars, taken from
`landing/MGC/`; `00000043-halt.json` is a mark. A rename gives a file its number, so a kill leaves it where it was or
takes it whole. Only a base, which says that everything before it has landed, lets files go.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import filelock

from orb_pipeline.errors import BusyError, StorageError
from orb_pipeline.settings import Home
from orb_pipeline.storage.files import appearing_whole, is_open_for_writing

LOCK_TIMEOUT_SECONDS = 60.0
_NAME = re.compile(r"(?P<number>\d{8,})-(?:(?P<symbol>[A-Z0-9]+)-(?P<name>.+)|(?P<kind>[a-z]+)\.json)")


class MarkKind(StrEnum):
    """What a mark says.

    BASE: bars of trading days up to `day` have landed, in the ledger's `batches`. HALT, RESUME: by hand. BLOCKED,
    UNBLOCKED: `account` may not enter, or may again. THROUGH: every minute up to `minute` is traded as it is; bars of
    it that come later are late.
    """

    BASE = "base"
    HALT = "halt"
    RESUME = "resume"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    THROUGH = "through"


@dataclass(frozen=True)
class BarFile:
    """A file of bars on the tape: `name` as it lay in `landing/<symbol>/`."""

    number: int
    symbol: str
    name: str
    path: Path


@dataclass(frozen=True)
class Mark:
    """A decision that does not follow from bars; see MarkKind for which of the fields it has.

    Attributes:
        at: when it was made, aware UTC.
        place: the number from which on it counts, its own or an earlier one.
        minute: since the epoch, UTC. day: days since the epoch.
        batches: instrument -> number of its last landed batch.
    """

    number: int
    kind: MarkKind
    at: dt.datetime
    reason: str
    place: int
    account: str | None = None
    minute: int | None = None
    day: int | None = None
    batches: Mapping[str, int] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        return f"{self.number:08d}-{self.kind.value}.json"

    @property
    def source(self) -> str:
        """Its name in `trading_events`."""
        return f"tape:{self.number}"


@dataclass(frozen=True)
class TapeContent:
    """Everything on the tape, in order; `base` is the last one, None on a tape that has none yet."""

    files: tuple[BarFile, ...]
    marks: tuple[Mark, ...]

    @property
    def base(self) -> Mark | None:
        return next((mark for mark in reversed(self.marks) if mark.kind is MarkKind.BASE), None)

    @property
    def last_number(self) -> int:
        return max((items[-1].number for items in (self.files, self.marks) if items), default=0)

    def without(self, names: Set[str]) -> TapeContent:
        if not names:
            return self
        files = tuple(file for file in self.files if file.path.name not in names)
        return TapeContent(files, tuple(mark for mark in self.marks if mark.file_name not in names))

    def with_more(self, items: Iterable[BarFile | Mark]) -> TapeContent:
        """With items whose numbers are higher."""
        more = sorted(items, key=lambda item: item.number)
        files = tuple(item for item in more if isinstance(item, BarFile))
        return TapeContent(self.files + files, self.marks + tuple(item for item in more if isinstance(item, Mark)))

    def after(self, number: int) -> list[BarFile | Mark]:
        """What has a higher number, in order."""
        files = self.files[bisect_right(self.files, number, key=lambda file: file.number) :]
        marks = [mark for mark in self.marks if mark.number > number]
        return sorted([*files, *marks], key=lambda item: item.number)


class Tape:
    """The tape of a home."""

    def __init__(self, home: Home) -> None:
        self.folder = home.tape
        self._landing = home.landing
        self._lock_path = home.root / "locks" / "tape.lock"
        self._names: set[str] = set()
        self._content = TapeContent((), ())

    def read(self) -> TapeContent:
        """What is on it. A name that was seen is not looked into again: what is on the tape does not change."""
        names = self._list()
        if names != self._names:
            gone, new = self._names - names, names - self._names
            self._names = names
            self._content = self._content.without(gone).with_more(filter(None, map(self._item, new)))
        return self._content

    def waiting(self, symbols: Sequence[str]) -> list[Path]:
        """Files of bars in `landing/` that have not been taken, in the order in which they will be.

        One that is still being written waits: what is on the tape does not change.
        """
        found: list[Path] = []
        for symbol in sorted(symbols):
            folder = self._landing / symbol
            if folder.is_dir():
                found += sorted(path for path in folder.iterdir() if _is_bars(path) and not is_open_for_writing(path))
        return found

    def strays(self, symbols: Sequence[str]) -> list[Path]:
        """Folders of `landing/` with files that are never taken, since no instrument is called so."""
        if not self._landing.is_dir():
            return []
        folders = sorted(path for path in self._landing.iterdir() if path.is_dir() and path.name not in symbols)
        return [folder for folder in folders if any(_is_bars(path) for path in folder.iterdir())]

    def take(self, symbols: Sequence[str]) -> int:
        """Give every waiting file its place; how many there were. The tape must have a base.

        Raises:
            BusyError: another process held the tape too long.
            StorageError: the home cannot be written.
        """
        if not self.waiting(symbols):
            return 0
        with self._locked():
            number = self.read().last_number
            waiting = self.waiting(symbols)
            for offset, path in enumerate(waiting, start=1):
                path.rename(self.folder / f"{number + offset:08d}-{path.parent.name}-{path.name}")
            return len(waiting)

    def mark(self, kind: MarkKind, at: dt.datetime, reason: str, *, place: int | None = None, **said: Any) -> Mark:
        """Put a mark at the end; raises what `take` does."""
        with self._locked():
            number = self.read().last_number + 1
            mark = Mark(number, kind, at, reason, number if place is None else place, **said)
            with appearing_whole(self.folder / mark.file_name) as temporary:
                temporary.write_text(json.dumps(asdict(mark), default=str), encoding="utf-8")
            return mark

    def rebase(
        self, at: dt.datetime, day: int, batches: Mapping[str, int], files: Sequence[BarFile], place: int | None = None
    ) -> None:
        """Say that bars up to trading day `day` have landed, then let go of `files`, all of whose bars they are.

        Marks that stop entries stay in force: those before the base are kept, but for earlier bases and minutes that
        are over.

        Args:
            place: what is on the tape from this number on was not looked at; None: everything was.
        """
        self.mark(MarkKind.BASE, at, "landed", place=place, day=day, batches=dict(batches))
        content = self.read()
        base = content.base
        with self._locked():
            for file in files:
                file.path.unlink(missing_ok=True)
            for mark in content.marks:
                is_over = mark.kind in (MarkKind.BASE, MarkKind.THROUGH) and mark is not base
                if is_over and base is not None and mark.number < base.place:
                    (self.folder / mark.file_name).unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Nobody else adds to the tape.

        Raises:
            BusyError, StorageError: as `take` does.
        """
        try:
            self._lock_path.parent.mkdir(parents=True, exist_ok=True)
            self.folder.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(self._lock_path, timeout=LOCK_TIMEOUT_SECONDS):
                yield
        except filelock.Timeout:
            message = f"Another process held {self._lock_path} for {LOCK_TIMEOUT_SECONDS:.0f} s. Wait, then run again."
            raise BusyError(message) from None
        except OSError as error:
            message = (
                f"{self.folder} cannot be written ({error.strerror or error}). Expected a folder that can be written, "
                "with room on the disk. Mend that and run again: nothing that was taken is lost."
            )
            raise StorageError(message) from error

    def _list(self) -> set[str]:
        """The names in the folder: with one of them all that were there before it.

        The system may leave out a name that appears while it lists, and still give a later one. Where a number is
        missing it is asked again, until it says the same twice: then what is missing is gone.
        """
        before: set[str] | None = None
        while True:
            names = set(os.listdir(self.folder)) if self.folder.is_dir() else set()  # noqa: PTH208 - a thousand a step
            if names in (self._names, before) or self._is_next(names - self._names):
                return names
            before = names

    def _is_next(self, names: Set[str]) -> bool:
        """Whether these have the numbers that follow those seen before."""
        numbers = sorted(int(match["number"]) for match in map(_NAME.fullmatch, names) if match)
        first = self._content.last_number + 1
        return numbers == list(range(first, first + len(numbers)))

    def _item(self, name: str) -> BarFile | Mark | None:
        """What has this name; None for a name that is not of the tape, or a mark that has gone meanwhile."""
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        path = self.folder / name
        if match["symbol"]:
            return BarFile(int(match["number"]), match["symbol"], match["name"], path)
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        at, kind = dt.datetime.fromisoformat(said.pop("at")), MarkKind(said.pop("kind"))
        return Mark(at=at, kind=kind, **said)


def _is_bars(path: Path) -> bool:
    """Whether a file in a landing folder is to be taken. Temporary files, and what feeds remember, begin with a dot."""
    return path.is_file() and not path.name.startswith(".")
