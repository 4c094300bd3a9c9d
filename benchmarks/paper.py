"""From a landed file to the journal through `orb paper --follow` and the sensor; the cost of a step and of a day's end.

`python benchmarks/paper.py HOME` of a home in which account 25k may trade simulated MGC, such as that of `make demo`.
It works on a copy, on bars simulated for the days after the home's last.
"""

from __future__ import annotations

import datetime as dt
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import pandas as pd
from measure import best_seconds, say

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.intake.landed import landed_files
from orb_pipeline.market.simulator import simulate_bars
from orb_pipeline.market.trading_day import day_numbers, minutes_of
from orb_pipeline.orchestration.paper.trader import PaperTrader
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import HOME_VARIABLE, Home
from orb_pipeline.storage.warehouse import Warehouse

SYMBOL = "MGC"
BEFORE = 300  # bars of the day that are there already
FILES = 60  # of one bar each, timed one by one
ASKED_FOLLOW, ASKED_SENSOR = 1.0, 20.0  # seconds
PATIENCE_SECONDS = 120.0
_ORB = Path(sys.executable).with_name("orb")
_BARE = (
    "import sys; from watchfiles import watch\nfor _ in watch(sys.argv[1], debounce=50, step=25): print(1, flush=True)"
)
_JOURNALLED = "select count(*) as rows from trade_journal where mode = 'paper'"


def main() -> None:
    source = Path(sys.argv[1] if len(sys.argv) > 1 else "orb_home")
    with tempfile.TemporaryDirectory() as folder:
        home = Home.at(Path(folder, "home"))
        shutil.copytree(source, home.root, ignore=shutil.ignore_patterns("dagster", "reports", "demo"))
        first, second, *others = later_days(home)
        watched = Path(folder, "watched")
        watched.mkdir()
        bare = reactions([sys.executable, "-c", _BARE, str(watched)], watched, first)
        followed = reactions([_ORB, "--home", home.root, "paper", "--follow"], home.landing / SYMBOL, first)
        say(f"--follow, file to the end of its step: median {median(followed):.3f} s, worst {max(followed):.3f} s")
        times = median(followed) / median(bare)
        say(f"  (asked: {ASKED_FOLLOW:.0f} s), {times:.1f}x hearing of a file alone: {median(bare):.3f} s")
        say_steps(home, first, second)
        seconds = sensed(home, pd.concat(others))
        say(f"sensor, file to journalled entry: {seconds:.1f} s (asked: {ASKED_SENSOR:.0f} s)")


def later_days(home: Home) -> list[pd.DataFrame]:
    """Trading days after the last one that landed."""
    catalogue = load_catalogue(home.catalogue)
    last = landed_files(Warehouse(home.warehouse), SYMBOL)["last_ts"].max().date()
    instrument, sessions = catalogue.instrument(SYMBOL), catalogue.sessions_of(SYMBOL)
    start, end = last + dt.timedelta(days=1), last + dt.timedelta(days=12)
    bars = simulate_bars(instrument, sessions, start, end, seed=2, breakout_drift=0.3)
    numbers = day_numbers(minutes_of(bars["ts_utc"]))
    return [bars[numbers == day] for day in sorted(set(numbers.tolist()))]


def put(folder: Path, name: str, bars: pd.DataFrame) -> None:
    """A file that appears whole."""
    folder.mkdir(parents=True, exist_ok=True)
    hidden = folder / f".{name}"
    bars.to_csv(hidden, index=False)
    hidden.rename(folder / name)


def reactions(command: list[object], folder: Path, day: pd.DataFrame) -> list[float]:
    """Seconds from the moment that a file of one bar is there to the line that the process prints of it."""
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        time.sleep(5.0)  # it starts
        seconds = []
        put(folder, "0000.csv", day.iloc[:BEFORE])
        process.stdout.readline()
        time.sleep(2.0)
        for number in range(BEFORE, BEFORE + FILES):
            started = time.perf_counter()
            put(folder, f"{number:04}.csv", day.iloc[number : number + 1])
            process.stdout.readline()
            seconds.append(time.perf_counter() - started)
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
    return seconds


def say_steps(home: Home, first: pd.DataFrame, second: pd.DataFrame) -> None:
    """One step late in a day, beside the reading of as many bars; and the step that ends the day."""
    catalogue = load_catalogue(home.catalogue)
    trader = PaperTrader(Workshop(home, catalogue), catalogue.account(None), "benchmark")
    put(home.landing / SYMBOL, "1000.csv", first.iloc[BEFORE + FILES :])
    trader.step()
    text = first.to_csv(index=False)
    reading, step = best_seconds(lambda: pd.read_csv(io.StringIO(text))), best_seconds(trader.step)
    say(f"a step after {len(first):,} bars: {step * 1e3:.1f} ms, {step / reading:.1f}x pandas reading them as CSV")
    put(home.landing / SYMBOL, "2000.csv", second.iloc[:3])
    started = time.perf_counter()
    trader.step()
    seconds = time.perf_counter() - started
    say(f"a day's end, landing and reconciliation included: {seconds:.2f} s, {seconds / step:.0f} steps")


def sensed(home: Home, bars: pd.DataFrame) -> float:
    """Seconds from a landed file to the first trade of it in the journal, through daemon and sensor as shipped.

    On some days nothing is traded, so the file has several.
    """
    before = journalled(home)
    environment = os.environ | {HOME_VARIABLE: str(home.root)}
    with subprocess.Popen([_ORB, "--home", home.root, "ui", "--port", "3947"], env=environment) as server:
        time.sleep(30.0)  # it starts
        started = time.perf_counter()
        put(home.landing / SYMBOL, "3000.csv", bars)
        while journalled(home) == before:
            if time.perf_counter() - started > PATIENCE_SECONDS:
                server.terminate()
                message = "Nothing was journalled: is there a CRITICAL alert (`orb alerts`)?"
                raise SystemExit(message)
            time.sleep(0.1)
        seconds = time.perf_counter() - started
        server.terminate()
    return seconds


def journalled(home: Home) -> int:
    return int(Warehouse(home.warehouse).frame(_JOURNALLED)["rows"].iloc[0])


if __name__ == "__main__":
    main()
