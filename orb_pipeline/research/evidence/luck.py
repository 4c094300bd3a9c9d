"""How many strategies would pass validation on this market if none had an edge: what luck alone lets through.

The daily R of all strategies is given random signs, one sign a block of days, the same for every strategy: what a
strategy makes is then as large and as clustered as it was, the strategies hang together as they did, and on average
nobody makes anything. Each draw of signs is put to the validation of RULES.md section 8. Two readings of "no edge":

- Before costs: prices go nowhere and a trader pays for every trade. Signs are of R before costs, which come off
  whatever the sign. This is what passes on a market of chance.
- At break-even: every strategy earns just what it costs. Signs are of R after costs. More pass; who beats this number
  has more than strategies that neither win nor lose.

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
    cost_r: Float64Array,
    years: Int64Array,
    passed: int,
    validation: Validation,
    seed: int,
    *,
    at_break_even: bool = False,
    block_days: int = BLOCK_DAYS,
    draws: int = DRAWS,
) -> Luck:
    """The distribution of the number that passes without an edge.

    The optional limits of validation on Sharpe ratio and drawdown are not applied: where they are in force fewer would
    pass.

    Args:
        pnl_r: [days, strategies], R; traded: the same shape.
        cost_r: [strategies], see `friction_share`.
        years: [days], calendar year of each day, in order.
        passed: how many strategies validation let through.
        seed: the same seed, the same draws.
        at_break_even: signs are of R after costs, not before.

    Raises:
        InputError: shapes or lengths differ, or the years are not in order.
    """
    counts = passes_by_luck(
        pnl_r, traded, cost_r, years, validation, seed, at_break_even=at_break_even, block_days=block_days, draws=draws
    )
    low, median, high = np.quantile(counts, [0.05, 0.5, 0.95]).tolist()
    return Luck(float(counts.mean()), low, median, high, passed, float((counts >= passed).mean()), draws)


def passes_by_luck(
    pnl_r: Float64Array,
    traded: BoolArray,
    cost_r: Float64Array,
    years: Int64Array,
    validation: Validation,
    seed: int,
    *,
    at_break_even: bool = False,
    block_days: int = BLOCK_DAYS,
    draws: int = DRAWS,
) -> Int64Array:
    """[draws]: how many strategies pass in each; arguments as of `luck`."""
    check_shapes(pnl_r, traded)
    _check_years(years, len(pnl_r))
    enough = traded.sum(axis=0) >= validation.min_trades
    starts = blocks_in_years(years, block_days)
    signs, block_years = draw_signs(len(starts), draws, seed), years[starts]
    trades = block_sums(traded, starts)[:, enough]
    costs = trades * cost_r[enough]
    stress = (validation.stress_cost_factor - 1) * costs.sum(axis=0)
    paid = np.zeros_like(costs) if at_break_even else costs
    swings = block_sums(pnl_r, starts)[:, enough] + paid
    total = np.zeros((draws, swings.shape[1]))
    positive = np.zeros(total.shape, dtype=np.int64)
    counted = np.zeros(total.shape[1], dtype=np.int64)
    for year in np.unique(years):
        mine = block_years == year
        in_year = signs[:, mine] @ swings[mine] - paid[mine].sum(axis=0)
        total += in_year
        if year not in validation.excluded_years:
            is_active = trades[mine].any(axis=0)
            positive += (in_year > 0) & is_active
            counted += is_active
    share = positive / np.maximum(counted, 1)
    good_years = (counted > 0) & (share >= validation.min_positive_year_share)
    return np.asarray(((total > 0) & good_years & (total > stress)).sum(axis=1), dtype=np.int64)


def friction_share(expectancy_r: Float64Array, stressed_expectancy_r: Float64Array, factor: float) -> Float64Array:
    """What friction takes of the risk, F / (r + F) with r the risk in dollars before it: the costs of a trade in R.

    RULES.md section 1 makes 1 + pnl_r = (gain + r) / (r + F), so 1 + mean R at F over 1 + mean R at `factor` F is
    1 + (factor - 1) F / (r + F): exact for trades of one risk, and for the others the friction they have on average.

    Args:
        expectancy_r, stressed_expectancy_r: [strategies], mean R per trade at F and at `factor` F.

    Returns:
        [strategies]; 0 where it cannot be told: without a trade, at a factor of 1, or where all is lost.
    """
    extra = np.asarray(expectancy_r - stressed_expectancy_r, dtype=np.float64)
    left = (1 + stressed_expectancy_r) * (factor - 1)
    can_be_told = left > 0
    return np.divide(extra, left, out=np.zeros(len(extra)), where=can_be_told)


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
