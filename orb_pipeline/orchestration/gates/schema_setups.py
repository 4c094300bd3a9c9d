"""Schema of `validated_setups`: one instrument's rows, active and retired."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from orb_pipeline.orchestration.gates.base import Evidence, GateResult
from orb_pipeline.orchestration.gates.schemas import (
    Frame,
    above,
    all_equal,
    at_least,
    column,
    judge_schema,
    one_of,
    rule,
    through_rules,
)
from orb_pipeline.research.setups import ACTIVE, RETIRED
from orb_pipeline.research.validation import PASSED


def judge(evidence: Evidence) -> GateResult:
    setups = evidence.judged
    if setups.empty:
        return GateResult(True, "0 rows: nothing validated yet, nothing to check.", {"rows": 0})
    least = evidence.catalogue.research.validation.min_trades
    positive = column("float64", above(0))
    schema = pa.DataFrameSchema(
        {
            "strategy_id": column(None, pa.Check.str_startswith(f"{evidence.symbol}_", n_failure_cases=3)),
            "instrument": column(None, all_equal(evidence.symbol)),
            "sample_size": column("int64", above(0)),
            "expectancy_r": positive,
            "stressed_expectancy_r": positive,
            "avg_risk_points": positive,
            "max_drawdown_r": column("float64", at_least(0)),
            "validation_status": column(None, all_equal(PASSED)),
            "years_tested": column("int64", above(0)),
            "classification": column(None, one_of("CORE", "REGIME")),
            "status": column(None, one_of(ACTIVE, RETIRED)),
            "promoted_at": column("datetime64[us, UTC]"),
            "through_sample_size": column(None, at_least(0), nullable=True),
            "through_expectancy_r": column("float64", nullable=True),
        },
        checks=[
            rule("one row a strategy", lambda rows: rows["strategy_id"].is_unique),
            rule("date and reason exactly where it is retired", _retired_with_reason),
            *through_rules(),
            rule(
                "what is active passed the stress test",
                lambda rows: rows["stress_test_passed"] | (rows["status"] != ACTIVE),
            ),
            rule(
                f"what is active has {least} trades",
                lambda rows: (rows["sample_size"] >= least) | (rows["status"] != ACTIVE),
            ),
            rule("active exactly where the research passed it", lambda rows: _active(rows) == _passing(evidence)),
        ],
    )
    return judge_schema(schema, setups)


def _retired_with_reason(rows: Frame) -> pd.Series[bool]:
    retired = rows["status"] == RETIRED
    return (rows["retired_at"].notna() == retired) & (rows["retirement_reason"].notna() == retired)


def _active(rows: Frame) -> set[str]:
    return set(rows.loc[rows["status"] == ACTIVE, "strategy_id"])


def _passing(evidence: Evidence) -> set[str]:
    strategies = evidence.tables["experimental_strategies"].pandas()
    return set(strategies.loc[strategies["validation_status"] == PASSED, "strategy_id"])
