"""Metrics of the grid against a slow reading of RULES.md section 7, on a real slice."""

from __future__ import annotations

import datetime as dt
import json
import math
import statistics
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from orb_pipeline.errors import InputError
from orb_pipeline.research.discovery import Discovery, strategy_id
from orb_pipeline.research.outcomes import outcomes_table
from orb_pipeline.research.study import Study
from orb_pipeline.rules.filters import is_eligible
from orb_pipeline_tests.research.slice import gold_slice
from orb_pipeline_tests.series import CATALOGUE


def test_the_grid_has_7020_strategies_with_names_of_their_own() -> None:
    strategies = gold_slice().strategies
    assert len(strategies) == 7020
    assert strategies["strategy_id"].is_unique


def test_a_strategy_id_has_its_target_with_one_decimal() -> None:
    assert strategy_id("MGC", "0900", "E1", 2.5, 2, "ORB_G4") == "MGC_0900_E1_RR2.5_CB2_ORB_G4"
    assert strategy_id("MGC", "0030", "E3", 1, 5, "NO_FILTER") == "MGC_0030_E3_RR1.0_CB5_NO_FILTER"


def slow_metrics(trades: pd.DataFrame, span_years: float, point_value: float, friction: float) -> dict[str, Any]:
    """Section 7, sentence by sentence, over the filled trades of one strategy in order of time."""
    results = trades["pnl_r"].tolist()
    wins = [result for result in results if result > 0]
    losses = [result for result in results if result <= 0]
    risks = (trades["entry_price"] - trades["stop_price"]).abs().round(3).tolist()
    stressed = []
    cumulative, peak, drawdown = 0.0, 0.0, 0.0
    for result, risk in zip(results, risks, strict=True):
        cumulative += result
        peak = max(peak, cumulative)
        drawdown = max(drawdown, peak - cumulative)
        points = (result * (risk * point_value + friction) + friction) / point_value
        stressed.append((points * point_value - 1.5 * friction) / (risk * point_value + 1.5 * friction))
    std = statistics.stdev(results) if len(results) > 1 else 0.0
    sharpe = statistics.fmean(results) / std if std > 0 else None
    return {
        "sample_size": len(results),
        "win_rate": len(wins) / len(results),
        "avg_win_r": statistics.fmean(wins) if wins else 0.0,
        "avg_loss_r": -statistics.fmean(losses) if losses else 0.0,
        "expectancy_r": statistics.fmean(results),
        "sharpe_ratio": sharpe,
        "sharpe_ann": sharpe * math.sqrt(len(results) / span_years) if sharpe is not None else None,
        "max_drawdown_r": drawdown,
        "median_risk_points": statistics.median(risks),
        "avg_risk_points": statistics.fmean(risks),
        "stressed_expectancy_r": statistics.fmean(stressed),
    }


def trades_of(strategy: Any, table: pa.Table | None = None) -> pd.DataFrame:
    """Filled trades on eligible days of one strategy, found by joining outcomes (or `table`) and features."""
    part = gold_slice()
    outcomes = (part.outcomes if table is None else table).to_pandas(date_as_object=False)
    names = ["orb_label", "rr_target", "confirm_bars", "entry_model"]
    for name in names:
        outcomes = outcomes[outcomes[name] == getattr(strategy, name)]
    joined = outcomes.merge(part.features, on=["trading_day", "orb_label"], how="left")
    range_ticks = (joined["orb_size"] / float(part.study.instrument.tick)).round().astype(int)
    relative = joined["rel_volume"].astype(object).where(joined["rel_volume"].notna(), None)
    pairs = zip(range_ticks, relative, strict=True)
    eligible = [is_eligible(strategy.filter_type, part.study.instrument, ticks, volume) for ticks, volume in pairs]
    return joined[np.array(eligible, dtype=bool) & joined["entry_ts"].notna()].sort_values("trading_day")


def test_metrics_of_sampled_strategies_equal_the_slow_reading() -> None:
    part = gold_slice()
    days = part.trading_days["trading_day"]
    span_years = (days.max() - days.min()).days / 365.25
    compared = 0
    for strategy in part.strategies.iloc[::23].itertuples():
        trades = trades_of(strategy)
        assert strategy.sample_size == len(trades)
        if trades.empty:
            assert math.isnan(strategy.expectancy_r)
            continue
        expected = slow_metrics(trades, span_years, part.study.instrument.point_value, part.study.instrument.friction)
        for name, value in expected.items():
            found = getattr(strategy, name)
            assert math.isnan(found) if value is None else found == pytest.approx(value, rel=1e-9, abs=1e-9), name
        [(year, result)] = json.loads(strategy.yearly_results).items()
        assert (year, result["trades"], result["avg_r"]) == ("2026", len(trades), pytest.approx(strategy.expectancy_r))
        compared += 1
    assert compared > 150


