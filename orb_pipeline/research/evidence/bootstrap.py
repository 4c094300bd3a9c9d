"""One-sided p-values of every strategy's mean daily R by block bootstrap, and their false discovery rates.

Sources:
    Carlstein, "The Use of Subseries Values for Estimating the Variance of a General Statistic from a Stationary
    Sequence", Annals of Statistics 14(3), 1986 (non-overlapping blocks).
    Davison & Hinkley, "Bootstrap Methods and their Application", 1997, section 4.4 (centring under the null, the
    studentised statistic, and p = (1 + exceedances) / (resamples + 1)).
    Benjamini & Hochberg, "Controlling the False Discovery Rate", JRSS B 57(1), 1995.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from orb_pipeline.research.evidence.arrays import (
    BoolArray,
    Float64Array,
    block_sums,
    check_shapes,
    runs_of,
)

BLOCK_DAYS, RESAMPLES = 10, 9_999
_RESAMPLES_AT_A_TIME = 1_000  # two results of 28 MB for 7,020 strategies; smaller products keep cores waiting
_MIN_BLOCKS = 2
Float32Array = npt.NDArray[np.float32]


def p_values(
    pnl_r: Float64Array, traded: BoolArray, seed: int, block_days: int = BLOCK_DAYS, resamples: int = RESAMPLES
) -> Float64Array:
    """Probability, were the mean daily R zero, of a studentised mean at least as high as the one seen.

    Whole blocks of days are drawn with replacement, the same ones for every strategy, from block sums that were centred
    per strategy, so that dependence within blocks stays. Drawing blocks is multinomial counts times block sums.

    Args:
        pnl_r: [days, strategies], R; what is NaN counts as 0. traded: the same shape.
        seed: the same seed, the same values.

    Returns:
        [strategies], in (0, 1]; NaN for a strategy without a trade, and for all where there are fewer than two blocks.

    Raises:
        InputError: the shapes differ.
    """
    check_shapes(pnl_r, traded)
    found = np.full(pnl_r.shape[1], np.nan)
    has_trade = traded.any(axis=0)
    starts = runs_of(len(pnl_r), block_days)
    if len(starts) < _MIN_BLOCKS or not has_trade.any():
        return found
    counts = draw_counts(len(starts), resamples, seed).astype(np.float32)
    sums = block_sums(pnl_r, starts)[:, has_trade]
    found[has_trade] = (1 + _exceedances(sums, counts)) / (resamples + 1)
    return found


def draw_counts(blocks: int, resamples: int, seed: int) -> npt.NDArray[np.int64]:
    """[resamples, blocks]: how often each block is drawn when as many are drawn as there are."""
    return np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1 / blocks), size=resamples)


def false_discovery_q(p: Float64Array) -> Float64Array:
    """Benjamini-Hochberg q: the false discovery rate if a strategy and all of smaller p are taken; NaN is no test."""
    from scipy.stats import false_discovery_control

    found = np.full(len(p), np.nan)
    is_test = ~np.isnan(p)
    if is_test.any():
        found[is_test] = false_discovery_control(p[is_test], method="bh")
    return found


def _exceedances(sums: Float64Array, counts: Float32Array) -> npt.NDArray[np.int64]:
    """Resamples whose t is at least the one seen, per column of block sums [blocks, strategies].

    With M the sum and Q the sum of squares of n block sums, t is sqrt(n - 1) M / sqrt(n Q - M^2), which rises with
    M |M| / Q: no root and no division a resample. Those of a resample are of centred block sums, those of what was seen
    of the sums themselves. Where a resample drew nothing that varies, both sides are 0 and it counts, against us.
    """
    seen, seen_squares = sums.sum(axis=0), (sums**2).sum(axis=0)
    k = np.divide(seen * np.abs(seen), seen_squares, out=np.zeros_like(seen), where=seen_squares > 0).astype(np.float32)
    centred = sums - seen / len(sums)
    from orb_pipeline.research.evidence.bootstrap_kernel import count_exceedances  # numba loads only where it runs

    values, squares = centred.astype(np.float32), (centred**2).astype(np.float32)
    exceed = np.zeros(sums.shape[1], dtype=np.int64)
    for first in range(0, len(counts), _RESAMPLES_AT_A_TIME):
        drawn = counts[first : first + _RESAMPLES_AT_A_TIME]
        count_exceedances(drawn @ values, drawn @ squares, k, exceed)
    return exceed
