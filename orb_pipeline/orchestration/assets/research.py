"""From bars to strategies: features of every session, outcomes of the whole grid, metrics and validation."""

import dagster as dg

from orb_pipeline.orchestration import pictures
from orb_pipeline.orchestration.assets.facts import HEAVY, OWNERS, Result, bench, check_specs, result
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.research.discovery import build_strategies
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.outcomes import build_outcomes
from orb_pipeline.research.setups import ACTIVE, update_setups
from orb_pipeline.research.validation import fallen_by_phase

GROUP = "research"


@dg.asset(
    key="daily_features",
    group_name=GROUP,
    owners=OWNERS,
    kinds={"parquet"},
    description="Opening range, break and relative volume of every session of every closed trading day.",
    deps=["bars_1m"],
    check_specs=check_specs("daily_features"),
)
def daily_features(context: dg.AssetExecutionContext, workshop: dg.ResourceParam[Workshop]) -> Result:
    with bench(context, workshop) as work:
        work.read("bars_1m")
        features = build_daily_features(work.study())
        stored = work.write(features, span="trading_day").pandas()
        breaks = int(stored["break_dir"].notna().sum())
        return result(work, {"breaks": breaks, "ranges": pictures.ranges_by_session(stored)})


@dg.asset(
    key="orb_outcomes",
    group_name=GROUP,
    owners=OWNERS,
    kinds={"parquet", "numba"},
    description="The trade of every combination of the grid for every broken session.",
    deps=["bars_1m", "trading_days", "daily_features"],
    pool=HEAVY,
    check_specs=check_specs("orb_outcomes"),
)
def orb_outcomes(context: dg.AssetExecutionContext, workshop: dg.ResourceParam[Workshop]) -> Result:
    with bench(context, workshop) as work:
        _, _, features = work.read("bars_1m", "trading_days", "daily_features")  # no outcomes of days full of holes
        outcomes = build_outcomes(work.study(), features.pandas())
        stored = work.write(outcomes, span="trading_day")
        return result(work, {"by_entry_model": pictures.outcomes_by_entry_model(stored.pandas())})


@dg.asset(
    key="experimental_strategies",
    group_name=GROUP,
    owners=OWNERS,
    kinds={"parquet"},
    description="Every strategy of the grid with its metrics and the phase of validation that rejected it.",
    deps=["trading_days", "daily_features", "orb_outcomes"],
    pool=HEAVY,
    check_specs=check_specs("experimental_strategies"),
)
def experimental_strategies(context: dg.AssetExecutionContext, workshop: dg.ResourceParam[Workshop]) -> Result:
    with bench(context, workshop) as work:
        days, features, outcomes = work.read("trading_days", "daily_features", "orb_outcomes")
        validation = work.research.validation
        strategies = build_strategies(
            outcomes.arrow(),
            features.pandas(),
            days.pandas(),
            work.instrument,
            work.session_set,
            work.grid,
            validation,
        )
        stored = work.write(strategies, span=None).pandas()
        funnel = pictures.table(fallen_by_phase(stored, validation))
        return result(work, {"fallen_by_phase": funnel, "expectancy": pictures.expectancies(stored)})


@dg.asset(
    key="validated_setups",
    group_name=GROUP,
    owners=OWNERS,
    kinds={"duckdb"},
    description="Strategies that passed every phase of validation; retired ones with the reason.",
    deps=["experimental_strategies"],
    check_specs=check_specs("validated_setups"),
)
def validated_setups(context: dg.AssetExecutionContext, workshop: dg.ResourceParam[Workshop]) -> Result:
    with bench(context, workshop) as work:
        (strategies,) = work.read("experimental_strategies")
        stored = work.write_setups(
            lambda previous: update_setups(previous, strategies.pandas(), at=workshop.now(), simulated=work.simulated)
        ).pandas()
        active = int((stored["status"] == ACTIVE).sum())
        return result(work, {"active": active, "retired": len(stored) - active})
