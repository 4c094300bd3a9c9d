"""Validation of strategies (RULES.md section 8): phases in order, the first that fails is the recorded reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from orb_pipeline.catalogue.models import Validation

PASSED, REJECTED = "PASSED", "REJECTED"
CORE_TRADES, REGIME_TRADES = 100, 30


@dataclass(frozen=True)
class Phase:
    """One condition: `problem` says what is wrong with a strategy (a row of the table), None where it holds."""

    name: str
    asks: str
    problem: Callable[[Any], str | None]


def phases(settings: Validation) -> tuple[Phase, ...]:
    """The phases in force, in order."""
    share = settings.min_positive_year_share
    in_force = [
        Phase(
            "sample_size",
            f"at least {settings.min_trades} trades",
            lambda row: _below("sample_size", row.sample_size, settings.min_trades),
        ),
        Phase("expectancy", "profitable after costs", lambda row: _not_above_zero("expectancy_r", row.expectancy_r)),
        Phase(
            "yearly",
            "profitable in every year" if share == 1 else f"profitable in {share:.0%} of the years",
            lambda row: _losing_years(row.yearly_results, settings),
        ),
        Phase(
            "stress",
            f"still profitable at {settings.stress_cost_factor:g} times the costs",
            lambda row: _not_above_zero("stressed_expectancy_r", row.stressed_expectancy_r),
        ),
    ]
    min_sharpe, max_drawdown = settings.min_sharpe_ratio, settings.max_drawdown_r
    if min_sharpe is not None:
        asks = f"a Sharpe ratio per trade of at least {min_sharpe:g}"
        in_force.append(Phase("sharpe", asks, lambda row: _below("sharpe_ratio", row.sharpe_ratio, min_sharpe)))
    if max_drawdown is not None:
        asks = f"a drawdown of at most {max_drawdown:g} R"
        in_force.append(Phase("drawdown", asks, lambda row: _above("max_drawdown_r", row.max_drawdown_r, max_drawdown)))
    max_q, min_deflated = settings.max_fdr_q, settings.min_deflated_sharpe
    if max_q is not None:
        asks = f"a false discovery rate of at most {max_q:g} among all tried"
        in_force.append(Phase("fdr", asks, lambda row: _above("fdr_q", row.fdr_q, max_q)))
    if min_deflated is not None:
        asks = f"a deflated Sharpe ratio of at least {min_deflated:g}"
        problem = lambda row: _below("deflated_sharpe", row.deflated_sharpe, min_deflated)  # noqa: E731
        in_force.append(Phase("deflated_sharpe", asks, problem))
    return tuple(in_force)


def asks_for_evidence(settings: Validation) -> bool:
    """Whether a phase needs what only all strategies together can tell."""
    return settings.max_fdr_q is not None or settings.min_deflated_sharpe is not None


def without_evidence(settings: Validation) -> Validation:
    """The same phases but those that need evidence."""
    return settings.model_copy(update={"max_fdr_q": None, "min_deflated_sharpe": None})


def validate(strategies: pd.DataFrame, settings: Validation) -> pd.DataFrame:
    """validation_status, validation_phase and validation_notes of each strategy, in its order."""
    in_force = phases(settings)
    verdicts = [_verdict(row, in_force, settings) for row in strategies.itertuples()]
    columns = ["validation_status", "validation_phase", "validation_notes"]
    return pd.DataFrame(verdicts, columns=columns, index=strategies.index).astype(object)


def fallen_by_phase(strategies: pd.DataFrame, settings: Validation) -> pd.DataFrame:
    """How many strategies came to each phase, fell at it and were left: columns phase, tried, fell, left."""
    fell = strategies["validation_phase"].value_counts()
    rows, tried = [], len(strategies)
    for phase in phases(settings):
        count = int(fell.get(phase.name, 0))
        rows.append((phase.name, tried, count, tried - count))
        tried -= count
    return pd.DataFrame(rows, columns=["phase", "tried", "fell", "left"])


def classify(sample_sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.str_]:
    """CORE, REGIME or INVALID by the number of trades."""
    return np.select([sample_sizes >= CORE_TRADES, sample_sizes >= REGIME_TRADES], ["CORE", "REGIME"], "INVALID")


def _verdict(row: Any, in_force: tuple[Phase, ...], settings: Validation) -> tuple[str, str | None, str | None]:
    for phase in in_force:
        problem = phase.problem(row)
        if problem is not None:
            return REJECTED, phase.name, problem
    few = row.sample_size < settings.warn_below_trades
    warning = f"warning: {row.sample_size} trades, fewer than {settings.warn_below_trades}" if few else None
    return PASSED, None, warning


def _below(name: str, value: float, minimum: float) -> str | None:
    return None if value >= minimum else f"{name} {value:.4g} is below {minimum:g}"


def _above(name: str, value: float, maximum: float) -> str | None:
    return None if value <= maximum else f"{name} {value:.4g} is above {maximum:g}"


def _not_above_zero(name: str, value: float) -> str | None:
    return None if value > 0 else f"{name} {value:.4g} is not above 0"


def _losing_years(yearly_results: str, settings: Validation) -> str | None:
    excluded = {str(year) for year in settings.excluded_years}
    years = {year: result for year, result in json.loads(yearly_results).items() if year not in excluded}
    losing = [year for year, result in years.items() if not result["avg_r"] > 0]
    if not years:
        return "no year is left after the excluded ones"
    if (len(years) - len(losing)) / len(years) >= settings.min_positive_year_share:
        return None
    return (
        f"{len(years) - len(losing)} of {len(years)} years positive, below a share of "
        f"{settings.min_positive_year_share:g}; not positive: {', '.join(losing)}"
    )
