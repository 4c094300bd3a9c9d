"""Which bars the engine takes, and why not the others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from orb_pipeline.errors import InputError
from orb_pipeline.execution.context import DayContext
from orb_pipeline.rules.bars import Bar


class BarError(InputError):
    """A bar, or a day, that the engine does not take; its state is as it was."""


def check_bar(symbol: str, bar: Bar) -> None:
    """Raise where a bar is no bar in whole ticks.

    Raises:
        BarError: a price off the tick grid, or prices that contradict each other.
    """
    minute, open_, high, low, close, volume = bar
    if not (type(minute) is type(open_) is type(high) is type(low) is type(close) is type(volume) is int):
        message = (
            f"{symbol}: the bar {tuple(bar)} is off the grid; expected minute, prices in ticks and volume as whole "
            "numbers. Convert prices with the instrument's tick, or reject the bar."
        )
        raise BarError(message)
    if not (low <= open_ <= high and low <= close <= high and volume >= 0):
        message = (
            f"{symbol}: the bar at {when(minute)} has open {open_}, high {high}, low {low}, close {close} (ticks) and "
            f"volume {volume}; expected low <= open, close <= high and no negative volume. Reject the bar."
        )
        raise BarError(message)


def not_expected(symbol: str, bar: Bar, context: DayContext | None, known: Iterable[str]) -> BarError:
    """The refusal of a bar that comes outside a day or of another instrument."""
    if context is None:
        return BarError(f"{symbol}: the bar at {when(bar.minute)} came while no trading day is open; start one first.")
    return BarError(
        f"{symbol}: the bar at {when(bar.minute)} is of an instrument that is not traded on {context.trading_day}; "
        f"traded: {', '.join(known) or 'none'}. Feed bars of these only."
    )


def not_in_order(symbol: str, bar: Bar, context: DayContext, last: tuple[int, str]) -> BarError:
    """The refusal of a bar that is not after the `last` one (minute and symbol), or not of the day."""
    if not context.first_minute <= bar.minute < context.end:
        return BarError(
            f"{symbol}: the bar at {when(bar.minute)} is not of trading day {context.trading_day}, which runs from "
            f"{when(context.first_minute)} to {when(context.end)}. End the day, or drop the bar."
        )
    what = "doubled" if (bar.minute, symbol) == last else "out of order"
    return BarError(
        f"{symbol}: the bar at {when(bar.minute)} is {what}; the last one was that of {last[1]} at {when(last[0])}. "
        "Expected bars in order of time, then symbol."
    )


def when(minute: int) -> str:
    return f"{dt.datetime.fromtimestamp(minute * 60, dt.UTC):%Y-%m-%d %H:%M} UTC"
