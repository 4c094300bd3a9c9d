"""A killed ingest leaves all of a file or none: real processes, real SIGKILL."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from orb_pipeline.settings import Home
from orb_pipeline_tests.data import real_data
from orb_pipeline_tests.intake.house import House

ROWS = 353_415
INGEST = """
import sys, time
from orb_pipeline.intake import commit
from orb_pipeline_tests.intake.house import House
from orb_pipeline.settings import Home
from orb_pipeline.storage.lake import Lake
from pathlib import Path

def stop_after(owner, name):
    real = getattr(owner, name)
    def stopping(*args, **kwargs):
        result = real(*args, **kwargs)
        print("here", flush=True)
        time.sleep(60)
        return result
    setattr(owner, name, stopping)

home, path, moment = sys.argv[1:]
if moment == "after the Parquet file":
    stop_after(Lake, "write")
if moment == "inside the transaction":
    stop_after(commit, "_enter")
if moment == "any":
    print("here", flush=True)
House(Home.at(home)).ingest(Path(path), "XAUUSD")
print("done", flush=True)
"""


def start(home: Path, path: Path, moment: str) -> subprocess.Popen[str]:
    """An ingest in its own process, that has come to `moment`."""
    command = [sys.executable, "-c", INGEST, str(home), str(path), moment]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


@pytest.fixture
def year() -> Path:
    return real_data("gold_spot", "2016.parquet")


@pytest.mark.parametrize("moment", ["after the Parquet file", "inside the transaction"])
def test_killed_before_the_commit_nothing_has_landed_and_the_next_ingest_lands_it(
    house: House, year: Path, moment: str
) -> None:
    kill(start(house.home.root, year, moment))
    assert list(house.home.root.glob("lake/landed_bars/*/batch-00001.parquet"))
    assert house.bars("XAUUSD").empty
    assert house.rejected().empty
    assert house.ingest(year, "XAUUSD").landed == ROWS
    assert len(house.bars("XAUUSD")) == ROWS


def test_killed_at_any_moment_all_of_the_file_has_landed_or_nothing(tmp_path: Path, year: Path) -> None:
    seen = set()
    for attempt, seconds in enumerate((0.02, 0.1, 0.17, 0.22, 0.27, 0.35)):
        house = House(Home.at(tmp_path / str(attempt)))
        process = start(house.home.root, year, "any")
        time.sleep(seconds)
        kill(process)
        landed = len(house.bars("XAUUSD"))
        seen.add(landed)
        assert len(house.files()) == (landed > 0)
        house.ingest(year, "XAUUSD")
        assert len(house.bars("XAUUSD")) == ROWS
    assert seen <= {0, ROWS}


def test_two_ingests_at_once_both_land_one_after_the_other(house: House, year: Path) -> None:
    processes = [start(house.home.root, path, "any") for path in (year, real_data("gold_spot", "2015.parquet"))]
    assert [process.communicate()[0] for process in processes] == ["done\n", "done\n"]
    assert sorted(house.files()["batch"]) == [1, 2]
    assert len(house.bars("XAUUSD")) == ROWS + 351_666
