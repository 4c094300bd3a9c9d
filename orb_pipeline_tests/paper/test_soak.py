"""Day after day through `orb paper --follow`, as fast as it goes: it holds no more memory and no more files."""

from __future__ import annotations

import signal
import statistics
import subprocess
import time
from pathlib import Path

from orb_pipeline.market.trading_day import minutes_of
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.acceptance.command import ORB
from orb_pipeline_tests.orchestration.serving import eventually
from orb_pipeline_tests.paper.feeding import Feed
from orb_pipeline_tests.paper.homes import BUSY, Desk, dates, days_of
from orb_pipeline_tests.paper.journals import assert_equals_replay, trader
from orb_pipeline_tests.paper.sizes import SIZES

EVERY_MINUTES = 3  # bars of a market in which only every third minute is traded
BARS_A_FILE = 120
FILES_AHEAD = 3
DAYS_BEFORE = 5  # traded before it starts, so that what watches beside it has trades to look at from its first look on
WARM_UP_DAYS = 80  # what is looked back on grows most in the first months
GROWTH_MB = 20
PATIENCE_SECONDS = 120.0
REST_SECONDS = 3


def test_it_holds_no_more_memory_and_no_more_files_after_many_days(simulated_desk: Desk, tmp_path: Path) -> None:
    home, symbol = simulated_desk.copy(tmp_path / "home"), simulated_desk.symbol
    bars = simulated_desk.days(SIZES.soak_days)
    bars = bars[minutes_of(bars["ts_utc"]) % EVERY_MINUTES == 0].reset_index(drop=True)
    *days, _ = dates(bars)
    feed, numbers = Feed(home, symbol, bars), days_of(bars).tolist()
    memory: list[float] = []
    handles = 0
    before = numbers.index(sorted(set(numbers))[DAYS_BEFORE])
    feed.deliver(0, before)
    trader(home, BUSY).step()
    with (tmp_path / "said").open("w") as said:
        command = [ORB, "--home", home.root, "paper", "--account", BUSY, "--follow"]
        following = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
    try:
        for first in range(before, len(feed), BARS_A_FILE):
            last = min(first + BARS_A_FILE, len(feed))
            feed.deliver(first, last)
            _wait(feed, following, ahead=FILES_AHEAD)
            if numbers[first] != numbers[last - 1]:
                memory.append(_memory(following.pid))
            if len(memory) == WARM_UP_DAYS and not handles:
                _wait(feed, following, ahead=0)
                handles = _handles_at_rest(following.pid)
        _wait(feed, following, ahead=0)
        assert _handles_at_rest(following.pid) <= handles
        eventually((home.reports / "dashboard.html").exists)
        following.send_signal(signal.SIGTERM)
        assert following.wait(PATIENCE_SECONDS) == 0
    finally:
        following.kill()
    trader(home, BUSY).step()  # the last files may have been taken and not traded yet

    third = (len(memory) - WARM_UP_DAYS) // 3
    growth = statistics.median(memory[-third:]) - statistics.median(memory[WARM_UP_DAYS : WARM_UP_DAYS + third])
    assert growth < GROWTH_MB, f"{growth:.1f} MB: {[round(found) for found in memory]}"
    assert_equals_replay(home, BUSY, [symbol], days)
    assert Warehouse(home.warehouse).frame("select * from reconciliation where not explained").empty


def _memory(pid: int) -> float:
    """What a process holds of its own, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1024


def _handles_at_rest(pid: int) -> int:
    """The fewest open files of a process that has nothing to do; what it opens for moments does not count."""
    found = []
    for _ in range(REST_SECONDS * 50):
        found.append(len(list(Path(f"/proc/{pid}/fd").iterdir())))
        time.sleep(0.02)
    return min(found)


def _wait(feed: Feed, following: subprocess.Popen[bytes], ahead: int) -> None:
    """Until no more than so many files wait."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while sum(1 for _ in feed.folder.glob("[0-9]*")) > ahead:
        assert following.poll() is None, "the trader has ended"
        assert time.monotonic() < deadline, "files are not taken any more"
        time.sleep(0.005)
