"""The deflated Sharpe ratio: how likely a strategy's Sharpe ratio is better than the best of as many tries at nothing.

Sources:
    Bailey & Lopez de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2), 2012 (probabilistic ratio).
    Bailey & Lopez de Prado, "The Deflated Sharpe Ratio: Correcting for Selection Bias, Backtest Overfitting and
    Non-Normality", Journal of Portfolio Management 40(5), 2014 (expected maximum, deflated ratio).
    Bretherton, Widmann, Dymnikov, Wallace & Blade, "The Effective Number of Spatial Degrees of Freedom of a
    Time-Varying Field", Journal of Climate 12(7), 1999, eq. 5 (effective number).

Every Sharpe ratio here is of one period (a trade) and not annualised; an annualised one has to be brought back by the
root of the periods a year, its variance by their number.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from orb_pipeline.research.evidence.arrays import Float64Array, column_chunks
from orb_pipeline.research.evidence.moments import Moments

_NO_VARIANCE = 1e-12  # of the mean square; what sums of equal values leave


def probabilistic_sharpe(
    sharpe: npt.ArrayLike,
    benchmark: float,
    count: npt.ArrayLike,
    skewness: npt.ArrayLike,
    kurtosis: npt.ArrayLike,
) -> Float64Array:
    """Probability that the true Sharpe ratio is above `benchmark`, given an observed one (2012 paper, eq. 9).

    PSR = Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - skewness SR + (kurtosis - 1) / 4 SR^2)).

    Args:
        sharpe: observed, per period; benchmark: SR*, of the same period.
        count: periods; skewness, kurtosis (3 for a normal distribution): of the periods' results.

    Returns:
        0 to 1; NaN where an argument is NaN, below two periods, or where the root is not of a positive number.
    """
    from scipy.special import ndtr

    ratio, periods = np.asarray(sharpe, dtype=np.float64), np.asarray(count, dtype=np.float64)
    third, fourth = np.asarray(skewness, dtype=np.float64), np.asarray(kurtosis, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = 1 - third * ratio + (fourth - 1) / 4 * ratio**2
        deviations = (ratio - benchmark) * np.sqrt(periods - 1) / np.sqrt(variance)
        deviations = np.where((periods >= 2) & (variance > 0), deviations, np.nan)
    return np.asarray(ndtr(deviations), dtype=np.float64)


def expected_max_sharpe(variance: float, trials: float) -> float:
    """Expected maximum of the Sharpe ratios of `trials` independent strategies without an edge (2014 paper, eq. 1).

    sqrt(V) ((1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e))), g the Euler-Mascheroni constant; an approximation for
    large N, so it is held at 0, what is expected of a single try, where small numbers would take it below.

    Args:
        variance: of the trials' Sharpe ratios, per period; trials: N, need not be whole.
    """
    from scipy.special import ndtri

    if not (trials > 1 and variance > 0):
        return 0.0
    typical, further = ndtri(1 - 1 / trials), ndtri(1 - 1 / (trials * math.e))
    maximum = (1 - np.euler_gamma) * typical + np.euler_gamma * further
    return max(0.0, math.sqrt(variance) * float(maximum))


def deflated_sharpe(results: Moments, expected_maximum: float) -> Float64Array:
    """Per strategy the probability that its true Sharpe ratio is above the expected maximum of the trials (eq. 2)."""
    return probabilistic_sharpe(results.sharpe, expected_maximum, results.count, results.skewness, results.kurtosis)


def effective_trials(daily_r: Float64Array) -> float:
    """How many independent strategies the correlated ones amount to.

    The participation ratio of the eigenvalues of their correlation matrix, (sum l)^2 / sum l^2 = N^2 / sum of squared
    correlations: N where none correlate, 1 where all are the same. NaN counts as 0; strategies that never vary are left
    out, since a strategy that does nothing is no trial. Sums of squares of the correlations [N, N] are those of the
    products between days [days, days], the smaller matrix.

    Args:
        daily_r: [days, strategies], R.

    Returns:
        0 without a strategy that varies.
    """
    days = len(daily_r)
    chunks = [_standard(daily_r[:, chunk]) for chunk in column_chunks(daily_r.shape[1])]
    standard = np.concatenate([np.empty((days, 0), dtype=np.float32), *chunks], axis=1)
    strategies = standard.shape[1]
    products = standard @ standard.T if days < strategies else standard.T @ standard
    squares = float(np.einsum("ij,ij->", products, products, dtype=np.float64))
    return strategies**2 / squares if squares > 0 else 0.0


def _standard(daily_r: Float64Array) -> npt.NDArray[np.float32]:
    """Columns that vary, centred, of length 1; in single precision, which is enough for a count and twice as fast."""
    values = np.nan_to_num(daily_r)
    squares = (values**2).sum(axis=0)
    centred = values - values.mean(axis=0)
    lengths = (centred**2).sum(axis=0)
    varies = lengths > _NO_VARIANCE * squares
    return np.asarray(centred[:, varies] / np.sqrt(lengths[varies]), dtype=np.float32)
