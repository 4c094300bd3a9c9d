"""What the assets have in common: how one is declared, how its bench is set up, how its work is told to Dagster."""

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
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

Facts = Mapping[str, Any]
Body = Callable[[Bench], Facts]
Recipe = Callable[[dg.PartitionsDefinition[str]], dg.AssetsDefinition]


def research_asset(
    *, group: str, kinds: set[str], deps: Sequence[str] = (), pool: str | None = None
) -> Callable[[Body], Recipe]:
    """Declare an asset: named like the function, described by its docstring, its gates blocking checks.

    The function works on the bench of one instrument and returns what is worth telling besides the common facts. It
    becomes a recipe, which makes the asset once the instruments are known: checks need the asset's partitions, too;
    without them the pages show the verdict on the instrument that ran last as everybody's.
    """

    def declare(body: Body) -> Recipe:
        def make(instruments: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
            @dg.asset(
                key=body.__name__,
                description=inspect.getdoc(body),
                group_name=group,
                owners=OWNERS,
                kinds=kinds,
                deps=deps,
                pool=pool,
                partitions_def=instruments,
                check_specs=_check_specs(body.__name__, instruments),
            )
            def asset(context: dg.AssetExecutionContext, workshop: dg.ResourceParam[Workshop]) -> Result:
                with _bench(context, workshop) as work:
                    return _result(work, body(work))

            return asset

        return make

    return declare


def _check_specs(asset: str, instruments: dg.PartitionsDefinition[str]) -> list[dg.AssetCheckSpec]:
    with warnings.catch_warnings():
        # Dagster calls partitioned checks a preview; the pin in setup.py holds until a release that does not.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(
                gate.check, asset=asset, description=gate.description, blocking=True, partitions_def=instruments
            )
            for gate in gates_of(asset)
        ]


@contextmanager
def _bench(context: dg.AssetExecutionContext, workshop: Workshop) -> Iterator[Bench]:
    """The bench for this asset and partition. An error of ours becomes a failure that no retry repeats."""
    asset = context.asset_key.to_user_string()
    try:
        with building(workshop, asset, context.partition_key, context.run.run_id) as work:
            yield work
    except OrbError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error


def _result(work: Bench, metadata: Facts) -> Result:
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
