"""How the benchmarks measure: best of several runs, printed beside a reference measured in the same process."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

GOLD_SPOT = Path(__file__).resolve().parents[2] / "shared" / "data" / "gold_spot"


def best_seconds(work: Callable[[], object], runs: int = 3) -> float:
    """Wall-clock seconds of the quickest run; a first, unmeasured one compiles and warms."""
    work()
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def gold_spot_bars() -> pd.DataFrame:
    """Seven years of real minute bars, 2010 to 2016, 2.5 million rows."""
    return pd.concat([pd.read_parquet(path) for path in sorted(GOLD_SPOT.glob("*.parquet"))], ignore_index=True)


def ten_years(bars: pd.DataFrame) -> pd.DataFrame:
    """The seven years and the first three of them again, moved behind: ten years, 3.5 million rows."""
    span = pd.Timedelta(days=7 * 364)  # whole weeks, so that weekends stay weekends
    again = bars[bars["ts_utc"] < bars["ts_utc"].iloc[0] + pd.Timedelta(days=3 * 365)]
    again = again.assign(ts_utc=again["ts_utc"] + span)
    return pd.concat([bars, again[again["ts_utc"] > bars["ts_utc"].iloc[-1]]], ignore_index=True)