def study_of(*entry_models: str) -> Study:
    """The slice with a grid of these entry models."""
    study = gold_slice().study
    return replace(study, grid=study.grid.model_copy(update={"entry_models": entry_models}))


@pytest.mark.parametrize("span", [(None, None), (dt.date(2026, 1, 20), dt.date(2026, 2, 27))])
def test_e3_has_the_figures_of_its_trades_through_the_limit_beside_those_of_a_touch(
    span: tuple[dt.date | None, dt.date | None],
) -> None:
    part = gold_slice()
    first, last = (pd.Timestamp(day) for day in span) if span[0] else (pd.Timestamp.min, pd.Timestamp.max)
    limits = study_of("E3")
    through = limits.trades(through_ticks=5_000)  # five points: spot gold seldom touches a price and stays
    table, fewer = outcomes_table(limits, through), 0
    settings = (part.study.instrument, part.study.session_set, part.study.grid, CATALOGUE.research.validation)
    discovery = Discovery.of(part.outcomes, part.features, part.trading_days, *settings, through)
    strategies = discovery.strategies(*span)
    for strategy in strategies[strategies["entry_model"] == "E3"].iloc[::29].itertuples():
        trades = trades_of(strategy, table)
        trades = trades[trades["trading_day"].between(first, last)]
        assert strategy.through_sample_size == len(trades)
        assert strategy.through_expectancy_r == pytest.approx(trades["pnl_r"].mean(), nan_ok=True)
        fewer += strategy.through_sample_size < strategy.sample_size
    assert fewer > 5


def test_other_entry_models_have_no_such_figures_and_without_the_trades_nobody_has() -> None:
    part = gold_slice()
    columns = ["through_sample_size", "through_expectancy_r"]
    others = part.strategies["entry_model"] != "E3"
    assert part.strategies.loc[others, columns].isna().all(axis=None)
    settings = (part.study.instrument, part.study.session_set, part.study.grid, CATALOGUE.research.validation)
    without = Discovery.of(part.outcomes, part.features, part.trading_days, *settings).strategies()
    assert without[columns].isna().all(axis=None)
    pd.testing.assert_frame_equal(without.drop(columns=columns), part.strategies.drop(columns=columns))


def test_trades_of_other_bars_are_refused() -> None:
    part = gold_slice()
    through = part.study.trades_through()
    assert through is not None
    settings = (part.study.instrument, part.study.session_set, part.study.grid, CATALOGUE.research.validation)
    with pytest.raises(InputError, match=r"bars_1m of XAUUSD give 30 outcomes, expected 30 for each of the"):
        Discovery.of(part.outcomes, part.features, part.trading_days, *settings, through[:1]).strategies()


def test_trades_through_the_limit_are_those_of_e3_by_one_tick_and_none_without_e3() -> None:
    through = gold_slice().study.trades_through()
    assert through is not None
    assert np.array_equal(through, study_of("E3").trades(through_ticks=1))
    assert study_of("E1", "E2").trades_through() is None


def test_expectancy_is_win_rate_times_average_win_less_the_rest_times_average_loss() -> None:
    traded = gold_slice().strategies.query("sample_size > 0")
    composed = traded["win_rate"] * traded["avg_win_r"] - (1 - traded["win_rate"]) * traded["avg_loss_r"]
    assert np.allclose(traded["expectancy_r"], composed, rtol=0, atol=1e-12)


def test_classes_follow_the_number_of_trades() -> None:
    by_class = gold_slice().strategies.groupby("classification")["sample_size"].agg(["min", "max"])
    assert by_class.loc["INVALID", "max"] <= 29
    assert 30 <= by_class.loc["REGIME", "min"] <= by_class.loc["REGIME", "max"] <= 99


def test_outcomes_that_do_not_belong_to_the_features_are_refused() -> None:
    part = gold_slice()
    with pytest.raises(InputError, match=r"90 for each of the .* One of them is stale"):
        Discovery.of(
            part.outcomes.slice(0, 90),
            part.features,
            part.trading_days,
            part.study.instrument,
            part.study.session_set,
            part.study.grid,
            CATALOGUE.research.validation,
        ).strategies()


def test_a_session_that_never_occurred_has_its_strategies_all_the_same() -> None:
    """Stored categories hold only what occurs, so the sessions come from the set."""
    part = gold_slice()
    broken = part.features[part.features["break_dir"].notna()]
    of_first = part.features["orb_label"] == "0900"
    rows = np.repeat((broken["orb_label"] == "0900").to_numpy(), 90)
    strategies = Discovery.of(
        part.outcomes.filter(pa.array(rows)),
        part.features[of_first].assign(orb_label=part.features["orb_label"].cat.remove_unused_categories()),
        part.trading_days,
        part.study.instrument,
        part.study.session_set,
        part.study.grid,
        CATALOGUE.research.validation,
    ).strategies()
    assert len(strategies) == 7020
    assert strategies.loc[strategies["orb_label"] != "0900", "sample_size"].eq(0).all()
