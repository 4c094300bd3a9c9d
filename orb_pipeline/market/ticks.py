"""Prices as whole ticks, and back. Comparison and arithmetic happen in ticks, floats only at the edges."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from orb_pipeline.market.trading_day import Int64Array

OFF_GRID_TOLERANCE = 1e-6  # of a tick


def to_ticks(prices: npt.ArrayLike, tick: Decimal) -> tuple[Int64Array, npt.NDArray[np.bool_]]:
    """Whole ticks of finite `prices`, and which of them lie on the grid (RULES.md section 1)."""
    grid = Fraction(tick)
    exact = np.asarray(prices, dtype=np.float64) * grid.denominator / grid.numerator
    rounded = np.rint(exact)
    return rounded.astype(np.int64), np.abs(exact - rounded) <= OFF_GRID_TOLERANCE


def to_prices(ticks: npt.ArrayLike, tick: Decimal) -> npt.NDArray[np.float64]:
    """The doubles nearest to `ticks` whole ticks: the same bits that a file's decimal price parses to."""
    grid = Fraction(tick)
    return np.asarray(ticks) * grid.numerator / grid.denominator


def ticks_at_least(points: float, tick: Decimal) -> int:
    """The smallest whole number of ticks that is at least `points`."""
    return math.ceil(Fraction(str(points)) / Fraction(tick))
