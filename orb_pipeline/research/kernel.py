"""The compiled loops over bars: ranges and breaks, relative volume, and the outcomes of the whole grid.

Everything is in whole ticks and array indices; the meaning is that of `orb_pipeline.rules`, which tests and a gate hold
it to. Import this module only where it is about to run: loading numba takes longer than most commands.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from orb_pipeline.market.trading_day import Int64Array
from orb_pipeline.research.encoding import E1, E2, E3, LONG, LOSS, NOWHERE, SCRATCH, SHORT, WIN
from orb_pipeline.rules import costs
from orb_pipeline.rules.filters import VOLUME_LOOKBACK, VOLUME_MIN_BARS

Rows = npt.NDArray[Any]  # of encoding.TRADE

_pnl_r = njit(cache=True)(costs.pnl_r)
_excursion_r = njit(cache=True)(costs.excursion_r)


@njit(cache=True)
def find_breaks(
    minutes: Int64Array,
    high: Int64Array,
    low: Int64Array,
    close: Int64Array,
    first_bars: Int64Array,
    range_ends: Int64Array,
    deadlines: Int64Array,
    orb_high: Int64Array,
    orb_low: Int64Array,
    has_range: npt.NDArray[np.bool_],
    directions: Int64Array,
    breaks: Int64Array,
) -> None:
    """Fill range, direction and break index of each session; `first_bars` are the first bars at or after the starts."""
    for session in range(len(first_bars)):
        index = first_bars[session]
        breaks[session] = NOWHERE
        directions[session] = 0
        has_range[session] = False
        top, bottom = 0, 0
        while index < len(minutes) and minutes[index] < range_ends[session]:
            if not has_range[session]:
                top, bottom = high[index], low[index]
                has_range[session] = True
            top, bottom = max(top, high[index]), min(bottom, low[index])
            index += 1
        orb_high[session], orb_low[session] = top, bottom
        if top == bottom:
            continue
        while index < len(minutes) and minutes[index] < deadlines[session]:
            if close[index] > top or close[index] < bottom:
                breaks[session] = index
                directions[session] = LONG if close[index] > top else SHORT
                break
            index += 1


@njit(cache=True)
def relative_volumes(local_minutes: Int64Array, volume: Int64Array, breaks: Int64Array) -> npt.NDArray[np.float64]:
    """Volume of each break bar over the median of the last earlier bars at its minute of day; NaN where unknowable.

    `breaks` are bar indices in ascending order. One pass keeps the recent volumes of every minute of the day.
    """
    recent = np.zeros((1440, VOLUME_LOOKBACK), dtype=np.int64)
    seen = np.zeros(1440, dtype=np.int64)
    result = np.full(len(breaks), np.nan)
    following = 0
    for index in range(len(volume)):
        minute = local_minutes[index]
        while following < len(breaks) and breaks[following] == index:
            count = min(seen[minute], VOLUME_LOOKBACK)
            if count >= VOLUME_MIN_BARS:
                median = np.median(recent[minute, :count])
                if median > 0:
                    result[following] = volume[index] / median
            following += 1
        if following == len(breaks):
            break
        recent[minute, seen[minute] % VOLUME_LOOKBACK] = volume[index]
        seen[minute] += 1
    return result


@njit(cache=True)
def run_grid(
    open_: Int64Array,
    high: Int64Array,
    low: Int64Array,
    close: Int64Array,
    day_ends: Int64Array,
    breaks: Int64Array,
    directions: Int64Array,
    orb_high: Int64Array,
    orb_low: Int64Array,
    confirm_bars: Int64Array,
    entry_models: Int64Array,
    rr_tenths: Int64Array,
    through_ticks: int,
    tick_value: float,
    friction: float,
    trades: Rows,
) -> None:
    """Outcomes of every broken session x entry model x confirm count x target.

    A short is a long upside down, so the bars from the break to the end of the day are copied, mirrored for a short,
    and everything below knows longs only.

    Args:
        day_ends: of each broken session, the index behind the last bar of its day.
        confirm_bars, rr_tenths: ascending.
        through_ticks: how far beyond its limit a bar must trade to fill E3; 0 is a touch.
        trades: structured array [sessions, models, confirms, targets] of encoding.TRADE, filled in place.
    """
    confirmations = np.empty(len(confirm_bars), dtype=np.int64)
    targets = np.empty(len(rr_tenths), dtype=np.int64)
    for session in range(len(breaks)):
        first, end, sign = breaks[session], day_ends[session], directions[session]
        opens, closes = sign * open_[first:end], sign * close[first:end]
        highs = high[first:end].copy() if sign == LONG else -low[first:end]
        lows = low[first:end].copy() if sign == LONG else -high[first:end]
        edge, stop = (orb_high[session], orb_low[session]) if sign == LONG else (-orb_low[session], -orb_high[session])
        _confirm(closes, edge, confirm_bars, confirmations)
        for m in range(len(entry_models)):
            for c in range(len(confirm_bars)):
                if confirmations[c] == NOWHERE:
                    break  # a higher count is not reached either
                row = trades[session, m, c]
                fill, entry = _enter(entry_models[m], opens, lows, closes, edge, stop, confirmations[c], through_ticks)
                if fill == NOWHERE:
                    continue
                for t in range(len(rr_tenths)):
                    targets[t] = entry + ((entry - stop) * rr_tenths[t] + 9) // 10
                if c > 0 and trades[session, m, c - 1, 0].entry_bar == first + fill and entry_models[m] == E3:
                    row[:] = trades[session, m, c - 1]  # the same limit filled on the same bar
                    continue
                _exit(entry_models[m], opens, highs, lows, closes, fill, entry, stop, targets, row)
                _describe(row, first, sign, fill, entry, stop, targets, tick_value, friction)


@njit(cache=True)
def _confirm(closes: Int64Array, edge: int, confirm_bars: Int64Array, confirmations: Int64Array) -> None:
    """First index at which each count of consecutive closes outside is reached, all counts in one pass."""
    confirmations[:] = NOWHERE
    count, reached = 0, 0
    for index in range(len(closes)):
        count = count + 1 if closes[index] > edge else 0
        if count == confirm_bars[reached]:
            confirmations[reached] = index
            reached += 1
            if reached == len(confirm_bars):
                return


@njit(cache=True)
def _enter(
    model: int,
    opens: Int64Array,
    lows: Int64Array,
    closes: Int64Array,
    edge: int,
    stop: int,
    confirmed: int,
    through_ticks: int,
) -> tuple[int, int]:
    """(index of the fill, entry price); NOWHERE where no entry fills."""
    if model == E2:
        return confirmed, closes[confirmed]
    if model == E1:
        if confirmed + 1 < len(opens) and opens[confirmed + 1] > stop:
            return confirmed + 1, opens[confirmed + 1]
        return NOWHERE, 0
    for index in range(confirmed + 1, len(lows)):
        if lows[index] <= edge - through_ticks:
            return index, edge
    return NOWHERE, 0


@njit(cache=True)
def _exit(
    model: int,
    opens: Int64Array,
    highs: Int64Array,
    lows: Int64Array,
    closes: Int64Array,
    fill: int,
    entry: int,
    stop: int,
    targets: Int64Array,
    row: Rows,
) -> None:
    """Exits for all targets in one forward pass: `reached` counts the nearest targets already hit."""
    adverse, favourable, reached = 0, 0, 0
    for index in range(fill + 1 if model == E2 else fill, len(opens)):
        if index > fill:
            if opens[index] < stop:
                _close(
                    row,
                    reached,
                    len(targets),
                    LOSS,
                    index,
                    opens[index],
                    max(adverse, entry - opens[index]),
                    favourable,
                )
                return
            while opens[index] >= targets[reached]:
                _close(row, reached, reached + 1, WIN, index, targets[reached], adverse, targets[reached] - entry)
                reached += 1
                if reached == len(targets):
                    return
        if lows[index] <= stop:
            _close(row, reached, len(targets), LOSS, index, stop, entry - stop, favourable)
            return
        adverse = max(adverse, entry - lows[index])
        if index == fill and model == E3:
            continue  # the high may have come before the fill
        while highs[index] >= targets[reached]:
            _close(row, reached, reached + 1, WIN, index, targets[reached], adverse, targets[reached] - entry)
            reached += 1
            if reached == len(targets):
                return
        favourable = max(favourable, highs[index] - entry)
    _close(row, reached, len(targets), SCRATCH, len(closes) - 1, closes[-1], adverse, favourable)


@njit(cache=True)
def _close(
    row: Rows, first: int, last: int, outcome: int, index: int, price: int, adverse: int, favourable: int
) -> None:
    for t in range(first, last):
        row[t].outcome = outcome
        row[t].exit_bar = index
        row[t].exit = price
        row[t].adverse = adverse
        row[t].favourable = favourable


@njit(cache=True)
def _describe(
    row: Rows,
    first: int,
    sign: int,
    fill: int,
    entry: int,
    stop: int,
    targets: Int64Array,
    tick_value: float,
    friction: float,
) -> None:
    """Results in R; then indices become those of the series and prices the right way up."""
    risk = entry - stop
    for t in range(len(row)):
        row[t].pnl_r = _pnl_r(row[t].exit - entry, risk, tick_value, friction)
        row[t].mae_r = _excursion_r(row[t].adverse, risk, tick_value, friction)
        row[t].mfe_r = _excursion_r(row[t].favourable, risk, tick_value, friction)
        row[t].entry_bar = first + fill
        row[t].exit_bar += first
        row[t].entry = sign * entry
        row[t].stop = sign * stop
        row[t].target = sign * targets[t]
        row[t].exit *= sign
