"""`orb paper --follow` killed again and again, and started again: the same journal, nothing lost, nothing doubled."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from orb_pipeline.intake.tape import Tape
from orb_pipeline.orchestration.paper.halting import halt, resume
from orb_pipeline.orchestration.workshop import utc_now
from orb_pipeline.settings import Home
from orb_pipeline_tests.paper import doomed
from orb_pipeline_tests.paper.feeding import Feed
from orb_pipeline_tests.paper.homes import BUSY, Desk, days_of
from orb_pipeline_tests.paper.journals import assert_same, landed, left_behind, trader
from orb_pipeline_tests.paper.sizes import SIZES

DAYS = SIZES.kills // 5
BARS_A_FILE = 15
PATIENCE_SECONDS = 120.0
SECONDS_FOR_ITS_PLACE = {"transaction": 60.0}  # if it does not come by then, at this moment
SECONDS_FOR_ANOTHER = 5.0
HALTED_FROM, HALTED_TO = 100, 110  # numbers of files


@pytest.fixture(scope="module")
def files(long_desk: Desk) -> list[list[str]]:
    """Lines of files of bars, with some that do not count: again, other values, too late, no bars."""
    bars = long_desk.days(DAYS)
    lines = bars.to_csv(index=False).splitlines()[1:]
    files = [lines[first : first + BARS_A_FILE] for first in range(0, len(lines), BARS_A_FILE)]
    chance = random.Random(1)
    for file in chance.sample(files[1:-1], 40):
        number = chance.randrange(len(file))
        file.append(chance.choice([file[number], _otherwise(file[number]), file[number].replace("XAUUSD", "XAGUSD")]))
    for number in chance.sample(range(2, len(files) - 1), 10):
        files[number].append(files[number - 2][0])
    return files


def test_killed_at_any_moment_and_started_again_it_leaves_what_an_undisturbed_trader_leaves(
    long_desk: Desk, files: list[list[str]], tmp_path: Path
) -> None:
    expected = _undisturbed(long_desk, files, tmp_path / "undisturbed")
    home = long_desk.copy(tmp_path / "killed")
    chance = random.Random(2)
    feeding = Feeding(home, long_desk, files)
    killed: list[str] = []
    for place in _places(chance):
        with _trading(home, place, chance) as process:
            feeding.go_on(process, place, chance, kills_left=SIZES.kills - len(killed))
            killed.append(place if process.poll() is not None else "moment")
            process.kill()
            assert process.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    process = _trading(home, "never", chance)
    try:
        feeding.finish()
        _wait_until_idle(home, process, feeding)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
    finally:
        process.kill()

    assert len(killed) == SIZES.kills
    assert killed.count("transaction") >= SIZES.kills // 4, killed
    found = _comparable(home, long_desk.symbol)
    assert_same(found, expected)
    assert len(found["journal"]) > DAYS
    assert len(found["rejected"]) >= 40
    assert found["events"]["event"].tolist().count("halt") == 1
    _assert_each_bar_once(home, long_desk)


@dataclass
class Feeding:
    """The source: knows which files it has delivered, and delivers each once."""

    home: Home
    desk: Desk
    files: list[list[str]]

    def __post_init__(self) -> None:
        self._feed = Feed(self.home, self.desk.symbol, self.desk.days(DAYS))
        self._delivered = 0

    def go_on(self, process: subprocess.Popen[str], place: str, chance: random.Random, kills_left: int) -> None:
        """Deliver while the process lives: a share of what is left, and to one that kills itself until it has."""
        share = max(1, (len(self.files) - self._delivered) // kills_left)
        end = min(len(self.files) - 1, self._delivered + share)
        while process.poll() is None and self._delivered < end:
            self._deliver()
            time.sleep(chance.uniform(0.0, 0.05))
        patience = SECONDS_FOR_ITS_PLACE.get(place, SECONDS_FOR_ANOTHER)
        deadline = time.monotonic() + (chance.uniform(0.0, 0.5) if place == "moment" else patience)
        while process.poll() is None and time.monotonic() < deadline:
            if place == "transaction" and self._delivered < len(self.files) - 1 and not self._feed.is_waiting:
                self._deliver()  # on, at the pace of the one who trades, until it has something to write
            time.sleep(0.05)

    @property
    def is_waiting(self) -> bool:
        """Whether a file has not been taken."""
        return self._feed.is_waiting

    def finish(self) -> None:
        while self._delivered < len(self.files):
            self._deliver()

    def _deliver(self) -> None:
        """The next file; entries are halted, and let go on, at the same places of the tape whoever trades."""
        if self._delivered in (HALTED_FROM, HALTED_TO):
            Tape(self.home).take([self.desk.symbol])
            if self._delivered == HALTED_FROM:
                halt(self.home, "a test", utc_now())
            else:
                resume(self.home, utc_now())
        self._feed.write(self.files[self._delivered])
        self._delivered += 1


def _places(chance: random.Random) -> list[str]:
    """Where each kill comes: a quarter inside an open transaction."""
    quarter = SIZES.kills // 4
    rest = chance.choices(["moment", "file", "committed"], k=SIZES.kills - quarter)
    places = ["transaction"] * quarter + rest
    chance.shuffle(places)
    return places


def _trading(home: Home, place: str, chance: random.Random) -> subprocess.Popen[str]:
    limits = {"transaction": 4, "committed": 6, "file": 25}
    place, number = (place, chance.randint(1, limits[place])) if place in limits else ("never", 0)
    orb = ["--home", str(home.root), "paper", "--account", BUSY, "--follow"]
    return subprocess.Popen(
        [sys.executable, doomed.__file__, place, str(number), *orb],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _wait_until_idle(home: Home, process: subprocess.Popen[str], feeding: Feeding) -> None:
    """Until it has taken what waits, the last file at least, and the last finished day is reconciled."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None
        found = left_behind(home, [])
        is_done = len(found["reconciled"]) == DAYS and len(found["days"]) == DAYS + 1
        if is_done and not feeding.is_waiting:
            return
        time.sleep(0.2)
    message = f"not done within {PATIENCE_SECONDS} s"
    raise AssertionError(message)


def _undisturbed(desk: Desk, files: list[list[str]], root: Path) -> dict[str, pd.DataFrame]:
    home = desk.copy(root)
    feeding, alone = Feeding(home, desk, files), trader(home, BUSY)
    while feeding._delivered < len(files):
        feeding._deliver()
        alone.step()
    return _comparable(home, desk.symbol)


def _comparable(home: Home, symbol: str) -> dict[str, pd.DataFrame]:
    """Without the numbers of the tape: a kill leaves some out."""
    found = left_behind(home, [symbol])
    found["rejected"] = found["rejected"].drop(columns="source_hash")
    found["events"]["source"] = found["events"]["source"].str.replace(r"^tape:\d+$", "tape", regex=True)
    found["events"] = found["events"].sort_values(["source", "event"], ignore_index=True)
    return found


def _assert_each_bar_once(home: Home, desk: Desk) -> None:
    bars = desk.days(DAYS)
    source = bars[days_of(bars) < days_of(bars).max()]
    found = landed(home, desk.symbol)
    found = found[found["ts_utc"] >= source["ts_utc"].iloc[0]].reset_index(drop=True)
    columns = ["ts_utc", "open", "high", "low", "close", "volume"]
    pd.testing.assert_frame_equal(found[columns], source[columns], check_dtype=False)


def _otherwise(line: str) -> str:
    """The bar with another volume."""
    head, _, volume = line.rpartition(",")
    return f"{head},{int(float(volume)) + 1}"
