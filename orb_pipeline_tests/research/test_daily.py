"""The daily series against a slow reading of RULES.md section 9, day by day and strategy by strategy."""

from __future__ import annotations

import math
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.catalogue import Grid, Instrument, SessionSet
from orb_pipeline.errors import InputError
from orb_pipeline.research.daily import DailySeries, combine, daily_series
from orb_pipeline.research.discovery import strategy_id
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.outcomes import build_outcomes
from orb_pipeline.research.study import Study
from orb_pipeline.rules.bars import Bar
from orb_pipeline.rules.filters import is_eligible
from orb_pipeline_tests.properties.random_market import grids, random_bars
from orb_pipeline_tests.research.slice import gold_slice
from orb_pipeline_tests.series import CATALOGUE, MGC, series_of

NEW_YORK = SessionSet.model_validate(
    {"name": "night", "zone": "America/New_York", "sessions": {"one": "01:30", "two": "19:00"}}
)
Key = tuple[Any, ...]


def gold_series(strategies: pd.DataFrame) -> DailySeries:
    part = gold_slice()
    return daily_series(part.outcomes, part.features, strategies, part.study.instrument, part.study.grid)


@cache
def whole_gold_series() -> DailySeries:
    return gold_series(gold_slice().strategies)


def results_of(outcomes: pa.Table) -> dict[Key, float | None]:
    names = ["trading_day", "orb_label", "entry_model", "confirm_bars", "rr_target", "pnl_r"]
    rows = outcomes.select(names).to_pandas(date_as_object=False).itertuples(index=False)
    return {tuple(row[:-1]): None if math.isnan(row[-1]) else row[-1] for row in rows}


@cache
def gold_results() -> dict[Key, float | None]:
    return results_of(gold_slice().outcomes)


def slow_day(
    day: pd.Timestamp,
    strategy: Any,
    sessions: dict[Key, Any],
    results: dict[Key, float | None],
    instrument: Instrument,
) -> tuple[float, bool]:
    """Section 9 for one strategy on one day: its R, and whether it traded."""
    session = sessions.get((day, strategy.orb_label))
    if session is None or math.isnan(session.orb_size):
        return math.nan, False
    has_broken = isinstance(session.break_dir, str)
    if strategy.filter_type == "VOL_RV12_N20" and not has_broken:
        return math.nan, False
    relative = None if math.isnan(session.rel_volume) else session.rel_volume
    if not is_eligible(strategy.filter_type, instrument, round(session.orb_size / float(instrument.tick)), relative):
        return math.nan, False
    key = (day, strategy.orb_label, strategy.entry_model, strategy.confirm_bars, strategy.rr_target)
    result = results[key] if has_broken else None
    return (0.0, False) if result is None else (result, True)


def assert_is_the_slow_reading(
    daily: DailySeries,
    features: pd.DataFrame,
    results: dict[Key, float | None],
    strategies: pd.DataFrame,
    instrument: Instrument,
) -> None:
    sessions = {(row.trading_day, row.orb_label): row for row in features.itertuples(index=False)}
    assert daily.pnl_r.index.tolist() == sorted(features["trading_day"].unique())
    for strategy in strategies.itertuples(index=False):
        expected = [slow_day(day, strategy, sessions, results, instrument) for day in daily.pnl_r.index]
        assert np.array_equal(daily.pnl_r[strategy.strategy_id], [result for result, _ in expected], equal_nan=True)
        assert daily.traded[strategy.strategy_id].tolist() == [traded for _, traded in expected]


@settings(max_examples=25)
@given(st.lists(st.integers(0, 7019), min_size=1, max_size=12, unique=True))
def test_any_strategies_of_the_grid_have_the_series_of_the_slow_reading_in_the_order_asked(places: list[int]) -> None:
    part = gold_slice()
    strategies = part.strategies.iloc[places]
    daily = gold_series(strategies)
    assert daily.pnl_r.columns.tolist() == daily.traded.columns.tolist() == strategies["strategy_id"].tolist()
    assert_is_the_slow_reading(daily, part.features, gold_results(), strategies, part.study.instrument)


@pytest.mark.parametrize("entry_model", ["E1", "E2", "E3"])
def test_a_volume_filter_is_eligible_on_breaks_of_enough_volume_only(entry_model: str) -> None:
    part = gold_slice()
    chosen = part.strategies.query("filter_type == 'VOL_RV12_N20' and rr_target == 2 and confirm_bars == 2")
    chosen = chosen[chosen["entry_model"] == entry_model]
    daily = gold_series(chosen)
    assert_is_the_slow_reading(daily, part.features, gold_results(), chosen, part.study.instrument)
    assert daily.pnl_r.notna().any(axis=None)
    assert daily.pnl_r.isna().any(axis=None)


@settings(max_examples=60)
@given(random_bars(), grids(), st.data())
def test_random_days_have_the_series_of_the_slow_reading(bars: list[Bar], grid: Grid, data: st.DataObject) -> None:
    study = Study(series_of(bars, NEW_YORK.zone), MGC, NEW_YORK, grid)
    features = build_daily_features(study)
    outcomes = build_outcomes(study, features)
    every = grid_strategies(grid, NEW_YORK)
    places = st.lists(st.integers(0, len(every) - 1), max_size=8, unique=True)
    strategies = every.iloc[data.draw(places)]
    daily = daily_series(outcomes, features, strategies, MGC, grid)
    assert_is_the_slow_reading(daily, features, results_of(outcomes), strategies, MGC)


