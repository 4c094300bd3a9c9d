"""How many strategies would pass validation on this market if none had an edge: what luck alone lets through.

The daily R of all strategies is given random signs, one sign a block of days, the same for every strategy: what a
strategy makes is then as large and as clustered as it was, the strategies hang together as they did, and on average
nobody makes anything. Each draw of signs is put to the validation of RULES.md section 8.

Sources: randomisation by signs, Romano & Wolf, "Exact and Approximate Stepdown Methods for Multiple Hypothesis
Testing", JASA 100(469), 2005, section 4; signs kept over blocks, as the wild bootstrap for dependent data of Shao,
"The Dependent Wild Bootstrap", JASA 105(489), 2010.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orb_pipeline.catalogue.models import Validation
from orb_pipeline.errors import InputError
from orb_pipeline.research.evidence.arrays import (
    BoolArray,
    Float64Array,
    Int64Array,
    block_sums,
    check_shapes,
    runs_of,
)

BLOCK_DAYS, DRAWS = 20, 200


@dataclass(frozen=True)
class Luck:
    """How many strategies pass without an edge, over the draws.

    Attributes:
        mean: on average; low, median, high: the 5, 50 and 95 % quantiles.
        passed: how many passed in truth.
        at_least_as_many: share of draws in which at least as many pass as did in truth; near 0, luck does not explain
            them.
        draws: their number.
    """

    mean: float
    low: float
    median: float
    high: float
    passed: int
    at_least_as_many: float
    draws: int


def luck(
    pnl_r: Float64Array,
    traded: BoolArray,
    stress_cost_r: Float64Array,
    years: Int64Array,
    passed: int,
    validation: Validation,
    seed: int,
    block_days: int = BLOCK_DAYS,
    draws: int = DRAWS,
) -> Luck:
    """The distribution of the number that passes without an edge.

    No edge means nothing after costs, and higher costs come off whatever the sign. The optional limits of validation on
    Sharpe ratio and drawdown are not applied: where they are in force fewer would pass.

    Args:
        pnl_r: [days, strategies], R; traded: the same shape.
        stress_cost_r: [strategies], R that the stressed costs take off all trades together; any value without a trade.
        years: [days], calendar year of each day, in order.
        passed: how many strategies validation let through.
        seed: the same seed, the same draws.

    Raises:
        InputError: shapes or lengths differ, or the years are not in order.
    """
    counts = passes_by_luck(pnl_r, traded, stress_cost_r, years, validation, seed, block_days, draws)
    low, median, high = np.quantile(counts, [0.05, 0.5, 0.95]).tolist()
    return Luck(float(counts.mean()), low, median, high, passed, float((counts >= passed).mean()), draws)


def passes_by_luck(
    pnl_r: Float64Array,
    traded: BoolArray,
    stress_cost_r: Float64Array,
    years: Int64Array,
    validation: Validation,
    seed: int,
    block_days: int = BLOCK_DAYS,
    draws: int = DRAWS,
) -> Int64Array:
    """[draws]: how many strategies pass in each; arguments as of `luck`."""
    check_shapes(pnl_r, traded)
    _check_years(years, len(pnl_r))
    enough = traded.sum(axis=0) >= validation.min_trades
    starts = blocks_in_years(years, block_days)
    signs, block_years = draw_signs(len(starts), draws, seed), years[starts]
    sums, has_traded = block_sums(pnl_r, starts)[:, enough], block_sums(traded, starts)[:, enough] > 0
    total = np.zeros((draws, sums.shape[1]))
    positive = np.zeros(total.shape, dtype=np.int64)
    counted = np.zeros(total.shape[1], dtype=np.int64)
    for year in np.unique(years):
        mine = block_years == year
        in_year = signs[:, mine] @ sums[mine]
        total += in_year
        if year not in validation.excluded_years:
            is_active = has_traded[mine].any(axis=0)
            positive += (in_year > 0) & is_active
            counted += is_active
    share = positive / np.maximum(counted, 1)
    good_years = (counted > 0) & (share >= validation.min_positive_year_share)
    passes = (total > 0) & good_years & (total - stress_cost_r[enough] > 0)
    return np.asarray(passes.sum(axis=1), dtype=np.int64)


def blocks_in_years(years: Int64Array, block_days: int) -> Int64Array:
    """First days of near-equal blocks of about `block_days`, none of which reaches into another calendar year."""
    firsts = np.flatnonzero(np.diff(years, prepend=np.int64(-1)))
    lengths = np.diff(firsts, append=len(years))
    blocks = [first + runs_of(int(length), block_days) for first, length in zip(firsts, lengths, strict=True)]
    return np.concatenate([np.empty(0, dtype=np.int64), *blocks])


def draw_signs(blocks: int, draws: int, seed: int) -> Float64Array:
    """[draws, blocks] of -1 and 1, each as likely."""
    return np.random.default_rng(seed).choice(np.array([-1.0, 1.0]), size=(draws, blocks))


def _check_years(years: Int64Array, days: int) -> None:
    if years.shape != (days,) or bool((np.diff(years) < 0).any()):
        message = (
            f"years has the shape {years.shape}, expected ({days},), one calendar year a day and none before the one "
            "of the day before. Sort the days."
        )
        raise InputError(message)
