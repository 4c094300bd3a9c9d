"""Outcomes a second of the compiled grid, as a ratio to plain Python run beside it.

Both start from the same bars in ticks and go from range to exit. The kernel shares what strategies have in common: the
break, all confirm counts in one pass, all targets in one pass. The plain version works out one strategy at a time by
`orb_pipeline.rules`, as a first version would and as the system this design came from did.
"""

from __future__ import annotations

import time
from itertools import product

import numpy as np
from measure import best_seconds, gold_spot_bars, say, ten_years

from orb_pipeline.catalogue import Grid, Instrument, load_catalogue
from orb_pipeline.research.findings import sampled
from orb_pipeline.research.grid import find_session_breaks, run_grid
from orb_pipeline.research.reference import day_bars
from orb_pipeline.research.series import BarSeries, Windows
from orb_pipeline.rules.bars import Bar
from orb_pipeline.rules.ranges import find_break, find_range
from orb_pipeline.rules.trades import LongView, trade_of

PLAIN_DAYS = 6


def plain_outcomes(day: list[Bar], start: int, deadline: int, instrument: Instrument, grid: Grid) -> int:
    """One session of one day, a strategy at a time; returns how many outcomes that made."""
    outcomes = 0
    for model, confirm_bars, rr_tenths in product(grid.entry_models, grid.confirm_bars, grid.rr_tenths):
        opening_range = find_range(day, start, grid.orb_minutes)
        broken = find_break(day, opening_range, deadline) if opening_range else None
        if opening_range is None or broken is None:
            continue
        trade_of(
            LongView.of(day, opening_range, broken),
            model=model,
            confirm_bars=confirm_bars,
            rr_tenths=rr_tenths,
            tick_value=instrument.tick_value,
            friction=instrument.friction,
        )
        outcomes += 1
    return outcomes


def plain_rate(series: BarSeries, windows: Windows, instrument: Instrument, grid: Grid) -> tuple[int, float]:
    """(outcomes, outcomes a second) of the plain version on a few days of the series."""
    plain = 0
    started = time.perf_counter()
    for day in sampled(windows.days, PLAIN_DAYS):
        bars = day_bars(series, int(day))
        for session in np.flatnonzero(windows.days == day):
            start, deadline = int(windows.starts[session]), int(windows.deadlines[session])
            plain += plain_outcomes(bars, start, deadline, instrument, grid)
    return plain, plain / (time.perf_counter() - started)


def main() -> None:
    catalogue = load_catalogue()
    instrument, sessions, grid = catalogue.instrument("XAUUSD"), catalogue.sessions_of("XAUUSD"), catalogue.grid
    series = BarSeries.of(ten_years(gold_spot_bars()), instrument, sessions)
    windows = Windows.of(series, sessions, grid)
    seconds = best_seconds(lambda: run_grid(series, find_session_breaks(series, windows), instrument, grid), runs=5)
    outcomes = run_grid(series, find_session_breaks(series, windows), instrument, grid).size
    plain, plain_speed = plain_rate(series, windows, instrument, grid)

    rate = outcomes / seconds
    say(f"grid: {outcomes:,} outcomes over ten years in {seconds:.3f} s on one core: {rate / 1e6:.1f} million a second")
    say(f"plain Python, a strategy at a time: {plain:,} outcomes, {plain_speed:,.0f} a second")
    say(f"ratio: {rate / plain_speed:,.0f}x")


if __name__ == "__main__":
    main()
