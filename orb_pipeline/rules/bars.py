"""One minute of one trading day, in whole ticks."""

from __future__ import annotations

from typing import NamedTuple


class Bar(NamedTuple):
    """`minute` is the open time in minutes since the epoch, UTC; prices are whole ticks."""

    minute: int
    open: int
    high: int
    low: int
    close: int
    volume: int = 0


def mirrored(bar: Bar) -> Bar:
    """The bar upside down: a short is a long on mirrored bars, so every rule below is written once, for a long."""
    return Bar(bar.minute, -bar.open, -bar.low, -bar.high, -bar.close, bar.volume)
