"""Parts of the paper trader: what stops entries at which place of the tape, how long it waits, who trades."""

from __future__ import annotations

import datetime as dt
import errno
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orb_pipeline.errors import BusyError
from orb_pipeline.execution.risk import BLOCKED, HALTED
from orb_pipeline.intake.stream import Stream, StreamBar
from orb_pipeline.intake.tape import Mark, MarkKind
from orb_pipeline.market.trading_day import day_open, number_of
from orb_pipeline.orchestration.paper import follow
from orb_pipeline.orchestration.paper.lock import trader_of, trading_alone
from orb_pipeline.orchestration.paper.stops import standing, stops_of
from orb_pipeline.orchestration.paper.waiting import patience_over
from orb_pipeline.rules.bars import Bar
from orb_pipeline.settings import Home
from orb_pipeline.stopping import Signalled
from orb_pipeline_tests.execution.live import INSTRUMENTS

NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
DAY = number_of(dt.date(2026, 3, 2))
FIRST = int(day_open(DAY))
GRACE = 300.0
BOTH = {"MGC": None, "MNQ": None}


def mark(number: int, kind: MarkKind, place: int | None = None, account: str | None = None) -> Mark:
    return Mark(number, kind, NOW, f"{kind.value} {number}", number if place is None else place, account)


def checks(marks: list[Mark], places: range, account: str = "25k") -> list[str | None]:
    stopped = stops_of(marks, account)
    found = [stopped(place) for place in places]
    assert all(not decision.allowed for decision in found if decision is not None)
    return [None if decision is None else decision.check for decision in found]


def test_a_halt_counts_from_its_place_to_the_resume_and_for_every_account() -> None:
    marks = [mark(3, MarkKind.HALT), mark(5, MarkKind.RESUME)]
    assert checks(marks, range(1, 7)) == [None, None, HALTED, HALTED, None, None]


def test_a_second_halt_does_not_outlive_the_one_resume() -> None:
    marks = [mark(2, MarkKind.HALT), mark(3, MarkKind.HALT), mark(4, MarkKind.RESUME)]
    assert checks(marks, range(1, 6)) == [None, HALTED, HALTED, None, None]
    assert standing(marks, "25k", MarkKind.HALT) is None


def test_a_block_may_count_from_an_earlier_place_and_only_for_its_account() -> None:
    marks = [mark(7, MarkKind.BLOCKED, place=4, account="25k")]
    assert checks(marks, range(3, 6)) == [None, BLOCKED, BLOCKED]
    assert checks(marks, range(3, 6), account="50k") == [None, None, None]
    assert standing(marks, "50k", MarkKind.BLOCKED) is None


def test_a_resume_does_not_lift_a_block() -> None:
    marks = [mark(1, MarkKind.BLOCKED, account="25k"), mark(2, MarkKind.HALT), mark(3, MarkKind.RESUME)]
    assert checks(marks, range(1, 5)) == [BLOCKED, HALTED, BLOCKED, BLOCKED]


def stream_of(**lasts: int) -> Stream:
    """Instruments whose last bar is so many minutes into the day."""
    stream = Stream(INSTRUMENTS)
    for number, (symbol, minute) in enumerate(lasts.items(), start=1):
        stream._accept(symbol, StreamBar(symbol, Bar(FIRST + minute, 1, 1, 1, 1, 1), number))
    return stream


def after(minute: int, seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp((FIRST + minute + 1) * 60 + seconds, dt.UTC)


@pytest.mark.parametrize(
    ("seconds", "quiet", "over"), [(19.9, 60, False), (20, 20, True), (60, 19.9, False), (60, 20, True)]
)
def test_others_wait_twenty_seconds_for_one_that_is_silent(seconds: float, quiet: float, over: bool) -> None:
    found = patience_over(stream_of(MGC=10, MNQ=8), BOTH, DAY, after(10, seconds), quiet, GRACE)
    assert (found is not None) == over
    if found is not None:
        assert found.minute == FIRST + 10
        assert "MNQ" in found.reason
        assert "MGC" not in found.reason


def test_nothing_is_waited_for_where_all_have_reported() -> None:
    assert patience_over(stream_of(MGC=10, MNQ=10), BOTH, DAY, after(10, 3600), 3600, GRACE) is None


@pytest.mark.parametrize(("seconds", "quiet", "over"), [(299, 600, False), (300, 299, False), (300, 300, True)])
def test_a_day_ends_by_the_clock_after_a_while_without_files(seconds: float, quiet: float, over: bool) -> None:
    now = dt.datetime.fromtimestamp(int(day_open(DAY + 1)) * 60 + seconds, dt.UTC)
    found = patience_over(stream_of(MGC=1300), {"MGC": None}, DAY, now, quiet, GRACE)
    assert (found is not None) == over
    if found is not None:
        assert found.minute == int(day_open(DAY + 1)) - 1


def test_where_the_system_does_not_tell_of_files_they_are_looked_for(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = follow.watch

    def limited(*folders: Path, force_polling: bool | None, **how: Any) -> Iterator[Any]:
        if not force_polling:
            raise OSError(errno.ENOSPC, "OS file watch limit reached.")
        return told(*folders, force_polling=True, **{**how, "rust_timeout": 30_000, "yield_on_timeout": False})

    monkeypatch.setattr(follow, "watch", limited)
    stop = Signalled()
    moments = follow._moments(home, stop, polling=False)
    next(moments)
    threading.Timer(1.0, (home.landing / "bars.csv").touch).start()
    next(moments)
    assert (home.landing / "bars.csv").exists()
    moments.close()


def test_one_trader_an_account_and_the_second_is_told_who(home: Home) -> None:
    with trading_alone(home, "25k", "follow", NOW):
        with pytest.raises(BusyError, match=rf"process {os.getpid()} \(follow, since 2026-03-02 01:00:00 UTC\)"):
            trading_alone(home, "25k", "once", NOW).__enter__()
        holder = trader_of(home, "25k")
        assert holder is not None
        assert holder.pid == os.getpid()
        with trading_alone(home, "50k", "once", NOW):
            pass
    assert trader_of(home, "25k") is None


def test_the_lock_goes_with_a_killed_process(home: Home) -> None:
    script = (
        "import sys, os, datetime as dt; from orb_pipeline.settings import Home; "
        "from orb_pipeline.orchestration.paper.lock import trading_alone\n"
        "with trading_alone(Home.at(sys.argv[1]), '25k', 'once', dt.datetime.now(dt.UTC)): os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(home.root)], check=False).returncode == -9
    with trading_alone(home, "25k", "once", NOW):
        holder = trader_of(home, "25k")
    assert holder is not None
    assert holder.pid == os.getpid()
