"""A grid evaluated on a span of days: metrics, the evidence against overfitting, the verdict of validation on both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from orb_pipeline.catalogue.models import Validation
from orb_pipeline.research.daily import DailySeries
from orb_pipeline.research.discovery import EVIDENCE_COLUMNS, Discovery
from orb_pipeline.research.evidence import Evidence, EvidenceSettings, NoEvidence, gather
from orb_pipeline.research.validation import PASSED, asks_for_evidence, validate


@dataclass(frozen=True)
class Evaluation:
    """Every strategy with its figures and verdict, and what all of them together are worth.

    Attributes:
        strategies: columns of `experimental_strategies`, grid by grid in the order of each discovery.
    """

    strategies: pd.DataFrame
    evidence: Evidence

    def figures(self) -> dict[str, float | int | str | None]:
        """The evidence in single figures, columns of `research_evidence`; None where it cannot be had."""
        found, passed = self.evidence, (self.strategies["validation_status"] == PASSED).to_numpy(np.bool_)
        choosing, best = found.overfitting, found.superior
        missing = [part.reason for part in (choosing, best) if isinstance(part, NoEvidence)]
        return {
            "tried": len(self.strategies),
            "trials": found.trials,
            "effective_trials": found.effective_trials,
            "expected_max_sharpe": found.expected_max_sharpe,
            "passed": int(passed.sum()),
            "passing_by_luck": found.luck.mean,
            "passing_by_luck_low": found.luck.low,
            "passing_by_luck_high": found.luck.high,
            "luck_reaches_passed": found.luck.at_least_as_many,
            "passed_q_below_10": int((passed & (found.fdr_q < 0.1)).sum()),
            "pbo": None if isinstance(choosing, NoEvidence) else choosing.pbo,
            "loss_probability": None if isinstance(choosing, NoEvidence) else choosing.loss_probability,
            "spa_p_value": None if isinstance(best, NoEvidence) else best.consistent,
            "note": " ".join(missing) or None,
        }


def evaluate(
    grids: Sequence[tuple[Discovery, DailySeries]],
    validation: Validation,
    first: dt.date | None = None,
    last: dt.date | None = None,
) -> Evaluation:
    """Evaluate every strategy of `grids` (one an instrument) on the trading days from `first` to `last` and no other.

    Args:
        grids: each with the daily series of all its strategies, over all its days.
    """
    strategies = pd.concat([discovery.strategies(first, last) for discovery, _ in grids], ignore_index=True)
    span = slice(None if first is None else pd.Timestamp(first), None if last is None else pd.Timestamp(last))
    pnl_r, traded = (
        pd.concat([frame.loc[span] for frame in frames], axis=1)
        for frames in ([daily.pnl_r for _, daily in grids], [daily.traded for _, daily in grids])
    )
    evidence = gather(
        pnl_r.to_numpy(np.float64),
        traded.fillna(False).to_numpy(np.bool_),
        strategies["stressed_expectancy_r"].to_numpy(np.float64),
        pd.DatetimeIndex(pnl_r.index).year.to_numpy(np.int64),
        (strategies["validation_status"] == PASSED).to_numpy(np.bool_),
        EvidenceSettings(validation),
    )
    strategies = strategies.assign(**{name: getattr(evidence, name) for name in EVIDENCE_COLUMNS})
    if asks_for_evidence(validation):
        verdicts = validate(strategies, validation)
        strategies = strategies.assign(**{name: verdicts[name] for name in verdicts.columns})
    return Evaluation(strategies, evidence)