def grid_strategies(grid: Grid, session_set: SessionSet) -> pd.DataFrame:
    names = ["orb_label", "entry_model", "rr_target", "confirm_bars", "filter_type"]
    axes = (session_set.labels, grid.entry_models, grid.rr_targets, grid.confirm_bars, grid.filters)
    frame = pd.DataFrame(list(product(*axes)), columns=names)
    return frame.assign(strategy_id=[strategy_id("MGC", *row) for row in frame.itertuples(index=False)])


def test_trades_and_expectancy_of_all_7020_strategies_are_those_of_discovery() -> None:
    strategies, daily = gold_slice().strategies, whole_gold_series()
    assert daily.traded.shape[1] == 7020
    assert daily.traded.sum().tolist() == strategies["sample_size"].tolist()
    means = daily.pnl_r.where(daily.traded).mean()
    assert np.allclose(means, strategies["expectancy_r"], rtol=0, atol=1e-12, equal_nan=True)
    assert daily.pnl_r.where(daily.traded).isna().equals(~daily.traded)


def test_an_eligible_day_without_a_trade_is_0_and_a_day_that_is_not_eligible_is_unknown() -> None:
    daily = whole_gold_series()
    assert daily.pnl_r.isna().any(axis=None)
    idle = daily.pnl_r.notna() & ~daily.traded
    assert idle.any(axis=None)
    assert np.all(daily.pnl_r.to_numpy()[idle.to_numpy()] == 0)


def test_rows_index_trading_days_and_are_called_so() -> None:
    index = whole_gold_series().pnl_r.index
    assert isinstance(index, pd.DatetimeIndex)
    assert index.name == "trading_day"
    assert index.is_monotonic_increasing
    assert index.is_unique


def test_tables_as_the_lake_returns_them_give_the_same_series() -> None:
    """Stored days are dates, and categories hold only what occurs."""
    part = gold_slice()
    chosen = part.strategies.iloc[::500]
    stored = part.features.assign(
        trading_day=part.features["trading_day"].astype("datetime64[ms]"),
        orb_label=part.features["orb_label"].cat.remove_unused_categories(),
    )
    categorical = chosen.astype(dict.fromkeys(["orb_label", "entry_model", "filter_type"], "category"))
    daily = daily_series(part.outcomes, stored, categorical, part.study.instrument, part.study.grid)
    pd.testing.assert_frame_equal(daily.pnl_r, gold_series(chosen).pnl_r)


def test_no_strategies_and_no_days_make_empty_series() -> None:
    part = gold_slice()
    assert gold_series(part.strategies.head(0)).pnl_r.shape == (len(whole_gold_series().pnl_r), 0)
    nothing = daily_series(
        part.outcomes.slice(0, 0), part.features.head(0), part.strategies, part.study.instrument, part.study.grid
    )
    assert nothing.pnl_r.shape == nothing.traded.shape == (0, 7020)


def test_a_session_that_never_occurred_has_no_eligible_day() -> None:
    strategies = gold_slice().strategies.head(1).assign(orb_label="1234")
    assert gold_series(strategies).pnl_r.isna().all(axis=None)


def test_outcomes_of_fewer_breaks_are_refused_as_stale() -> None:
    part = gold_slice()
    with pytest.raises(InputError, match=r"90 for each of the \d+ breaks in daily_features. One of them is stale"):
        daily_series(
            part.outcomes.slice(90), part.features, part.strategies.head(1), part.study.instrument, part.study.grid
        )


def test_outcomes_of_other_days_are_refused_as_stale_though_they_are_as_many() -> None:
    part = gold_slice()
    moved = part.features.assign(trading_day=part.features["trading_day"] + pd.Timedelta(days=1))
    with pytest.raises(InputError, match="One of them is stale"):
        daily_series(part.outcomes, moved, part.strategies.head(1), part.study.instrument, part.study.grid)


@pytest.mark.parametrize("change", [{"rr_target": 7.5}, {"filter_type": "ORB_G99"}, {"confirm_bars": 9}])
def test_a_strategy_that_the_grid_does_not_hold_is_refused_by_name(change: dict[str, Any]) -> None:
    strategies = gold_slice().strategies.head(1).assign(strategy_id="THE_ONE", **change)
    with pytest.raises(InputError, match="does not hold strategy THE_ONE"):
        gold_series(strategies)


def test_instruments_are_combined_over_the_days_of_any() -> None:
    days = pd.DatetimeIndex(["2026-01-05", "2026-01-06", "2026-01-07"], dtype="datetime64[s]", name="trading_day")
    gold = DailySeries(
        pd.DataFrame({"gold": [1.0, 0.0]}, index=days[:2]), pd.DataFrame({"gold": [True, False]}, index=days[:2])
    )
    nasdaq = DailySeries(
        pd.DataFrame({"nasdaq": [-1.0, 2.0]}, index=days[1:]), pd.DataFrame({"nasdaq": [True, True]}, index=days[1:])
    )
    both = combine([gold, nasdaq])
    pd.testing.assert_frame_equal(
        both.pnl_r, pd.DataFrame({"gold": [1.0, 0.0, np.nan], "nasdaq": [np.nan, -1.0, 2.0]}, index=days)
    )
    pd.testing.assert_frame_equal(
        both.traded, pd.DataFrame({"gold": [True, False, False], "nasdaq": [False, True, True]}, index=days)
    )


def test_no_instrument_combines_to_no_day_and_no_strategy() -> None:
    nothing = combine([])
    assert nothing.pnl_r.shape == nothing.traded.shape == (0, 0)
    assert nothing.pnl_r.index.name == "trading_day"


def test_the_grid_knows_where_each_combination_stands() -> None:
    grid = CATALOGUE.grid
    combinations = product(grid.entry_models, grid.confirm_bars, grid.rr_targets)
    assert [grid.place_of(*combination) for combination in combinations] == list(range(grid.combinations))
