"""What the schema gates share: running a pandera schema and telling what it found, rule by rule."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from orb_pipeline.orchestration.gates.base import Fact, GateResult
from orb_pipeline.rules.entries import LIMIT_MODEL

Frame = pd.DataFrame
Rule = Callable[[Frame], "pd.Series[bool] | bool"]

_RULES_SHOWN = 5
_EXAMPLES = 3
_KEYS = ("ts_utc", "trading_day", "orb_label", "rr_target", "confirm_bars", "entry_model", "strategy_id")


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


def through_rules() -> list[pa.Check]:
    """What holds of an E3 strategy's trades where its limit fills by trade-through alone; others have none."""

    def never_more(frame: Frame) -> pd.Series[bool]:
        count = frame["through_sample_size"]
        return count.isna() | ((count <= frame["sample_size"]) & (frame["entry_model"] == LIMIT_MODEL))

    def mean_where_traded(frame: Frame) -> pd.Series[bool]:
        return frame["through_expectancy_r"].notna() == frame["through_sample_size"].gt(0).fillna(False)

    return [
        rule("trades through the limit are of E3, and no more than by a touch", never_more),
        rule("through_expectancy_r exactly where there are such trades", mean_where_traded),
    ]


def judge_schema(schema: pa.DataFrameSchema, frame: Frame) -> GateResult:
    """Validate all of `frame`; every broken rule is named, with up to three of the values that break it."""
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        broken = _broken_rules(errors.failure_cases, frame)
        first = "; ".join(
            f"{where}: {what}" + (f" ({found})" if found else "") for where, what, found in broken[:_RULES_SHOWN]
        )
        facts: dict[str, Fact] = {
            "rows": len(frame),
            "broken_rules": pd.DataFrame(broken, columns=["where", "rule", "found"]),
        }
        return GateResult(False, f"{_count(len(broken))} not hold. {first}.", facts)
    rules = len(schema.columns) + len(schema.checks) + sum(len(item.checks) for item in schema.columns.values())
    return GateResult(True, f"{len(frame):,} rows, {rules} rules hold.", {"rows": len(frame), "rules": rules})


def _count(rules: int) -> str:
    return "1 rule does" if rules == 1 else f"{rules} rules do"


def _broken_rules(cases: Frame, frame: Frame) -> list[tuple[str, str, str]]:
    """(column, rule, examples) of each rule that does not hold; for rules of whole rows the examples are their keys.

    Pandera reports a row once for each of its columns.
    """
    of_rows = cases["schema_context"] == "DataFrameSchema"
    cases = cases.assign(column=cases["column"].astype(object).where(~of_rows, "rows").fillna("rows"))
    broken = []
    for (where, what), found in cases.astype({"check": str}).groupby(["column", "check"], sort=False):
        if where == "rows":
            examples = [_key_of(frame, index) for index in found["index"].dropna().unique()[:_EXAMPLES]]
        else:
            examples = [str(value) for value in found["failure_case"].unique()[:_EXAMPLES]]
        broken.append((str(where), str(what), "; ".join(examples)))
    return broken


def _key_of(frame: Frame, index: float) -> str:
    row = frame.iloc[int(index)]
    return " ".join(str(row[name]) for name in _KEYS if name in frame.columns) or f"row {index}"
