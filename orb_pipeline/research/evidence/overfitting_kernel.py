"""The compiled loop of CSCV: for every split, who was best on one half of the days and where it came on the other."""

from __future__ import annotations

import numpy as np
from numba import njit

from orb_pipeline.research.evidence.arrays import Float64Array, Int64Array

_NOTHING = 1e-9  # R squared; what the difference of equal sums leaves of no trade at all


@njit(cache=True, error_model="numpy", nogil=True)
def judge_splits(
    sums: Float64Array,
    squares: Float64Array,
    halves: Int64Array,
    rank: Float64Array,
    chosen: Int64Array,
    inside: Float64Array,
    outside: Float64Array,
) -> None:
    """Fill one entry a split: a pair of halves makes two, each half being the one that is chosen on once.

    Strategies are compared by M |M| / Q, M the sum of daily R and Q of its squares: it rises with the Sharpe ratio, and
    spares the root. Halves that begin with the same blocks share those blocks' sums.

    Args:
        sums, squares: [blocks, strategies], M and Q of each block.
        halves: [pairs, blocks / 2], the blocks of the one half, in lexicographic order; the other half has the rest.
        rank: [2 pairs], average rank of the chosen strategy on the other half among all, from 1.
        chosen: [2 pairs], its place.
        inside, outside: [2 pairs, 2], its M and Q on the half it was chosen on, and on the other.
    """
    strategies, depth = sums.shape[1], halves.shape[1]
    partial = np.zeros((depth + 1, 2, strategies))
    whole = np.zeros((2, strategies))
    for block in range(len(sums)):
        whole[0] += sums[block]
        whole[1] += squares[block]
    performance = np.zeros((2, strategies))
    for pair in range(len(halves)):
        shared = 0
        while pair > 0 and halves[pair, shared] == halves[pair - 1, shared]:
            shared += 1
        for level in range(shared, depth):
            _add(partial[level], sums[halves[pair, level]], squares[halves[pair, level]], partial[level + 1])
        _compare(partial[depth], whole, performance)
        for half in range(2):
            split = 2 * pair + half
            best = int(np.argmax(performance[half]))
            chosen[split] = best
            rank[split] = _average_rank(performance[1 - half], best)
            one, other = (inside, outside) if half == 0 else (outside, inside)
            for k in range(2):
                one[split, k] = partial[depth, k, best]
                other[split, k] = whole[k, best] - partial[depth, k, best]


@njit(cache=True, error_model="numpy", nogil=True)
def _add(before: Float64Array, sums: Float64Array, squares: Float64Array, after: Float64Array) -> None:
    for s in range(len(sums)):
        after[0, s] = before[0, s] + sums[s]
    for s in range(len(squares)):
        after[1, s] = before[1, s] + squares[s]


@njit(cache=True, error_model="numpy", nogil=True)
def _compare(half: Float64Array, whole: Float64Array, performance: Float64Array) -> None:
    """Performance [2, strategies] on one half of the blocks and on the rest of the whole."""
    for s in range(half.shape[1]):
        performance[0, s] = _performance(half[0, s], half[1, s])
    for s in range(half.shape[1]):
        performance[1, s] = _performance(whole[0, s] - half[0, s], whole[1, s] - half[1, s])


@njit(cache=True, error_model="numpy", inline="always")
def _performance(total: float, total_squares: float) -> float:
    ratio = total * abs(total) / total_squares
    return ratio if total_squares > _NOTHING else 0.0


@njit(cache=True, error_model="numpy", nogil=True)
def _average_rank(performance: Float64Array, chosen: int) -> float:
    mine = performance[chosen]
    below = 0
    same = 0
    for s in range(len(performance)):
        below += performance[s] < mine
        same += performance[s] == mine
    return below + (same + 1) / 2
