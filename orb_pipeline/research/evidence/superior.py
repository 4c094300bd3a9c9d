"""Hansen's test for superior predictive ability: is the best of a chosen set better than doing nothing at all?

Source: Hansen, "A Test for Superior Predictive Ability", Journal of Business & Economic Statistics 23(4), 2005, by way
of `arch.bootstrap.SPA`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orb_pipeline.research.evidence.arrays import Float64Array, NoEvidence, block_sums, runs_of

MIN_DAYS, BLOCK_DAYS, RESAMPLES = 30, 10, 1_000
_NO_VARIANCE = 1e-12  # of the mean square; what sums of equal values leave


@dataclass(frozen=True)
class Superior:
    """P-values of "none of them makes anything"; small ones speak for the best of the set.

    The test corrects for how many are in the set, not for how the set came about: strategies that were chosen on the
    same days look better than they are. On days after the choice it is clean.

    Attributes:
        lower: as if losing strategies did not weigh on the test; consistent: Hansen's; upper: as if none lost, which is
            White's reality check.
        series: how many were tested.
    """

    lower: float
    consistent: float
    upper: float
    series: int


def superior(
    pnl_r: Float64Array, seed: int, block_days: int = BLOCK_DAYS, resamples: int = RESAMPLES
) -> Superior | NoEvidence:
    """SPA of daily series against zero; what is NaN counts as 0.

    Days are summed in blocks of about `block_days` first, shorter ones where that leaves fewer than 30, and whole
    blocks resampled: what hangs together within a block stays, and hundreds of series take no longer than a few. Each
    series is put on one scale, since the test's statistic is a maximum over studentised means and `arch` takes it over
    plain ones.

    Args:
        pnl_r: [days, series], R; seed: the same seed, the same values.
    """
    days = len(pnl_r)
    if days < MIN_DAYS:
        return NoEvidence(f"{days} days; the test needs {MIN_DAYS}")
    starts = runs_of(days, min(block_days, days // MIN_DAYS))
    sums = block_sums(pnl_r, starts)
    spread = sums.std(axis=0, ddof=1)
    varies = spread**2 > _NO_VARIANCE * (sums**2).mean(axis=0)
    if not varies.any():
        return NoEvidence("no series that ever varies")
    lower, consistent, upper = _arch(sums[:, varies] / spread[varies], seed, resamples)
    return Superior(lower, consistent, upper, int(varies.sum()))


def _arch(gains: Float64Array, seed: int, resamples: int) -> tuple[float, float, float]:
    from arch.bootstrap import SPA  # takes seconds to import

    test = SPA(np.zeros(len(gains)), -gains, block_size=1, reps=resamples, bootstrap="circular", seed=seed)
    test.compute()
    p = test.pvalues
    return float(p["lower"]), float(p["consistent"]), float(p["upper"])
