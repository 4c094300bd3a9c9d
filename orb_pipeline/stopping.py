"""Stop on SIGINT and SIGTERM: between two pieces of work, never inside one."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

_SLICE_SECONDS = 0.2


class Signalled:
    """Set by a signal. A handler may interrupt any lock, so this is a mere flag, looked at five times a second."""

    def __init__(self) -> None:
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True

    def wait(self, seconds: float) -> bool:
        ends = time.monotonic() + seconds
        while not self._is_set and (left := ends - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE_SECONDS))
        return self._is_set


@contextmanager
def stopped_by_signals() -> Iterator[Signalled]:
    """What SIGINT and SIGTERM set while the block runs.

    Arrow puts handlers of its own around long reads, and would end one that a signal comes upon with an error.
    """
    import pyarrow as pa  # a tenth of a second: whoever works until stopped has it already

    stop = Signalled()
    pa.enable_signal_handlers(False)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        pa.enable_signal_handlers(True)
