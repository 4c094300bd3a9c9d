"""What the schema gates share: running a pandera schema and telling what it found, rule by rule."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from orb_pipeline.orchestration.gates.base import Fact, GateResult

Frame = pd.DataFrame
Rule = Callable[[Frame], "pd.Series[bool] | bool"]

_RULES_SHOWN = 5


def rule(name: str, holds: Rule) -> pa.Check:
    """A check of whole rows (or of the whole frame); `name` is the sentence that is reported when it does not hold."""
    return pa.Check(holds, name=name, error=name, ignore_na=False, n_failure_cases=3)


def column(kind: str | None, *checks: pa.Check, nullable: bool = False) -> pa.Column:
    return pa.Column(kind, checks=list(checks), nullable=nullable)


def at_least(least: float) -> pa.Check:
    return pa.Check.ge(least, n_failure_cases=3)


def above(bound: float) -> pa.Check:
    return pa.Check.gt(bound, n_failure_cases=3)


def between(least: float, most: float) -> pa.Check:
    return pa.Check.in_range(least, most, n_failure_cases=3)


def one_of(*values: object) -> pa.Check:
    """Allowed values. On a categorical its categories are looked at, not each row."""
    allowed = set(values)

    def holds(series: pd.Series) -> bool:
        found = series.cat.remove_unused_categories().cat.categories if series.dtype == "category" else series.dropna()
        return allowed.issuperset(found)

    return pa.Check(holds, error=f"only {', '.join(map(str, values))}")


def all_equal(value: object) -> pa.Check:
    return one_of(value)


def null_together(first: str, *others: str) -> pa.Check:
    """`others` are NULL exactly where `first` is."""

    def holds(frame: Frame) -> pd.Series[bool]:
        return frame[list(others)].isna().eq(frame[first].isna(), axis=0).all(axis=1)

    return rule(f"{', '.join(others)} NULL exactly where {first} is", holds)


def judge_schema(schema: pa.DataFrameSchema, frame: Frame) -> GateResult:
    """Validate all of `frame`; every broken rule is named, with up to three of the values that break it."""
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        broken = _broken_rules(errors.failure_cases)
        first = "; ".join(f"{where}: {what} (found {found})" for where, what, found in broken[:_RULES_SHOWN])
        facts: dict[str, Fact] = {
            "rows": len(frame),
            "broken_rules": pd.DataFrame(broken, columns=["column", "rule", "found"]),
        }
        return GateResult(False, f"{len(broken)} rules do not hold. {first}.", facts)
    rules = len(schema.columns) + len(schema.checks) + sum(len(item.checks) for item in schema.columns.values())
    return GateResult(True, f"{len(frame):,} rows, {rules} rules hold.", {"rows": len(frame), "rules": rules})


def _broken_rules(cases: Frame) -> list[tuple[str, str, str]]:
    """(column, rule, examples) of each rule that does not hold."""
    cases = cases.astype({"column": str, "check": str})
    return [
        (str(where), str(what), ", ".join(str(value) for value in found["failure_case"].unique()[:3]))
        for (where, what), found in cases.groupby(["column", "check"], sort=False)
    ]
