"""What is journalled stays: late bars, a tape that somebody touched, steps that find nothing, two traders at once."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orb_pipeline.intake.tape import Tape
from orb_pipeline.settings import Home
from orb_pipeline.storage.paper import JournalContradictedError
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.acceptance.command import ORB, orb
from orb_pipeline_tests.paper.feeding import Feed
from orb_pipeline_tests.paper.homes import BUSY, TIGHT, Desk, dates
from orb_pipeline_tests.paper.journals import assert_equals_replay, assert_same, left_behind, paper_journal, trader

PATIENCE_SECONDS = 60.0


@pytest.fixture
def home(desk: Desk, tmp_path: Path) -> Home:
    return desk.copy(tmp_path / "home")


def test_bars_that_come_after_later_ones_change_nothing_and_are_told_of(desk: Desk, home: Home) -> None:
    bars = desk.days(1)
    feed, alone = Feed(home, desk.symbol, bars), trader(home, BUSY)
    kept = [*range(30), *range(40, 200)]
    feed.write([feed.lines[number] for number in kept])
    alone.step()
    stands = paper_journal(home, BUSY, dates(bars))
    assert stands["risk_check_passed"].any()
    feed.deliver(30, 40)
    assert alone.step().rejected == 10
    pd.testing.assert_frame_equal(paper_journal(home, BUSY, dates(bars)), stands)
    (alert,) = Warehouse(home.warehouse).frame("select * from monitor_alerts").to_dict("records")
    assert alert["condition"] == f"bars_rejected:{desk.symbol}:{dates(bars)[0]}:late_bar"
    assert alert["value"] == 10


def test_whoever_steps_next_tells_only_what_was_not_journalled_yet(desk: Desk, home: Home) -> None:
    feed = Feed(home, desk.symbol, desk.days(1))
    feed.deliver(0, 200)
    (before,) = trader(home, BUSY).step().days
    feed.deliver(200, 700)
    (after,) = trader(home, BUSY).step().days
    (again,) = trader(home, BUSY).step().days
    entered = {entry.strategy_id for entry in before.written if entry.outcome is not None}
    assert before.written
    assert after.written
    assert entered.isdisjoint(entry.strategy_id for entry in after.written)
    assert again.written == ()


def test_a_file_that_another_process_takes_while_a_day_lands_is_accounted_for(
    desk: Desk, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed, alone = Feed(home, desk.symbol, desk.days(1)), trader(home, BUSY)
    head, _, volume = feed.lines[100].rpartition(",")
    corrected = f"{head},{int(float(volume)) + 1}"
    rebase = Tape.rebase

    def taken_in_between(self: Tape, *arguments: Any, **named: Any) -> None:
        monkeypatch.setattr(Tape, "rebase", rebase)
        feed.write([corrected, feed.lines[101]])
        Tape(home).take([desk.symbol])
        rebase(self, *arguments, **named)

    feed.deliver(0, len(feed))
    monkeypatch.setattr(Tape, "rebase", taken_in_between)
    alone.step()
    alone.step()
    rejected = Warehouse(home.warehouse).frame("select row_number, reason from rejected_bars order by 1")
    found = list(rejected.itertuples(index=False, name=None))
    assert found == [(2, "conflicts_with_landed_bar"), (3, "repeated_minute")]


def test_a_tape_that_somebody_touched_contradicts_the_journal_and_nothing_is_written(desk: Desk, home: Home) -> None:
    bars = desk.days(1)
    feed = Feed(home, desk.symbol, bars)
    for first in range(0, 200, 50):
        feed.deliver(first, first + 50)
    trader(home, BUSY).step()
    stands = left_behind(home, [desk.symbol])
    (first_file, *_) = sorted((home.tape).glob("*.csv"))
    lines = first_file.read_text().splitlines()
    first_file.write_text("\n".join([lines[0], *lines[12:]]) + "\n")  # the first break is gone

    feed.deliver(200, 210)
    with pytest.raises(JournalContradictedError, match=f"paper journal of {BUSY} on {dates(bars)[0]} says"):
        trader(home, BUSY).step()
    assert_same(left_behind(home, [desk.symbol]), stands)


def test_the_warehouse_is_opened_only_when_there_is_something_to_write(
    desk: Desk, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed, alone = Feed(home, desk.symbol, desk.days(1)), trader(home, BUSY)
    opened: list[int] = []
    transaction = Warehouse.transaction
    monkeypatch.setattr(Warehouse, "transaction", lambda self: opened.append(1) or transaction(self))
    feed.deliver(0, 5)
    alone.step()
    opened.clear()
    steps = written = 0
    for number in range(5, 400):
        feed.deliver(number, number + 1)
        before = len(opened)
        step = alone.step()
        steps += 1
        has_written = any(day.written for day in step.days)
        written += has_written
        assert (len(opened) > before) == has_written
    assert 0 < written < steps / 10


def test_a_second_trader_of_the_account_is_refused_and_told_by_whom_and_another_account_is_not(
    desk: Desk, home: Home
) -> None:
    feed = Feed(home, desk.symbol, desk.days(1))
    with subprocess.Popen(
        [ORB, "--home", home.root, "paper", "--account", BUSY, "--follow"], stdout=subprocess.PIPE, text=True
    ) as following:
        feed.deliver(0, 100)
        _wait_until(lambda: not list(feed.folder.glob("[0-9]*")), following)
        refused = orb(home.root, "paper", "--account", BUSY, "--once")
        assert refused.code != 0
        assert f"process {following.pid} (follow, since 20" in " ".join(refused.err.split())
        assert orb(home.root, "paper", "--account", TIGHT, "--once").code == 0
        following.send_signal(signal.SIGTERM)
        assert following.wait(PATIENCE_SECONDS) == 0
    feed.deliver(100, 110)
    assert orb(home.root, "paper", "--account", BUSY, "--once").code == 0


@pytest.mark.parametrize("way", [[], ["--polling"]])
def test_a_following_trader_trades_what_lands_and_stops_in_order(desk: Desk, home: Home, way: list[str]) -> None:
    bars = desk.days(1)
    feed = Feed(home, desk.symbol, bars)
    command = [ORB, "--home", home.root, "paper", "--account", BUSY, "--follow", *way]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as following:
        for first in range(0, len(feed), 200):
            feed.deliver(first, min(first + 200, len(feed)))
            _wait_until(lambda: not list(feed.folder.glob("[0-9]*")), following)
        _wait_until(lambda: len(left_behind(home, [])["reconciled"]) == 1, following)
        following.send_signal(signal.SIGTERM)
        said, _ = following.communicate(timeout=PATIENCE_SECONDS)
        assert following.returncode == 0, said
    assert "Stopped." in said
    assert_equals_replay(home, BUSY, [desk.symbol], dates(bars)[:1])


def _wait_until(holds: Any, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert process.poll() is None, "the trader has ended"
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.05)
