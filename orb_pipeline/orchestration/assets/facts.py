"""What the assets have in common: how a bench is set up for a run, and how its work is told to Dagster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dagster as dg

from orb_pipeline.errors import OrbError
from orb_pipeline.orchestration import pictures
from orb_pipeline.orchestration.bench import Bench, building
from orb_pipeline.orchestration.gates import gates_of
from orb_pipeline.orchestration.verdicts import Verdict
from orb_pipeline.orchestration.workshop import Workshop

if TYPE_CHECKING:
    Result = dg.MaterializeResult[Any]
else:
    Result = dg.MaterializeResult  # Dagster reads return annotations and knows this one only without its parameter

OWNERS = ["team:research"]
HEAVY = "heavy"  # pool of the assets that keep a core or much memory busy
SIMULATED = "SIMULATED data"


def check_specs(asset: str) -> list[dg.AssetCheckSpec]:
    """The asset's gates as blocking checks."""
    return [
        dg.AssetCheckSpec(gate.check, asset=asset, description=gate.description, blocking=True)
        for gate in gates_of(asset)
    ]


@contextmanager
def bench(context: dg.AssetExecutionContext, workshop: Workshop) -> Iterator[Bench]:
    """The bench for this asset and partition. An error of ours becomes a failure that no retry repeats."""
    asset = context.asset_key.to_user_string()
    try:
        with building(workshop, asset, context.partition_key, context.run.run_id) as work:
            yield work
    except OrbError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error


def result(work: Bench, metadata: Mapping[str, Any]) -> Result:
    """What was written, its gates and the facts about it."""
    facts: dict[str, Any] = {
        "dagster/partition_row_count": work.rows,
        "dagster/column_schema": None if work.schema is None else pictures.columns(work.schema),
        "first": work.span[0],
        "last": work.span[1],
        "seconds": round(work.seconds, 3),
        "data": SIMULATED if work.simulated else "landed",
        "waivers": [str(waiver) for waiver in work.waivers] or None,
        **metadata,
    }
    return dg.MaterializeResult(
        metadata={name: value for name, value in facts.items() if value is not None},
        data_version=dg.DataVersion(work.content_hash) if work.content_hash else None,
        check_results=[_check_result(work, verdict) for verdict in work.verdicts],
    )


def _check_result(work: Bench, verdict: Verdict) -> dg.AssetCheckResult:
    facts = pictures.metadata_of(work.results[verdict.check].facts)
    waived = {"waiver": str(verdict.waiver)} if verdict.waiver else {}
    return dg.AssetCheckResult(
        check_name=verdict.check,
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity.WARN if verdict.waiver else dg.AssetCheckSeverity.ERROR,
        description=verdict.message,
        metadata={**facts, **waived},
    )
