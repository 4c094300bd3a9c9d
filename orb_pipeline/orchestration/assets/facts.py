"""What the assets have in common: how one is declared, how its bench is set up, how its work is told to Dagster."""

import datetime as dt
import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import dagster as dg

from orb_pipeline.errors import OrbError
from orb_pipeline.orchestration import pictures
from orb_pipeline.orchestration.bench import AccountBench, Bench, InstrumentBench, building
from orb_pipeline.orchestration.gates import gates_of
from orb_pipeline.orchestration.scope import ACCOUNT_TAG
from orb_pipeline.orchestration.verdicts import Verdict
from orb_pipeline.orchestration.workshop import Workshop

if TYPE_CHECKING:
    Result = dg.MaterializeResult[Any]
else:
    Result = dg.MaterializeResult  # Dagster reads return annotations and knows this one only without its parameter

OWNERS = ["team:research"]
HEAVY = "heavy"  # pool of the assets that keep a core or much memory busy
SIMULATED = "SIMULATED data"

# The trading days from Monday to Friday close at 09:00 Brisbane of the next date, and the nightly run follows.
AFTER_EACH_TRADING_DAY = dg.FreshnessPolicy.cron(
    deadline_cron="0 11 * * 2-6", lower_bound_delta=dt.timedelta(hours=2), timezone="Australia/Brisbane"
)

Facts = Mapping[str, Any]
Partitions = dg.PartitionsDefinition[str]
Recipe = Callable[[Partitions], dg.AssetsDefinition]
AnyBench = TypeVar("AnyBench", bound=Bench)


def research_asset(
    *,
    group: str,
    kinds: set[str],
    deps: Sequence[str] = (),
    pool: str | None = None,
    freshness: dg.FreshnessPolicy | None = None,
) -> Callable[[Callable[[InstrumentBench], Facts]], Recipe]:
    """Declare an asset of instruments: named like the function, described by its docstring, its gates blocking checks.

    The function works on the bench of one instrument and returns what is worth telling besides the common facts. It
    becomes a recipe, which makes the asset once the instruments are known: checks need the asset's partitions, too;
    without them the pages show the verdict on the instrument that ran last as everybody's.
    """

    def declare(body: Callable[[InstrumentBench], Facts]) -> Recipe:
        def make(instruments: Partitions) -> dg.AssetsDefinition:
            return _asset(
                body,
                _instrument_bench,
                instruments,
                group=group,
                kinds=kinds,
                deps=deps,
                pool=pool,
                freshness=freshness,
            )

        return make

    return declare


def account_asset(
    *,
    group: str,
    kinds: set[str],
    deps: Sequence[str] = (),
    pool: str | None = None,
    freshness: dg.FreshnessPolicy | None = None,
) -> Callable[[Callable[[AccountBench], Facts]], dg.AssetsDefinition]:
    """Declare an asset of accounts likewise. The function works on the bench of the account that the run names.

    An account is no partition: one run builds one account, the one that its tag names, or the default one.
    """

    def declare(body: Callable[[AccountBench], Facts]) -> dg.AssetsDefinition:
        return _asset(body, _account_bench, None, group=group, kinds=kinds, deps=deps, pool=pool, freshness=freshness)

    return declare


def _asset(
    body: Callable[[AnyBench], Facts],
    bench: Callable[[dg.AssetExecutionContext, Workshop], AnyBench],
    partitions: Partitions | None,
    *,
    group: str,
    kinds: set[str],
    deps: Sequence[str],
    pool: str | None,
    freshness: dg.FreshnessPolicy | None,
) -> dg.AssetsDefinition:
    """The asset that `body` builds at the bench which a run's context names."""

    @dg.asset(
        key=body.__name__,
        description=inspect.getdoc(body),
        group_name=group,
        owners=OWNERS,
        kinds=kinds,
        deps=deps,
        pool=pool,
        partitions_def=partitions,
        freshness_policy=freshness,
        check_specs=_check_specs(body.__name__, partitions),
    )
    def asset(context: dg.AssetExecutionContext, workshop: dg.ResourceParam[Workshop]) -> Result:
        with _failing_for_good(), building(bench(context, workshop)) as work:
            return _result(work, body(work), partitioned=partitions is not None)

    return asset


def _check_specs(asset: str, partitions: Partitions | None) -> list[dg.AssetCheckSpec]:
    with warnings.catch_warnings():
        # Dagster calls partitioned checks a preview; the pin in setup.py holds until a release that does not.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(
                gate.check, asset=asset, description=gate.description, blocking=True, partitions_def=partitions
            )
            for gate in gates_of(asset)
        ]


def _instrument_bench(context: dg.AssetExecutionContext, workshop: Workshop) -> InstrumentBench:
    return InstrumentBench(workshop, context.asset_key.to_user_string(), context.partition_key, context.run.run_id)


def _account_bench(context: dg.AssetExecutionContext, workshop: Workshop) -> AccountBench:
    account = workshop.catalogue.account(context.run.tags.get(ACCOUNT_TAG)).account
    return AccountBench(workshop, context.asset_key.to_user_string(), account, context.run.run_id)


@contextmanager
def _failing_for_good() -> Iterator[None]:
    """An error of ours becomes a failure that no retry repeats."""
    try:
        yield
    except OrbError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error


def _result(work: Bench, metadata: Facts, *, partitioned: bool) -> Result:
    """What was written, its gates and the facts about it. A scope that is no partition is told as a fact."""
    facts: dict[str, Any] = {
        "account": None if partitioned else work.scope,
        "dagster/partition_row_count" if partitioned else "dagster/row_count": work.rows,
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
