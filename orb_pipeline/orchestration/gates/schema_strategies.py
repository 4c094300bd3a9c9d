"""Schema of `experimental_strategies`."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from orb_pipeline.orchestration.gates.base import Evidence, GateResult
from orb_pipeline.orchestration.gates.schemas import (
    Frame,
    all_equal,
    at_least,
    between,
    column,
    judge_schema,
    one_of,
    rule,
    through_rules,
)
from orb_pipeline.research.validation import PASSED, REJECTED, phases
from orb_pipeline.rules.entries import LIMIT_MODEL

_TOLERANCE = 1e-9


def judge(evidence: Evidence) -> GateResult:
    return judge_schema(strategy_schema(evidence), evidence.judged)


def strategy_schema(evidence: Evidence) -> pa.DataFrameSchema:
    """Metrics are NULL only where no trade defines them."""
    grid, sessions = evidence.catalogue.grid, evidence.catalogue.sessions_of(evidence.symbol)
    validation = evidence.catalogue.research.validation
    size = len(sessions.labels) * grid.combinations * len(grid.filters)
    amount = column("float64", at_least(0), nullable=True)
    number = column("float64", nullable=True)
    return pa.DataFrameSchema(
        {
            "strategy_id": pa.Column(
                str, pa.Check.str_startswith(f"{evidence.symbol}_", n_failure_cases=3), unique=True
            ),
            "instrument": column("category", all_equal(evidence.symbol)),
            "orb_label": column("category", one_of(*sessions.labels)),
            "orb_minutes": column("int64", all_equal(grid.orb_minutes)),
            "rr_target": column("float64", one_of(*grid.rr_targets)),
            "confirm_bars": column("int64", one_of(*grid.confirm_bars)),
            "entry_model": column("category", one_of(*grid.entry_models)),
            "filter_type": column("category", one_of(*grid.filters)),
            "sample_size": column("int64", at_least(0)),
            "win_rate": column("float64", between(0, 1), nullable=True),
            "avg_win_r": amount,
            "avg_loss_r": amount,
            "expectancy_r": number,
            "sharpe_ratio": number,
            "sharpe_ann": number,
            "max_drawdown_r": amount,
            "median_risk_points": amount,
            "avg_risk_points": amount,
            "yearly_results": column(None),
            "stressed_expectancy_r": number,
            "classification": column("category", one_of("CORE", "REGIME", "INVALID")),
            "through_sample_size": column(None, at_least(0), nullable=True),
            "through_expectancy_r": number,
            "validation_status": column("category", one_of(PASSED, REJECTED)),
            "validation_phase": column(
                "category", one_of(*(phase.name for phase in phases(validation))), nullable=True
            ),
            "validation_notes": column(None, nullable=True),
        },
        checks=[
            rule(f"the whole grid: {size:,} strategies", lambda rows: len(rows) == size),
            rule("metrics wherever there are trades", _metrics_where_traded),
            rule("expectancy is win_rate * avg_win_r - (1 - win_rate) * avg_loss_r", _expectancy_agrees),
            *through_rules(),
            rule("trades through the limit are counted for E3", _counted_for_limits),
            rule("a phase exactly where it was rejected", _phase_where_rejected),
            rule("what passed earns something, stressed too", _passing_earns),
        ],
    )


def _metrics_where_traded(rows: Frame) -> pd.Series[bool]:
    metrics = rows[["win_rate", "avg_win_r", "avg_loss_r", "expectancy_r", "stressed_expectancy_r", "avg_risk_points"]]
    return metrics.notna().all(axis=1) | (rows["sample_size"] == 0)


def _expectancy_agrees(rows: Frame) -> pd.Series[bool]:
    expected = rows["win_rate"] * rows["avg_win_r"] - (1 - rows["win_rate"]) * rows["avg_loss_r"]
    return ((rows["expectancy_r"] - expected).abs() < _TOLERANCE) | (rows["sample_size"] == 0)


def _counted_for_limits(rows: Frame) -> pd.Series[bool]:
    return rows["through_sample_size"].notna() == (rows["entry_model"] == LIMIT_MODEL)


def _phase_where_rejected(rows: Frame) -> pd.Series[bool]:
    return rows["validation_phase"].notna() == (rows["validation_status"] == REJECTED)


def _passing_earns(rows: Frame) -> pd.Series[bool]:
    earns = (rows["expectancy_r"] > 0) & (rows["stressed_expectancy_r"] > 0)
    return earns | (rows["validation_status"] != PASSED)
