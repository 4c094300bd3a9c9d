"""Seconds of `orb run` from landed bars to validated setups over ten years, every gate included.

Beside it, in the same run: the seconds it takes to start a process that has loaded what `orb run` loads, and those
that plain Python would need for the outcomes alone (see grid.py).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from grid import plain_rate
from measure import best_seconds, gold_spot_bars, say, ten_years

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.research.grid import find_session_breaks, run_grid
from orb_pipeline.research.series import BarSeries, Windows

ORB = str(Path(sys.executable).with_name("orb"))
SYMBOL = "MGC"
LOAD = "import orb_pipeline.orchestration.run, orb_pipeline.cli, numba, matplotlib.figure, pandera.pandas"


def main() -> None:
    catalogue = load_catalogue()
    with tempfile.TemporaryDirectory() as folder:
        home, file = ["--home", f"{folder}/home"], f"{folder}/bars.parquet"
        span = ["--start", "2015-01-01", "--end", "2024-12-31"]
        _call(ORB, *home, "simulate", "--instrument", SYMBOL, *span, "--out", file)
        _call(ORB, *home, "ingest", file, "--instrument", SYMBOL)
        run = best_seconds(lambda: _call(ORB, *home, "run", "--instrument", SYMBOL, "--to", "validated_setups"))
    start = best_seconds(lambda: _call(sys.executable, "-c", LOAD))

    instrument, sessions, grid = catalogue.instrument("XAUUSD"), catalogue.sessions_of("XAUUSD"), catalogue.grid
    series = BarSeries.of(ten_years(gold_spot_bars()), instrument, sessions)
    windows = Windows.of(series, sessions, grid)
    outcomes = run_grid(series, find_session_breaks(series, windows), instrument, grid).size
    plain = outcomes / plain_rate(series, windows, instrument, grid)[1]

    say(f"orb run over ten years of one instrument, warm, all gates: {run:.1f} s")
    say(f"of it starting the process: {start:.1f} s, the work: {run - start:.1f} s")
    say(f"plain Python, the {outcomes:,} outcomes of ten years alone, scaled: {plain:,.0f} s")
    say(f"ratio: {plain / run:,.0f}x")


def _call(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main()
