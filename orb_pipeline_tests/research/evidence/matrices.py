"""Random daily series of strategies that hang together as those of a grid do, with an edge for some or for none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from orb_pipeline.catalogue import Validation
from orb_pipeline_tests.series import CATALOGUE

Float64Array = npt.NDArray[np.float64]
COST_R = 0.1  # what a trade costs
STRESS_R = 0.05  # what it costs more at one and a half times the costs


@dataclass(frozen=True)
class Market:
    """Columns are strategies, those of a family next to one another.

    Attributes:
        pnl_r, traded: [days, strategies], as of a daily series; years: [days].
    """

    pnl_r: Float64Array
    traded: npt.NDArray[np.bool_]
    years: npt.NDArray[np.int64]

    @property
    def cost_r(self) -> Float64Array:
        return np.full(self.pnl_r.shape[1], COST_R)

    @property
    def stressed_expectancy_r(self) -> Float64Array:
        """As RULES.md section 1 has it at COST_R: 1 + mean R falls by a factor."""
        count = np.maximum(self.traded.sum(axis=0), 1)
        return np.asarray((1 + np.nansum(self.pnl_r, axis=0) / count) / (1 + STRESS_R) - 1)

    @property
    def passed(self) -> npt.NDArray[np.bool_]:
        """Which of them pass the validation of RULES.md section 8, one by one."""
        strategies = zip(self.pnl_r.T, self.traded.T, strict=True)
        return np.array([passes(pnl_r, traded, self.years, validation()) for pnl_r, traded in strategies], dtype=bool)


def validation(**changes: Any) -> Validation:
    return Validation.model_validate(CATALOGUE.research.validation.model_dump() | changes)


def passes(pnl_r: Float64Array, traded: npt.NDArray[np.bool_], years: npt.NDArray[np.int64], rules: Validation) -> bool:
    """The slow reading of section 8 for one strategy whose trades lose STRESS_R more under stress."""
    trades = pnl_r[traded]
    if len(trades) < rules.min_trades or not trades.mean() > 0 or not (trades - STRESS_R).mean() > 0:
        return False
    of_year = [pnl_r[traded & (years == year)] for year in np.unique(years) if year not in rules.excluded_years]
    means = [results.mean() for results in of_year if len(results)]
    return bool(means) and sum(mean > 0 for mean in means) / len(means) >= rules.min_positive_year_share


def random_market(
    seed: int, days: int = 756, families: int = 12, members: int = 10, edge_r: float = 0.0, with_edge: int = 0
) -> Market:
    """A market of `families` of strategies that win or lose together, payoffs of 1 to 4 R against 1 R.

    The mean of a trade is 0, but for `edge_r` R in the first `with_edge` families. Members differ in their target and
    on which days they trade and are eligible; some hardly ever trade.
    """
    rng = np.random.default_rng(seed)
    strategies = families * members
    shared = np.repeat(rng.normal(size=(days, families)), members, axis=1)
    luck = 0.85 * shared + np.sqrt(1 - 0.85**2) * rng.normal(size=(days, strategies))
    payoff = np.tile(np.linspace(1.0, 4.0, members), families)
    edge = np.repeat(np.arange(families) < with_edge, members) * edge_r
    wins = luck > _normal_quantile(1 - (1 + edge) / (1 + payoff))
    eligible = rng.random((days, strategies)) < 0.9
    traded = eligible & (rng.random((days, strategies)) < rng.choice([0.02, 0.3, 0.7, 0.9], size=strategies))
    results = np.where(wins, payoff, -1.0) * (1 + 0.01 * rng.random((days, strategies)))
    pnl_r = np.where(traded, results, np.where(eligible, 0.0, np.nan))
    years = 2019 + np.arange(days, dtype=np.int64) * 3 // days
    return Market(pnl_r, traded, years)


def _normal_quantile(probability: Float64Array) -> Float64Array:
    from scipy.stats import norm

    return np.asarray(norm.ppf(probability), dtype=np.float64)
