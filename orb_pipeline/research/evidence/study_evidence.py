"""All evidence for or against one research run, or one fold of a walk-forward, in one value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from orb_pipeline.catalogue.models import Validation
from orb_pipeline.errors import InputError
from orb_pipeline.research.evidence import bootstrap, luck, overfitting, superior
from orb_pipeline.research.evidence.arrays import BoolArray, Float64Array, Int64Array, NoEvidence, check_shapes
from orb_pipeline.research.evidence.deflated_sharpe import deflated_sharpe, effective_trials, expected_max_sharpe
from orb_pipeline.research.evidence.luck import Luck
from orb_pipeline.research.evidence.moments import moments
from orb_pipeline.research.evidence.overfitting import Overfitting
from orb_pipeline.research.evidence.superior import Superior


@dataclass(frozen=True)
class EvidenceSettings:
    """How the evidence is gathered.

    Attributes:
        validation: what strategies had to pass; its `min_trades` also says which count as trials of a Sharpe ratio.
        block_days: days that the bootstraps draw together.
        resamples: of the bootstrap behind p_value.
        superior_resamples: of the test for superior predictive ability.
        overfitting_blocks: into which CSCV cuts the days, an even number; 16 make 12,870 splits.
        luck_block_days: days that keep one sign.
        luck_draws: of signs.
        seed: of all that is random; the same seed gives the same evidence.
    """

    validation: Validation
    block_days: int = bootstrap.BLOCK_DAYS
    resamples: int = bootstrap.RESAMPLES
    superior_resamples: int = superior.RESAMPLES
    overfitting_blocks: int = overfitting.BLOCKS
    luck_block_days: int = luck.BLOCK_DAYS
    luck_draws: int = luck.DRAWS
    seed: int = 0


@dataclass(frozen=True)
class Evidence:
    """Arrays have one entry a strategy, in the order of the columns.

    Attributes:
        trials: strategies with enough trades for validation, among which the best was looked for.
        effective_trials: how many independent ones they amount to.
        sharpe_variance: of the trials' Sharpe ratios per trade.
        expected_max_sharpe: the best Sharpe ratio per trade to be expected of as many without an edge.
        deflated_sharpe: probability that the true Sharpe ratio is above it; NaN below two trades or without a spread.
        p_value: of a mean daily R above 0; NaN without a trade.
        fdr_q: Benjamini-Hochberg q of p_value among all strategies with a trade.
        overfitting: of choosing the best, by CSCV.
        luck: how many would pass validation if no strategy had an edge before costs, which are paid.
        luck_at_break_even: how many if every strategy earned just its costs; more, and the harder number to beat.
        superior: Hansen's test of those that passed, against zero.
    """

    trials: int
    effective_trials: float
    sharpe_variance: float
    expected_max_sharpe: float
    deflated_sharpe: Float64Array
    p_value: Float64Array
    fdr_q: Float64Array
    overfitting: Overfitting | NoEvidence
    luck: Luck
    luck_at_break_even: Luck
    superior: Superior | NoEvidence


def gather(
    pnl_r: Float64Array,
    traded: BoolArray,
    stressed_expectancy_r: Float64Array,
    years: Int64Array,
    passed: BoolArray,
    settings: EvidenceSettings,
) -> Evidence:
    """The evidence on strategies that were all evaluated on the same days.

    Args:
        pnl_r: [days, strategies], R of the day; 0 on an eligible day without a trade, NaN on one that is not eligible.
        traded: the same shape; whether a trade filled.
        stressed_expectancy_r: [strategies], mean R per trade at stressed costs; any value without a trade.
        years: [days], calendar year of each trading day, in order.
        passed: [strategies], which of them validation let through.

    Raises:
        InputError: shapes or lengths differ, or the years are not in order.
    """
    check_shapes(pnl_r, traded)
    _check_strategies(pnl_r.shape[1], stressed_expectancy_r, passed)
    results, validation = moments(pnl_r, traded), settings.validation
    is_trial = results.count >= validation.min_trades
    effective = effective_trials(pnl_r[:, is_trial])
    variance = _variance(results.sharpe[is_trial])
    maximum = expected_max_sharpe(variance, effective)
    costs = luck.friction_share(results.mean, stressed_expectancy_r, validation.stress_cost_factor)
    by_luck = partial(
        luck.luck,
        pnl_r,
        traded,
        costs,
        years,
        int(passed.sum()),
        validation,
        settings.seed,
        block_days=settings.luck_block_days,
        draws=settings.luck_draws,
    )
    p = bootstrap.p_values(pnl_r, traded, settings.seed, settings.block_days, settings.resamples)
    return Evidence(
        trials=int(is_trial.sum()),
        effective_trials=effective,
        sharpe_variance=variance,
        expected_max_sharpe=maximum,
        deflated_sharpe=deflated_sharpe(results, maximum),
        p_value=p,
        fdr_q=bootstrap.false_discovery_q(p),
        overfitting=overfitting.overfitting(pnl_r, traded, validation.min_trades, settings.overfitting_blocks),
        luck=by_luck(at_break_even=False),
        luck_at_break_even=by_luck(at_break_even=True),
        superior=superior.superior(pnl_r[:, passed], settings.seed, settings.block_days, settings.superior_resamples),
    )


def _variance(sharpe: Float64Array) -> float:
    """Of the ratios there are, ddof 1; 0 with fewer than two."""
    ratios = sharpe[~np.isnan(sharpe)]
    return float(ratios.var(ddof=1)) if len(ratios) > 1 else 0.0


def _check_strategies(strategies: int, stressed_expectancy_r: Float64Array, passed: BoolArray) -> None:
    for name, values in (("stressed_expectancy_r", stressed_expectancy_r), ("passed", passed)):
        if values.shape != (strategies,):
            message = (
                f"{name} has the shape {values.shape}, expected ({strategies},), one entry a strategy of pnl_r. "
                "Take it in the order of the daily series."
            )
            raise InputError(message)
