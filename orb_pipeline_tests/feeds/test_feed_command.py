"""`orb feed` as a user types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from orb_pipeline.settings import Home
from orb_pipeline_tests.acceptance.command import ORB, Answer, orb
from orb_pipeline_tests.feeds.databento_gateway import KEY, DatabentoGateway, end_of_interval, ohlcv, serving
from orb_pipeline_tests.feeds.house import NINE, Trader

HEADER = "ts_utc,source_symbol,open,high,low,close,volume\n"


def line(minute: int) -> str:
    return f"2024-03-04T{minute // 60:02d}:{minute % 60:02d}:00Z,MGCJ4,2000.1,2000.1,2000.1,2000.1,1\n"


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "history.csv"
    path.write_text(HEADER + "".join(line(minute) for minute in range(200)), encoding="utf-8")
    return path


def stamps(home: Path) -> list[str]:
    return [stamp for stamp, _ in Trader(Home.at(home)).stamps()]


def wanted(count: int) -> list[str]:
    return [line(minute).split(",")[0] for minute in range(count)]


def test_a_replay_at_full_speed_ends_by_itself(tmp_path: Path, history: Path) -> None:
    answer = orb(tmp_path, "feed", "replay", history, "-i", "MGC", "--speed", "max", "--bars-per-file", "60")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == "MGC replay: done; 200 bars in 4 files, through 2024-03-04T03:19:00Z\n"
    assert stamps(tmp_path) == wanted(200)


def test_simulated_history_stays_marked(tmp_path: Path) -> None:
    bars = tmp_path / "s.parquet"
    days = ("--start", "2024-01-02", "--end", "2024-01-03")
    assert orb(tmp_path, "simulate", "-i", "MGC", *days, "--out", bars).code == 0
    assert orb(tmp_path, "ingest", bars, "-i", "MGC").code == 0
    other = tmp_path / "other"
    span = ("--start", "2024-01-03", "--end", "2024-01-03")
    speed = ("--speed", "0", "--bars-per-file", "500")
    answer = orb(other, "feed", "replay", "-i", "MGC", "--from-home", tmp_path, *span, *speed)
    assert answer.code == 0
    assert answer.err.startswith("SIMULATED MGC replay: done; ")
    trader = Trader(Home.at(other))
    assert trader.stamps()[0][0] == "2024-01-02T23:00:00Z"
    assert {row["simulated"] for row in trader.rows} == {"true"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_and_the_next_start_goes_on(tmp_path: Path, history: Path, number: signal.Signals) -> None:
    stopped = started_and_sent(tmp_path, number, "feed", "replay", history, "-i", "MGC", "--speed", "600")
    assert stopped.code == 0
    assert "MGC replay: stopped; " in stopped.err
    answer = orb(tmp_path, "feed", "replay", history, "-i", "MGC", "--speed", "max")
    assert answer.err.startswith("MGC replay: goes on after 2024-03-04T")
    assert stamps(tmp_path) == wanted(200)


def test_a_killed_feed_loses_and_doubles_nothing(tmp_path: Path, history: Path) -> None:
    for _ in range(3):
        started_and_sent(tmp_path, signal.SIGKILL, "feed", "replay", history, "-i", "MGC", "--speed", "max", taken=True)
    orb(tmp_path, "feed", "replay", history, "-i", "MGC", "--speed", "max")
    taken = "".join(path.read_text(encoding="utf-8") for path in sorted((tmp_path / "taken").iterdir()))
    before = [one.split(",")[0] for one in taken.splitlines() if not one.startswith("ts_utc")]
    assert before + stamps(tmp_path) == wanted(200)


def started_and_sent(home: Path, number: signal.Signals, *arguments: str | Path, taken: bool = False) -> Answer:
    """Run a command until its first new file is there (which is taken away, if wanted), then send it a signal."""
    home.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [ORB, "--home", home, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    before = set((home / "landing").glob("MGC/2*.csv"))
    while process.poll() is None and not set((home / "landing").glob("MGC/2*.csv")) - before:
        time.sleep(0.005)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    if taken:
        (home / "taken").mkdir(exist_ok=True)
        for path in (home / "landing").glob("MGC/2*.csv"):
            path.rename(home / "taken" / path.name)
    return Answer(process.returncode, out, err)


def test_a_file_is_followed_once(tmp_path: Path, history: Path) -> None:
    answer = orb(tmp_path, "feed", "csv", history, "-i", "MGC", "--once")
    assert answer.code == 0
    assert stamps(tmp_path) == wanted(200)


def test_bad_rows_are_one_line_of_json_each(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(HEADER + line(0) + line(1).replace(",1\n", ",x\n") + line(2), encoding="utf-8")
    answer = orb(tmp_path, "feed", "csv", path, "-i", "MGC", "--once")
    gap, summary = answer.err.splitlines()
    assert json.loads(gap) | {"reason": ""} == {
        "event": "gap",
        "instrument": "MGC",
        "source": "csv",
        "from": "2024-03-04T00:00:00Z",
        "to": "2024-03-04T00:00:00Z",
        "reason": "",
    }
    assert "row 3 is no bar and is passed over: not_a_number" in json.loads(gap)["reason"]
    assert summary.endswith(f"1 gaps in {tmp_path}/landing/MGC/.gaps.csv")


def test_databento_end_to_end_with_the_key_in_the_environment_and_nowhere_else(tmp_path: Path) -> None:
    minute = int(time.time()) // 60 - NINE - 2
    with serving(DatabentoGateway([ohlcv(minute), end_of_interval(minute)])) as gateway:
        place = ("--gateway", "127.0.0.1", "--port", str(gateway.port))
        process = subprocess.Popen(
            [ORB, "--home", tmp_path, "feed", "databento", "-i", "MGC", *place],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "DATABENTO_API_KEY": KEY},
        )
        while process.poll() is None and not list((tmp_path / "landing").glob("MGC/2*.csv")):
            time.sleep(0.01)
        process.terminate()
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert "stopped; 1 bars in 1 files" in err
    written = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file()]
    assert not [text for text in [err, *written] if KEY in text or KEY[-5:] in text]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("databento", "-i", "MGC"), "DATABENTO_API_KEY is not set"),
        (("replay", "-i", "MGC"), "has no warehouse.duckdb"),
        (("replay", "-i", "SILVER"), "Unknown instrument 'SILVER'"),
        (("replay", "-i", "MGC", "--speed", "fast"), "'fast' is no speed"),
        (("replay", "-i", "MGC", "--speed", "-1"), "'-1' is no speed"),
        (("replay", "-i", "MGC", "--start", "2024-02-02", "--end", "2024-02-01"), "is before --start"),
        (("csv", "none.csv", "-i", "MGC"), "neither a file nor a folder"),
        (("pigeon", "-i", "MGC"), "No such command 'pigeon'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_one_paragraph_and_exit_code_2(
    tmp_path: Path, arguments: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABENTO_API_KEY", raising=False)
    answer = orb(tmp_path, "feed", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err
    assert "Traceback" not in answer.err
