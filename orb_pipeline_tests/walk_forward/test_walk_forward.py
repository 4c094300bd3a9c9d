"""No fold sees a day that lies behind it: an edge of the test year cannot be found, later data change nothing."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from orb_pipeline.catalogue import Account
from orb_pipeline.walk_forward.figures import Figures, drawdown, figures_of, oos_is_ratio, pooled
from orb_pipeline.walk_forward.market import Market, days_of, slice_of
from orb_pipeline.walk_forward.report import cumulative_band, folds_table, stitched, summary_table, trades_table
from orb_pipeline.walk_forward.run import FoldResult, run_fold, walk_forward
from orb_pipeline_tests.series import CATALOGUE
from orb_pipeline_tests.walk_forward.markets import RULES, bars_of, market_of

ACCOUNT: Account = CATALOGUE.account("25k")
SELECTION = CATALOGUE.portfolio.selection.model_copy(update={"min_overlap_days": 30})
START, END = dt.date(2022, 1, 3), dt.date(2022, 12, 30)


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    """A year with an edge."""
    return bars_of(START, END, 0.6)


@pytest.fixture(scope="module")
def results(bars: pd.DataFrame) -> list[FoldResult]:
    return walk_forward([market_of(bars)], ACCOUNT, RULES, SELECTION)


def same(one: FoldResult, other: FoldResult) -> None:
    """Everything that a fold found, selected and traded."""
    assert one.fold == other.fold
    pd.testing.assert_frame_equal(one.strategies, other.strategies)
    assert one.portfolio == other.portfolio
    pd.testing.assert_frame_equal(one.by_strategy, other.by_strategy)
    pd.testing.assert_frame_equal(one.entries, other.entries)
    assert (one.in_sample, one.out_of_sample) == (other.in_sample, other.out_of_sample)


def test_folds_find_and_select_where_there_is_an_edge(results: list[FoldResult]) -> None:
    assert len(results) == 3
    assert all(result.found > 0 and result.selected for result in results)
    assert all(len(result.entries) for result in results)


def test_a_fold_does_not_change_when_everything_after_its_test_is_cut_off(
    bars: pd.DataFrame, results: list[FoldResult]
) -> None:
    for result in results:
        end = pd.Timestamp(result.fold.test_end, tz="UTC") + pd.Timedelta(hours=23)
        cut = bars[bars["ts_utc"] < end].reset_index(drop=True)
        (*_, again) = walk_forward([market_of(cut)], ACCOUNT, RULES, SELECTION)
        same(result, again)


def test_a_fold_does_not_change_when_everything_after_its_test_is_altered(
    bars: pd.DataFrame, results: list[FoldResult]
) -> None:
    first = results[0]
    later = bars["ts_utc"] >= pd.Timestamp(first.fold.test_end, tz="UTC") + pd.Timedelta(hours=23)
    other = bars_of(START, END, 0.0, seed=9)
    altered = bars.copy()
    moved = altered.loc[later, ["open", "high", "low", "close"]] + 30.0
    altered.loc[later, ["open", "high", "low", "close"]] = moved.to_numpy()
    altered.loc[later, "volume"] = altered.loc[later, "volume"].to_numpy()[::-1]
    assert len(other)
    same(first, run_fold(first.fold, [market_of(altered)], ACCOUNT, SELECTION))


def test_an_edge_planted_in_the_test_alone_cannot_reach_selection(bars: pd.DataFrame) -> None:
    """What is found and selected is what luck finds on the same training days before any other test."""
    quiet, wild = bars_of(START, END, 0.0), bars
    folds = [result.fold for result in walk_forward([market_of(quiet)], ACCOUNT, RULES, SELECTION)]
    boundary = pd.Timestamp(folds[0].test_start, tz="UTC") - pd.Timedelta(hours=1)
    before, after = quiet[quiet["ts_utc"] < boundary], wild[wild["ts_utc"] >= boundary]
    planted = market_of(pd.concat([before, after], ignore_index=True))
    plain = run_fold(folds[0], [market_of(quiet)], ACCOUNT, SELECTION)
    with_edge = run_fold(folds[0], [planted], ACCOUNT, SELECTION)
    pd.testing.assert_frame_equal(with_edge.strategies, plain.strategies)
    assert with_edge.portfolio == plain.portfolio
    every = planted.discovery.names()["strategy_id"].tolist()
    tested, untouched = (
        figures_of(slice_of([market], every, folds[0].test_start, folds[0].test_end)).expectancy_r
        for market in (planted, market_of(quiet))
    )
    assert tested is not None and untouched is not None  # noqa: PT018
    assert tested > untouched + 0.05, "the planted edge is not there"


def test_training_figures_are_those_of_discovery_on_the_training_days(results: list[FoldResult]) -> None:
    for result in results:
        of_discovery = result.strategies.set_index("strategy_id")
        for name, row in result.by_strategy.iterrows():
            assert row["is_trades"] == of_discovery.loc[name, "sample_size"]
            assert row["is_expectancy_r"] == pytest.approx(of_discovery.loc[name, "expectancy_r"], abs=1e-12)


def test_out_of_sample_trades_lie_in_the_test_and_are_the_backtest_s(results: list[FoldResult]) -> None:
    for result in results:
        days = result.entries["trading_day"]
        assert days.between(result.fold.test_start, result.fold.test_end).all()
        passed = result.entries[result.entries["risk_check_passed"]]
        assert np.allclose(passed["pnl_r"], passed["unlimited_r"])


def test_two_instruments_are_walked_forward_as_one_portfolio(bars: pd.DataFrame) -> None:
    market = market_of(bars)
    assert days_of([market, market]) == days_of([market])
    (first, *_) = walk_forward([market], ACCOUNT, RULES, SELECTION)
    assert first.strategies["instrument"].unique().tolist() == ["MGC"]


def test_the_tables_tell_each_fold_and_the_whole(results: list[FoldResult]) -> None:
    folds, summary = folds_table(results), summary_table(results, 0.5)
    assert folds.groupby("fold").size().tolist() == [len(result.selected) for result in results]
    assert summary["fold"].tolist()[:-1] == [1, 2, 3]
    whole = summary.iloc[-1]
    assert pd.isna(whole["fold"])
    for name in ("is_trades", "oos_trades", "strategies_found", "account_trades"):
        assert whole[name] == summary[name].iloc[:-1].sum()
    weighted = (summary["oos_trades"] * summary["oos_expectancy_r"]).iloc[:-1].sum() / whole["oos_trades"]
    assert whole["oos_expectancy_r"] == pytest.approx(weighted)
    assert whole["oos_is_ratio"] == pytest.approx(whole["oos_expectancy_r"] / whole["is_expectancy_r"])
    assert summary["material_degradation"].tolist() == (summary["oos_is_ratio"] <= 0.5).tolist()
    assert len(trades_table(results)) == sum(len(result.entries) for result in results)


@pytest.mark.parametrize(("ratio", "degraded"), [(0.49, True), (0.5, True), (0.51, False)])
def test_half_of_the_promise_or_less_is_material_degradation(ratio: float, degraded: bool) -> None:
    promised = Figures(100, 0.2, 0.5, 5.0, 20.0)
    made = Figures(50, 0.2 * ratio, 0.4, 5.0, 10.0 * ratio)
    assert (oos_is_ratio(promised, made) or 0.0) == pytest.approx(ratio)
    assert ((oos_is_ratio(promised, made) or 0.0) <= 0.5) is degraded


def test_nothing_out_of_sample_or_nothing_promised_has_no_ratio() -> None:
    none, some = Figures(0, None, None, 0.0, 0.0), Figures(10, 0.1, 0.5, 1.0, 1.0)
    assert oos_is_ratio(some, none) is None
    assert oos_is_ratio(none, some) is None
    assert oos_is_ratio(Figures(10, -0.1, 0.5, 1.0, -1.0), some) is None
    assert oos_is_ratio(Figures(10, 0.0, 0.5, 1.0, 0.0), some) is None
    assert pooled([none, none]) == none


def test_without_an_edge_next_to_nothing_is_found_and_nothing_is_kept() -> None:
    results = walk_forward([market_of(bars_of(START, END, 0.0))], ACCOUNT, RULES, SELECTION)
    whole = summary_table(results, 0.5).iloc[-1]
    assert whole["strategies_found"] < 0.05 * whole["strategies_tried"]
    assert pd.isna(whole["oos_is_ratio"]) or whole["oos_is_ratio"] < 0.5


def test_the_band_encloses_most_of_the_curve_and_is_the_same_every_time(results: list[FoldResult]) -> None:
    daily = stitched(results)
    band = cumulative_band(daily)
    assert band["cumulative_r"].iloc[-1] == pytest.approx(sum(result.entries["pnl_r"].sum() for result in results))
    assert (band["low"] <= band["high"]).all()
    pd.testing.assert_frame_equal(band, cumulative_band(daily))
    assert cumulative_band(daily.head(5))["low"].isna().all()


def test_drawdown_is_the_deepest_fall_below_the_high_from_zero() -> None:
    assert drawdown(np.array([1.0, -3.0, 1.0, 5.0, -2.0])) == 3.0
    assert drawdown(np.array([-2.0, 1.0])) == 2.0
    assert drawdown(np.array([])) == 0.0


def test_a_market_s_series_are_shared_by_all_folds(bars: pd.DataFrame) -> None:
    market: Market = market_of(bars)
    part = slice_of([market], market.discovery.names()["strategy_id"].tolist()[:5], START, END)
    assert part.pnl_r.shape == (len(days_of([market])), 5)
