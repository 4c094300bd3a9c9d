"""A hand-written day around one session, traded by both readings of the rules, as it is and upside down.

The session 0900 opens the day. Its range is 1000..1010 ticks unless a test says otherwise, so a long that enters at the
edge risks 10 ticks. MGC: a tick is a dollar, friction 8.40.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orb_pipeline.catalogue import Grid
from orb_pipeline.research.encoding import NO_TRADE, OUTCOMES
from orb_pipeline.research.grid import find_session_breaks, run_grid
from orb_pipeline.research.reference import ReferenceSession, reference_session
from orb_pipeline.research.series import Windows
from orb_pipeline.rules.bars import Bar, mirrored
from orb_pipeline.rules.trades import Trade
from orb_pipeline_tests.series import BRISBANE, CATALOGUE, DAY, DAY_OPEN, MGC, series_of

FRICTION = MGC.friction
RANGE = [(1005, 1010, 1000, 1005)] * 5

Ohlc = tuple[int, int, int, int]


def flat(price: int) -> Ohlc:
    return (price, price, price, price)


def day_of(*after: Ohlc | None, opening: Sequence[Ohlc | None] = RANGE, shift: int = 0) -> list[Bar]:
    """The opening's bars and those after it, a minute each; None is a minute without trades."""
    rows = [*opening, *after]
    return [Bar(DAY_OPEN + shift + minute, *row, volume=10) for minute, row in enumerate(rows) if row is not None]


def session_of(bars: Sequence[Bar], label: str = "0900", orb_minutes: int = 5) -> ReferenceSession:
    """The session as the slow reading sees it, after checking that the kernel sees range and break alike."""
    grid = _grid(orb_minutes=orb_minutes)
    series = series_of(bars)
    windows = Windows.of(series, BRISBANE, grid)
    session = BRISBANE.labels.index(label)
    expected = reference_session(series, DAY, int(windows.starts[session]), int(windows.deadlines[session]), MGC, grid)
    found = find_session_breaks(series, windows)
    assert found.has_range[session] == (expected.opening_range is not None)
    if expected.opening_range:
        assert (found.orb_high[session], found.orb_low[session]) == (
            expected.opening_range.high,
            expected.opening_range.low,
        )
    assert found.breaks[session] == (expected.broken.index if expected.broken else -1)
    return expected


def trade(
    bars: Sequence[Bar], model: str, *, confirm_bars: int = 1, rr: float = 2.0, through_ticks: int = 0
) -> Trade | None:
    """The long trade of session 0900 by both readings, and its mirror image as a short."""
    result = _traded(bars, model, confirm_bars, rr, through_ticks)
    upside_down = _traded([mirrored(bar) for bar in bars], model, confirm_bars, rr, through_ticks)
    if result is None:
        assert upside_down is None
        return None
    assert upside_down is not None
    mirrored_prices = {name: -getattr(result, name) for name in ("entry", "stop", "target", "exit")}
    assert upside_down == replace(result, **mirrored_prices)
    return result


def minute_of(result: Trade | None, name: str = "exit_minute") -> int:
    """Minutes from the opening to the entry or exit."""
    assert result is not None
    return int(getattr(result, name)) - DAY_OPEN


def in_r(pnl_ticks: int, risk_ticks: int = 10) -> float:
    """pnl_r written out once more from RULES.md section 1: dollars after friction over dollars at risk."""
    return (pnl_ticks * 1.0 - FRICTION) / (risk_ticks * 1.0 + FRICTION)


def excursion(ticks: int, risk_ticks: int = 10) -> float:
    return ticks / (risk_ticks + FRICTION)


def _grid(model: str = "E1", confirm_bars: int = 1, rr: float = 2.0, orb_minutes: int = 5) -> Grid:
    return Grid(
        orb_minutes=orb_minutes,  # type: ignore[arg-type]
        rr_targets=(rr,),
        confirm_bars=(confirm_bars,),
        entry_models=(model,),  # type: ignore[arg-type]
        filters=CATALOGUE.grid.filters,
    )


def _traded(bars: Sequence[Bar], model: str, confirm_bars: int, rr: float, through_ticks: int) -> Trade | None:
    grid = _grid(model, confirm_bars, rr)
    series = series_of(bars)
    windows = Windows.of(series, BRISBANE, grid)
    start, deadline = int(windows.starts[0]), int(windows.deadlines[0])
    expected = reference_session(series, DAY, start, deadline, MGC, grid, through_ticks)
    [slow] = expected.trades or [None]
    found = find_session_breaks(series, windows)
    rows = run_grid(series, found, MGC, grid, through_ticks)
    row = rows[0, 0, 0, 0] if 0 in found.broken else None
    if row is None or row["outcome"] == NO_TRADE:
        assert slow is None
        return None
    fast = Trade(
        entry_minute=int(series.minutes[row["entry_bar"]]),
        entry=int(row["entry"]),
        stop=int(row["stop"]),
        target=int(row["target"]),
        outcome=OUTCOMES[row["outcome"] - 1],  # type: ignore[arg-type]
        exit_minute=int(series.minutes[row["exit_bar"]]),
        exit=int(row["exit"]),
        pnl_r=float(row["pnl_r"]),
        mae_r=float(row["mae_r"]),
        mfe_r=float(row["mfe_r"]),
    )
    assert fast == slow
    return fast
