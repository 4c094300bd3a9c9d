"""`orb paper --follow`: a step whenever something lands, until told to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from watchfiles import watch

from orb_pipeline.errors import BusyError, StorageError
from orb_pipeline.memory import give_back
from orb_pipeline.orchestration.paper.trader import PaperTrader, Step
from orb_pipeline.settings import Home
from orb_pipeline.stopping import Signalled

HEARTBEAT_MS = 1_000  # a step by the clock, should no file land
_DEBOUNCE_MS = 50


def follow(
    trader: PaperTrader,
    home: Home,
    stop: Signalled,
    told: Callable[[Step], None],
    troubled: Callable[[str], None],
    *,
    polling: bool = False,
) -> None:
    """Step until `stop` is set.

    A home that is busy or cannot be written ends nothing: bars wait where they are, and the next moment tries again.

    Args:
        told: hears of every step that did something.
        troubled: hears why a step could not be made, once until one can again.
        polling: look at the folders ten times a second instead of being told by the system, which network file systems
            do not do. Where the system refuses to tell, they are looked at all the same.
    """
    trouble = ""
    for _ in _moments(home, stop, polling=polling):
        try:
            step = trader.step()
        except (BusyError, StorageError) as error:
            if str(error) != trouble:
                troubled(str(error))
            trouble = str(error)
            continue
        trouble = ""
        if step.taken or step.rejected or any(day.written or day.is_over for day in step.days):
            told(step)
        if any(day.is_over for day in step.days):
            give_back()


def _moments(home: Home, stop: Signalled, *, polling: bool) -> Iterator[None]:
    """Now, then whenever something changes where bars land or a mark is put, and at every heartbeat."""
    folders = [home.landing, home.tape]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    yield
    try:
        yield from _changes(folders, stop, polling=polling)
    except OSError:  # the system tells no more of its users' programs
        if polling:
            raise
        yield from _changes(folders, stop, polling=True)


def _changes(folders: Sequence[Path], stop: Signalled, *, polling: bool) -> Iterator[None]:
    """Raises OSError where the system does not tell of changes."""
    changes = watch(
        *folders,
        watch_filter=_is_of_interest,
        debounce=_DEBOUNCE_MS,
        step=_DEBOUNCE_MS // 2,
        stop_event=stop,
        rust_timeout=HEARTBEAT_MS,
        yield_on_timeout=True,
        raise_interrupt=False,
        force_polling=polling or None,
        poll_delay_ms=100,
    )
    for _ in changes:
        if stop.is_set():
            return
        yield


def _is_of_interest(_change: object, path: str) -> bool:
    return not Path(path).name.startswith(".")
