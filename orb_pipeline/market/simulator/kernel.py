"""The price path of one simulated trading day, compiled. Everything random is drawn by the caller."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from orb_pipeline.market.trading_day import Int64Array

Float64Array = npt.NDArray[np.float64]

OPEN, HIGH, LOW, CLOSE = 0, 1, 2, 3


@njit(cache=True, nogil=True)
def _bar(path: Int64Array, trades: int, bar: Int64Array) -> None:
    """Open, high, low and close of `trades` trades spread evenly over the minute's path."""
    steps = len(path)
    count = min(trades, steps)
    for trade in range(count):
        price = path[(2 * trade + 1) * steps // (2 * count)]
        if trade == 0:
            bar[:] = price
        bar[HIGH] = max(bar[HIGH], price)
        bar[LOW] = min(bar[LOW], price)
        bar[CLOSE] = price


@njit(cache=True, nogil=True)
def _pull(minute: int, direction: Int64Array, broken_at: Int64Array, size: Int64Array, last: int) -> int:
    """Sum of the sizes of the broken ranges that still pull in `minute`, signed by the direction of their breaks."""
    pull = 0
    for session in range(len(direction)):
        if direction[session] != 0 and minute - broken_at[session] <= last:
            pull += direction[session] * size[session]
    return pull


@njit(cache=True, nogil=True)
def simulate_day(
    price: int,
    full_volatility_price: int,
    sigma: Float64Array,
    gaps: Float64Array,
    volume: Int64Array,
    normals: Float64Array,
    uniforms: Float64Array,
    starts: Int64Array,
    deadlines: Int64Array,
    orb_minutes: int,
    drift_per_minute: float,
    drift_minutes: int,
    bars: Int64Array,
) -> int:
    """Walk through one day and write its bars; returns the last price. All prices are whole ticks.

    A step of the path is a normal increment plus drift, rounded to a whole tick at random, up with the probability
    of its fraction, so that the mean of a rounded step is exactly its drift.

    Args:
        price: the price before the day.
        full_volatility_price: below it, volatility shrinks in proportion to the price, which keeps it positive.
        sigma: [minutes], standard deviation of a minute's move.
        gaps: [minutes], the move while the market was closed, at the minute of its reopening.
        volume: [minutes, contracts], contracts traded; 0 means no bar. The price rests while the lead contract
            (column 0) does not trade.
        normals, uniforms: [minutes, steps], what is random about a step.
        starts, deadlines: [sessions], minutes of the day; a session with a negative start is absent.
        orb_minutes: length of a session's range.
        drift_per_minute: planted drift after a break, in sizes of the broken range.
        drift_minutes: for how many minutes after its break bar a broken range pulls.
        bars: [minutes, contracts, 4], written where a contract trades.
    """
    minutes, steps = normals.shape
    sessions = len(starts)
    high = np.zeros(sessions, dtype=np.int64)
    low = np.zeros(sessions, dtype=np.int64)
    formed = np.zeros(sessions, dtype=np.bool_)
    direction = np.zeros(sessions, dtype=np.int64)
    broken_at = np.zeros(sessions, dtype=np.int64)
    path = np.zeros(steps, dtype=np.int64)
    waiting_gap = 0.0
    for minute in range(minutes):
        waiting_gap += gaps[minute]
        if volume[minute, 0] == 0:
            continue
        damping = min(1.0, price / full_volatility_price)
        scale = damping * sigma[minute] / np.sqrt(steps)
        pull = _pull(minute, direction, broken_at, high - low, drift_minutes)
        drift = drift_per_minute * pull / steps
        for step in range(steps):
            move = scale * normals[minute, step] + drift
            if step == 0:
                move += damping * waiting_gap
            price = max(1, price + int(np.floor(move + uniforms[minute, step])))
            path[step] = price
        waiting_gap = 0.0
        for contract in range(volume.shape[1]):
            _bar(path, volume[minute, contract], bars[minute, contract])
        bar = bars[minute, 0]
        for session in range(sessions):
            age = minute - starts[session]
            if starts[session] < 0 or age < 0 or minute >= deadlines[session] or direction[session] != 0:
                continue
            if age < orb_minutes:
                high[session] = max(high[session], bar[HIGH]) if formed[session] else bar[HIGH]
                low[session] = min(low[session], bar[LOW]) if formed[session] else bar[LOW]
                formed[session] = True
            elif formed[session] and high[session] > low[session]:
                direction[session] = int(bar[CLOSE] > high[session]) - int(bar[CLOSE] < low[session])
                broken_at[session] = minute
    return price
