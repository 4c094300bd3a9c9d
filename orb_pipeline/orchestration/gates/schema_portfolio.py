"""Schema of `portfolio_strategies`: one account's members."""

from __future__ import annotations

import pandera.pandas as pa

from orb_pipeline.orchestration.gates.base import Evidence, GateResult
from orb_pipeline.orchestration.gates.schemas import (
    above,
    all_equal,
    at_least,
    between,
    column,
    judge_schema,
    one_of,
    rule,
)


def judge(evidence: Evidence) -> GateResult:
    members, selection = evidence.judged, evidence.catalogue.portfolio.selection
    if members.empty:
        return GateResult(True, "0 members: nothing was selected, nothing to check.", {"rows": 0})
    catalogue = evidence.catalogue
    labels = {(symbol, label) for symbol in catalogue.instruments for label in catalogue.sessions_of(symbol).labels}
    schema = pa.DataFrameSchema(
        {
            "account": column(None, all_equal(evidence.scope)),
            "instrument": column(None, one_of(*catalogue.instruments)),
            "orb_minutes": column("int64", all_equal(catalogue.grid.orb_minutes)),
            "entry_model": column(None, one_of(*catalogue.grid.entry_models)),
            "rr_target": column("float64", one_of(*catalogue.grid.rr_targets)),
            "confirm_bars": column("int64", one_of(*catalogue.grid.confirm_bars)),
            "filter_type": column(None, one_of(*catalogue.grid.filters)),
            "weight": column("float64", above(0), between(0, 1)),
            "max_contracts": column("int64", all_equal(evidence.account.max_contracts)),
            "expectancy_r": column("float64", above(selection.min_expectancy_r)),
            "win_rate": column("float64", between(0, 1)),
            "sample_size": column("int64", at_least(1)),
            "median_risk_points": column("float64", above(0)),
        },
        checks=[
            rule("one row a strategy", lambda rows: rows["strategy_id"].is_unique),
            rule("positions 1, 2, ...", lambda rows: rows["position"].tolist() == list(range(1, len(rows) + 1))),
            rule(f"at most {selection.max_strategies} members", lambda rows: len(rows) <= selection.max_strategies),
            rule(
                f"at most {selection.max_per_session} of one session",
                lambda rows: bool(
                    (rows.groupby(["instrument", "orb_label"]).size() <= selection.max_per_session).all()
                ),
            ),
            rule(
                "sessions of their instruments",
                lambda rows: labels.issuperset(zip(rows["instrument"], rows["orb_label"], strict=True)),
            ),
            rule("the largest weight is 1", lambda rows: rows["weight"].max() == 1.0),
        ],
    )
    return judge_schema(schema, members)
