"""Probability of backtest overfitting by combinatorially symmetric cross-validation (CSCV).

Source: Bailey, Borwein, Lopez de Prado & Zhu, "The Probability of Backtest Overfitting", Journal of Computational
Finance 20(4), 2017 (SSRN 2326253, 2015), section 3: the days are cut into S blocks; each choice of S/2 blocks is once
the days on which the best strategy is chosen, the other S/2 those on which it is judged among all.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from orb_pipeline.errors import InputError
from orb_pipeline.research.evidence.arrays import (
    BoolArray,
    Float64Array,
    Int64Array,
    NoEvidence,
    block_sums,
    check_shapes,
    cut_into,
)

BLOCKS = 16  # the paper's choice: 12,870 splits
LOGIT_EDGES: Float64Array = np.linspace(-10.0, 10.0, 41)  # of the histogram, each bin without its lower edge
_NO_VARIANCE = 1e-12  # of the mean square; what sums of equal values leave


@dataclass(frozen=True)
class Overfitting:
    """What became of the strategy chosen on one half of the days on the other half, over all splits in halves.

    It is about ranks: where costs make some strategies lose more than others in every year, the best of one half is
    above the middle on the other and loses all the same. So the PBO is to be read with the probability of loss.

    Attributes:
        pbo: share of splits in which it came in the lower half of all strategies (logit <= 0): 0.5 where choosing is
            luck, near 0 where the best stays good.
        logits: splits by the logit ln(w / (1 - w)) of its relative rank w; [bins], bin k is (LOGIT_EDGES[k],
            LOGIT_EDGES[k + 1]], what lies beyond is in the outermost ones.
        splits: their number.
        strategies: how many were chosen among.
        loss_probability: share of splits in which it lost on the other half.
        slope: of its Sharpe ratio on the other half over that on its own, by least squares over the splits; NaN where
            the latter never varies. Below 0: the better it looked, the worse it did.
    """

    pbo: float
    logits: tuple[int, ...]
    splits: int
    strategies: int
    loss_probability: float
    slope: float


def overfitting(
    pnl_r: Float64Array, traded: BoolArray, min_trades: int, blocks: int = BLOCKS
) -> Overfitting | NoEvidence:
    """PBO of choosing the strategy of the highest Sharpe ratio (mean over std of daily R, 0 where it did not trade).

    Args:
        pnl_r: [days, strategies], R, NaN where not eligible; traded: the same shape.
        min_trades: strategies with fewer in all are left out, as validation leaves them out.
        blocks: S, even; near-equal, where the paper cuts off what does not divide.

    Raises:
        InputError: the shapes differ, or `blocks` is odd or below 2.
    """
    check_shapes(pnl_r, traded)
    if blocks < 2 or blocks % 2:
        message = f"CSCV has {blocks} blocks; expected an even number from 2, such as {BLOCKS}. Give one."
        raise InputError(message)
    enough = traded.sum(axis=0) >= min_trades
    days, strategies = len(pnl_r), int(enough.sum())
    if days < 2 * blocks:
        return NoEvidence(f"{days} days; {blocks} blocks of two or more need {2 * blocks}")
    if strategies < 2:
        return NoEvidence(f"{strategies} strategies with {min_trades} trades or more; a choice needs 2")
    starts = cut_into(days, blocks)
    sums, squares = (block_sums(pnl_r, starts, power)[:, enough] for power in (1, 2))
    return _over_all_splits(sums, squares, np.diff(starts, append=days))


def halves_of(blocks: int) -> Int64Array:
    """[pairs, blocks / 2]: every way to halve the blocks, once: the half that has the first block, in order."""
    return np.array([(0, *others) for others in combinations(range(1, blocks), blocks // 2 - 1)], dtype=np.int64)


def _over_all_splits(sums: Float64Array, squares: Float64Array, lengths: Int64Array) -> Overfitting:
    from orb_pipeline.research.evidence.overfitting_kernel import judge_splits  # numba loads only where it runs

    halves, strategies = halves_of(len(lengths)), sums.shape[1]
    splits = 2 * len(halves)
    rank, chosen = np.empty(splits), np.empty(splits, dtype=np.int64)
    inside, outside = np.empty((2, splits, 2))
    judge_splits(sums, squares, halves, rank, chosen, inside, outside)
    days = lengths[halves].sum(axis=1)
    days_inside = np.stack([days, lengths.sum() - days], axis=1).ravel()
    logits = np.log(rank / (strategies + 1 - rank))
    bins = np.clip(np.searchsorted(LOGIT_EDGES, logits) - 1, 0, len(LOGIT_EDGES) - 2)
    return Overfitting(
        pbo=float((logits <= 0).mean()),
        logits=tuple(np.bincount(bins, minlength=len(LOGIT_EDGES) - 1).tolist()),
        splits=splits,
        strategies=strategies,
        loss_probability=float((outside[:, 0] < 0).mean()),
        slope=_slope(_sharpe(inside, days_inside), _sharpe(outside, lengths.sum() - days_inside)),
    )


def _sharpe(results: Float64Array, days: Int64Array) -> Float64Array:
    """From the sums and the sums of squares of daily R [splits, 2]: mean over std, ddof 1; 0 without a spread."""
    total, squares = results.T
    variance = (squares - total**2 / days) / (days - 1)
    has_spread = variance > _NO_VARIANCE * squares / days
    return np.where(has_spread, total / days / np.sqrt(np.where(has_spread, variance, 1.0)), 0.0)


def _slope(inside: Float64Array, outside: Float64Array) -> float:
    spread = inside - inside.mean()
    squares = float(spread @ spread)
    return float(spread @ outside) / squares if squares > 0 else np.nan
