"""How likely a result like the one seen, or a worse one, is where nothing has changed since the backtest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.stats import binom

STEP_R = 0.01  # of the grid on which sums are worked out; a result between two points counts in part at each


def chance_of_wins(wins: int, trades: int, win_rate: float) -> float:
    """Probability of `wins` or fewer among `trades` that each win with probability `win_rate` (binomial tail)."""
    return float(binom.cdf(wins, trades, win_rate))


def chance_of_mean(results: npt.NDArray[np.float64], expected: float, trades: int, observed: float) -> float:
    """Probability that the mean of `trades` draws from `results`, with replacement, is `observed` or lower.

    The results are moved so that their mean is `expected`. This is what a bootstrap estimates by drawing; here the
    distribution of the sum is computed, as the `trades`-fold convolution of the distribution of one draw, on a grid.

    Args:
        results: of the backtest's trades, in R; at least one.
        expected: mean result in R.
        observed: mean result in R.
    """
    places = (results + (expected - results.mean())) / STEP_R
    lowest = int(np.floor(places.min()))
    below = np.floor(places).astype(np.int64) - lowest
    upper = places - np.floor(places)
    size = int(below.max()) + 2
    one = (np.bincount(below, 1.0 - upper, size) + np.bincount(below + 1, upper, size)) / len(results)
    length = trades * (size - 1) + 1
    padded = fft.next_fast_len(length, real=True)
    total = fft.irfft(fft.rfft(one, padded) ** trades, padded)[:length]
    last = int(np.floor(observed * trades / STEP_R + 1e-6)) - lowest * trades
    return float(np.clip(total[: max(0, last + 1)].sum(), 0.0, 1.0))
