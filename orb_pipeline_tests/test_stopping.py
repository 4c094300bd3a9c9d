"""Work that goes on until it is stopped ends between two pieces of it, whatever a signal comes upon."""

from __future__ import annotations

import os
import signal
import threading

import pyarrow as pa
import pytest
from pyarrow import csv

from orb_pipeline.stopping import stopped_by_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_read_that_a_signal_comes_upon_goes_on_to_its_end(number: signal.Signals) -> None:
    text = pa.py_buffer(b"a,b,c\n" + b"1,2,3\n" * 3_000_000)
    with stopped_by_signals() as stop:
        waiting = threading.Timer(0.01, os.kill, (os.getpid(), number))
        waiting.start()
        rows = sum(csv.read_csv(text).num_rows for _ in range(5))
        waiting.join()
        assert rows == 15_000_000
        assert stop.is_set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_are_a_wish_to_stop_and_handlers_are_put_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stopped_by_signals() as stop:
        assert not stop.wait(0)
        os.kill(os.getpid(), number)
        assert stop.wait(60)
        assert stop.is_set()
    assert signal.getsignal(number) is before
