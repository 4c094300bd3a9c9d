"""Confidence intervals of what few trades say, beside what the backtest says."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

CONFIDENCE = 0.95
FEWEST_TRADES = 10
"""From how many trades on a mean has an interval: with fewer, all of them stop-outs, it would have no width."""


@dataclass(frozen=True)
class Interval:
    low: float
    high: float

    def place(self, value: float) -> str:
        """Where `value` lies: `below`, `inside` or `above`."""
        return "below" if value < self.low else "above" if value > self.high else "inside"


def wilson(wins: int, trades: int, confidence: float = CONFIDENCE) -> Interval | None:
    """Wilson's score interval of a share of wins; None without a trade.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    if trades == 0:
        return None
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    share, spread = wins / trades, z * z / trades
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / trades + spread / (4 * trades)) / (1 + spread)
    return Interval(middle - half, middle + half)


def student(mean: float, deviation: float, trades: int, confidence: float = CONFIDENCE) -> Interval | None:
    """Student's t interval of a mean; None below FEWEST_TRADES, and where all results are the same.

    Args:
        deviation: sample standard deviation (ddof 1).
    """
    if trades < FEWEST_TRADES or not deviation > 0:
        return None
    half = float(stats.t.ppf(0.5 + confidence / 2, trades - 1)) * deviation / math.sqrt(trades)
    return Interval(mean - half, mean + half)
