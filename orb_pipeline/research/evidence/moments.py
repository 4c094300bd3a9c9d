"""Moments of what each strategy made per trade, in R: what the Sharpe ratio's own uncertainty depends on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orb_pipeline.research.evidence.arrays import BoolArray, Float64Array, Int64Array, check_shapes, column_chunks

_NO_VARIANCE = 1e-24  # of the mean square; what sums of equal results leave


@dataclass(frozen=True)
class Moments:
    """One entry a strategy, over its trades.

    Attributes:
        count: trades.
        mean: R; NaN without a trade.
        std: R, ddof 1; NaN below two trades, exactly 0 where all results are equal.
        skewness: third standardised moment of the sample, g1 = m3 / m2^1.5 with m_k the mean k-th power about the mean
            (Joanes & Gill 1998); NaN without a spread.
        kurtosis: fourth standardised moment, m4 / m2^2: 3 for a normal distribution (not in excess of it).
    """

    count: Int64Array
    mean: Float64Array
    std: Float64Array
    skewness: Float64Array
    kurtosis: Float64Array

    @property
    def sharpe(self) -> Float64Array:
        """Mean over std, per trade and not annualised; NaN without a spread (RULES.md section 7)."""
        return np.asarray(np.divide(self.mean, self.std, out=np.full(len(self.mean), np.nan), where=self.std > 0))


def moments(pnl_r: Float64Array, traded: BoolArray) -> Moments:
    """Moments over the days on which `traded` is true.

    Args:
        pnl_r: [days, strategies], R of the day; traded: the same shape.

    Raises:
        InputError: the shapes differ.
    """
    check_shapes(pnl_r, traded)
    strategies = pnl_r.shape[1]
    found = Moments(np.zeros(strategies, dtype=np.int64), *(np.full(strategies, np.nan) for _ in range(4)))
    for chunk in column_chunks(strategies):
        _fill(found, chunk, pnl_r[:, chunk], traded[:, chunk])
    return found


def _fill(found: Moments, chunk: slice, pnl_r: Float64Array, traded: BoolArray) -> None:
    count = traded.sum(axis=0)
    results = np.where(traded, pnl_r, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = results.sum(axis=0) / count
        second, third, fourth = _central(results, traded, mean, count)
        has_spread = second > _NO_VARIANCE * (second + mean**2)
        second = np.where(has_spread, second, 0.0)
        found.count[chunk], found.mean[chunk] = count, mean
        found.std[chunk] = np.where(count > 1, np.sqrt(second * count / (count - 1)), np.nan)
        found.skewness[chunk] = np.where(has_spread, third / second**1.5, np.nan)
        found.kurtosis[chunk] = np.where(has_spread, fourth / second**2, np.nan)


def _central(
    results: Float64Array, traded: BoolArray, mean: Float64Array, count: Int64Array
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Second to fourth central moments, two passes so that no digits cancel."""
    deviations = np.where(traded, results - mean, 0.0)
    squares = deviations**2
    third = np.einsum("ds,ds->s", squares, deviations)
    fourth = np.einsum("ds,ds->s", squares, squares)
    return squares.sum(axis=0) / count, third / count, fourth / count
