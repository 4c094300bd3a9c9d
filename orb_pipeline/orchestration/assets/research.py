"""From bars to strategies: features of every session, outcomes of the whole grid, metrics and validation."""

import pandas as pd

from orb_pipeline.orchestration import pictures
from orb_pipeline.orchestration.assets.facts import HEAVY, Facts, research_asset
from orb_pipeline.orchestration.bench import InstrumentBench
from orb_pipeline.research.daily import daily_series
from orb_pipeline.research.discovery import Discovery
from orb_pipeline.research.evaluation import evaluate
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.outcomes import build_outcomes
from orb_pipeline.research.setups import ACTIVE, update_setups
from orb_pipeline.research.validation import fallen_by_phase

GROUP = "research"


@research_asset(group=GROUP, kinds={"parquet"}, deps=["bars_1m"])
def daily_features(work: InstrumentBench) -> Facts:
    """Opening range, break and relative volume of every session of every closed trading day."""
    work.read("bars_1m")
    features = build_daily_features(work.study())
    stored = work.write(features, span="trading_day").pandas()
    breaks = int(stored["break_dir"].notna().sum())
    return {"breaks": breaks, "ranges": pictures.ranges_by_session(stored)}


@research_asset(group=GROUP, kinds={"parquet", "numba"}, deps=["bars_1m", "trading_days", "daily_features"], pool=HEAVY)
def orb_outcomes(work: InstrumentBench) -> Facts:
    """The trade of every combination of the grid for every broken session."""
    _, _, features = work.read("bars_1m", "trading_days", "daily_features")  # no outcomes of days full of holes
    outcomes = build_outcomes(work.study(), features.pandas())
    stored = work.write(outcomes, span="trading_day")
    return {"by_entry_model": pictures.outcomes_by_entry_model(stored.pandas())}


@research_asset(
    group=GROUP,
    kinds={"parquet", "numba"},
    deps=["bars_1m", "trading_days", "daily_features", "orb_outcomes"],
    pool=HEAVY,
)
def experimental_strategies(work: InstrumentBench) -> Facts:
    """Every strategy of the grid with its metrics, the evidence against luck, and the phase that rejected it."""
    _, days, features, outcomes = work.read("bars_1m", "trading_days", "daily_features", "orb_outcomes")
    validation = work.research.validation
    discovery = Discovery.of(
        outcomes.arrow(),
        features.pandas(),
        days.pandas(),
        work.instrument,
        work.session_set,
        work.grid,
        validation,
        work.study().trades_through(),
    )
    daily = daily_series(outcomes.arrow(), features.pandas(), discovery.names(), work.instrument, work.grid)
    evaluation = evaluate([(discovery, daily)], validation)
    figures = evaluation.figures()
    work.write_beside("research_evidence", pd.DataFrame([{"instrument": work.symbol, **figures}]))
    stored = work.write(evaluation.strategies, span=None).pandas()
    new_trials = work.record_trials(stored["strategy_id"].tolist())
    funnel = pictures.table(fallen_by_phase(stored, validation))
    evidence = pictures.table(pd.DataFrame(figures.items(), columns=["figure", "value"]))
    return {
        "fallen_by_phase": funnel,
        "expectancy": pictures.expectancies(stored),
        "evidence": evidence,
        "new_trials": new_trials,
    }


@research_asset(group=GROUP, kinds={"duckdb"}, deps=["experimental_strategies"])
def validated_setups(work: InstrumentBench) -> Facts:
    """Strategies that passed every phase of validation; retired ones with the reason."""
    (strategies,) = work.read("experimental_strategies")
    stored = work.write_rows(
        lambda previous: update_setups(previous, strategies.pandas(), at=work.workshop.now(), simulated=work.simulated)
    ).pandas()
    active = int((stored["status"] == ACTIVE).sum())
    return {"active": active, "retired": len(stored) - active}
