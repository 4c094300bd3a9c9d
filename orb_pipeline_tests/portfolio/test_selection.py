"""Who is taken into a portfolio, who is not, and what each is told."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from orb_pipeline.errors import InputError
from orb_pipeline.portfolio.selection import Selected, build_portfolio
from orb_pipeline_tests.portfolio.examples import ACCOUNT, daily_of, daily_with, frame, members, selection, setup

Pairs = Mapping[tuple[str, str], float]


def select(
    setups: Sequence[dict[str, Any]], pairs: Pairs | None = None, *, unknown: Sequence[str] = (), **changes: Any
) -> Selected:
    daily = daily_with([row["strategy_id"] for row in setups], pairs, unknown=unknown)
    return build_portfolio(frame(setups), daily, ACCOUNT, selection(**{"min_entry_models": 1} | changes))


def row_of(selected: Selected, strategy_id: str) -> Any:
    [row] = selected.candidates[selected.candidates["strategy_id"] == strategy_id].itertuples(index=False)
    return row


# Threshold and ranking


def test_an_expectancy_at_the_threshold_is_not_above_it() -> None:
    selected = select([setup("a", 0.1001), setup("b", 0.10)])
    assert members(selected) == ["a"]
    row = row_of(selected, "b")
    assert (row.taken, row.reason, row.clashes_with) == (False, "expectancy", None)
    assert math.isnan(row.correlation)
    assert row.note == "its expectancy of 0.100 R is not above 0.1 R"


def test_candidates_are_ranked_by_expectancy() -> None:
    assert members(select([setup("a", 0.2), setup("b", 0.4), setup("c", 0.3)])) == ["b", "c", "a"]


def test_within_a_hundredth_of_an_r_the_larger_sample_comes_first_then_the_name() -> None:
    rows = [
        setup("d", 0.204, sample_size=100),
        setup("c", 0.204, sample_size=100),
        setup("b", 0.196, sample_size=900),
        setup("a", 0.206, sample_size=10),
    ]
    assert members(select(rows)) == ["a", "b", "c", "d"]


def test_ranks_count_every_active_setup_and_positions_the_members() -> None:
    candidates = select([setup("a", 0.3), setup("b", 0.2), setup("c", 0.05)], max_strategies=1).candidates
    assert candidates["strategy_id"].tolist() == ["a", "b", "c"]
    assert candidates["rank"].tolist() == [1, 2, 3]
    assert candidates["position"].tolist() == [1, pd.NA, pd.NA]
    assert candidates["reason"].tolist() == [None, "portfolio_full", "expectancy"]


def test_retired_setups_are_no_candidates() -> None:
    selected = select([setup("a"), setup("b", 0.9, status="retired")])
    assert members(selected) == ["a"]
    assert selected.candidates["strategy_id"].tolist() == ["a"]


# Limits of count and session


def test_a_full_portfolio_is_the_reason_where_nothing_else_is() -> None:
    row = row_of(select([setup("a", 0.3), setup("b", 0.2)], max_strategies=1), "b")
    assert (row.reason, row.clashes_with) == ("portfolio_full", None)
    assert row.note == "the portfolio is full at 1"


def test_a_full_session_names_its_lowest_ranked_member() -> None:
    rows = [setup(name, 0.5 - place / 100, "0900") for place, name in enumerate("abcde")]
    selected = select(rows, max_per_session=4)
    assert members(selected) == ["a", "b", "c", "d"]
    row = row_of(selected, "e")
    assert (row.reason, row.clashes_with) == ("session_full", "d")
    assert row.note == "session 0900 of MGC is full at 4, the lowest-ranked being d"


def test_sessions_of_two_instruments_are_two_sessions() -> None:
    rows = [setup("a", 0.3, "0900"), setup("b", 0.2, "0900", instrument="MNQ")]
    selected = select(rows, max_per_session=1)
    assert members(selected) == ["a", "b"]
    assert selected.portfolio.instruments == ("MGC", "MNQ")


# Correlation


def test_a_correlation_above_the_limit_is_told_with_the_nearest_member_and_its_value() -> None:
    rows = [setup("a", 0.4), setup("b", 0.3), setup("c", 0.2)]
    selected = select(rows, {("a", "c"): 0.86, ("b", "c"): 0.4})
    assert members(selected) == ["a", "b"]
    row = row_of(selected, "c")
    assert (row.reason, row.clashes_with, row.correlation) == ("correlation", "a", 0.86)
    assert row.note == "its daily R correlates 0.860 with that of a; at most 0.85 is allowed"


@pytest.mark.parametrize(("value", "is_taken"), [(0.85, True), (0.8501, False)])
def test_a_correlation_at_the_limit_is_allowed(value: float, is_taken: bool) -> None:
    assert row_of(select([setup("a", 0.4), setup("b", 0.3)], {("a", "b"): value}), "b").taken == is_taken


@pytest.mark.parametrize(("value", "expected"), [(0.5, ["a", "c"]), (0.4999, ["a", "b"])])
def test_a_correlation_of_the_preferred_one_is_not_below_it(value: float, expected: list[str]) -> None:
    rows = [setup("a", 0.4), setup("b", 0.3), setup("c", 0.2)]
    assert members(select(rows, {("a", "b"): value}, max_strategies=2)) == expected


def test_members_of_the_second_pass_stand_where_their_rank_puts_them() -> None:
    rows = [setup("a", 0.4), setup("b", 0.3), setup("c", 0.2)]
    selected = select(rows, {("a", "b"): 0.7}, max_strategies=3)
    assert members(selected) == ["a", "b", "c"]
    assert selected.candidates["position"].tolist() == [1, 2, 3]


def test_a_member_shows_its_highest_correlation_with_an_earlier_one() -> None:
    rows = [setup("a", 0.4), setup("b", 0.3), setup("c", 0.2)]
    selected = select(rows, {("a", "b"): 0.1, ("a", "c"): -0.2, ("b", "c"): 0.6})
    assert members(selected) == ["a", "b", "c"]
    assert selected.candidates["correlation"].tolist() == pytest.approx([math.nan, 0.1, 0.6], nan_ok=True)
    assert selected.candidates["reason"].tolist() == [None, None, None]
    assert selected.candidates["note"].tolist() == [
        "first of the portfolio",
        "its daily R correlates at most 0.100 with that of a member before it",
        "its daily R correlates at most 0.600 with that of a member before it",
    ]


def test_opposite_series_are_welcome() -> None:
    assert members(select([setup("a", 0.4), setup("b", 0.3)], {("a", "b"): -0.95})) == ["a", "b"]


def test_the_correlations_are_those_of_the_members_by_name() -> None:
    rows = [setup("a", 0.4), setup("b", 0.3), setup("c", 0.2)]
    found = select(rows, {("a", "b"): 0.9, ("a", "c"): 0.25}).correlations
    assert found.index.tolist() == found.columns.tolist() == ["a", "c"]
    assert found.to_numpy().tolist() == [[1.0, 0.25], [0.25, 1.0]]


# Unknown correlations


def test_an_unknown_correlation_in_the_same_session_keeps_out() -> None:
    rows = [setup("a", 0.4, "0900"), setup("b", 0.3, "0900")]
    row = row_of(select(rows, unknown=["b"]), "b")
    assert (row.reason, row.clashes_with) == ("unknown_correlation", "a")
    assert math.isnan(row.correlation)
    assert row.note.startswith("its correlation with a of the same session is unknown: fewer than 200 common days")


def test_an_unknown_correlation_with_another_session_is_allowed_after_the_preferred() -> None:
    rows = [setup("a", 0.4), setup("b", 0.3), setup("c", 0.2)]
    assert members(select(rows, unknown=["b"], max_strategies=2)) == ["a", "c"]
    everyone = select(rows, unknown=["b"])
    assert members(everyone) == ["a", "b", "c"]
    assert row_of(everyone, "b").note == "its correlation with the members before it is unknown"
    assert math.isnan(row_of(everyone, "b").correlation)


def test_a_known_correlation_above_the_limit_is_told_before_an_unknown_one() -> None:
    rows = [setup("a", 0.4, "0900"), setup("b", 0.3, "1000"), setup("c", 0.2, "0900")]
    days = np.random.default_rng(5).normal(size=(400, 2))
    late = np.where(np.arange(400) < 150, np.nan, days[:, 1])
    columns = {"a": np.where(np.arange(400) < 300, days[:, 0], np.nan), "b": days[:, 1], "c": late}
    found = build_portfolio(frame(rows), daily_of(columns), ACCOUNT, selection(min_entry_models=1))
    assert found.candidates["reason"].tolist() == [None, None, "correlation"]
    assert row_of(found, "c").clashes_with == "b"


# Entry models


def test_a_missing_entry_model_takes_the_place_of_the_lowest_ranked_member() -> None:
    rows = [setup("a", 0.5), setup("b", 0.4), setup("c", 0.3), setup("d", 0.2, entry_model="E2")]
    selected = select(rows, max_strategies=2, min_entry_models=2)
    assert members(selected) == ["a", "d"]
    row = row_of(selected, "b")
    assert (row.taken, row.reason, row.clashes_with) == (False, "made_room", "d")
    assert row.note == "made room for d, so that the portfolio has entry model E2"
    assert row_of(selected, "c").reason == "portfolio_full"


def test_a_full_session_gives_the_place_of_its_own_member() -> None:
    rows = [setup("a", 0.5, "0900"), setup("b", 0.4, "1000"), setup("c", 0.3, "0900", entry_model="E3")]
    selected = select(rows, max_per_session=1, min_entry_models=2)
    assert members(selected) == ["b", "c"]
    assert row_of(selected, "a").clashes_with == "c"


def test_the_member_that_correlates_with_the_missing_model_gives_its_place() -> None:
    rows = [setup("a", 0.5), setup("b", 0.4), setup("c", 0.3, entry_model="E2")]
    selected = select(rows, {("a", "c"): 0.9}, min_entry_models=2)
    assert members(selected) == ["b", "c"]
    assert row_of(selected, "a").reason == "made_room"


def test_no_entry_model_is_lost_for_another() -> None:
    rows = [
        setup("a", 0.5),
        setup("b", 0.4),
        setup("c", 0.3, entry_model="E2"),
        setup("d", 0.2, entry_model="E3"),
    ]
    assert members(select(rows, max_strategies=3, min_entry_models=3)) == ["a", "c", "d"]
    assert members(select(rows, max_strategies=2, min_entry_models=3)) == ["a", "c"]


def test_room_that_a_repair_leaves_is_filled() -> None:
    rows = [setup("a", 0.5), setup("b", 0.4), setup("c", 0.3, entry_model="E2"), setup("d", 0.2)]
    selected = select(rows, {("b", "c"): 0.9, ("b", "d"): 0.9, ("c", "d"): 0.8}, min_entry_models=2)
    assert members(selected) == ["a", "c", "d"]
    assert row_of(selected, "b").reason == "made_room"


def test_candidates_of_one_entry_model_make_a_portfolio_of_one() -> None:
    assert members(select([setup("a", 0.5), setup("b", 0.4)], min_entry_models=2)) == ["a", "b"]


def test_a_missing_model_that_fits_in_no_place_changes_nothing() -> None:
    rows = [setup("a", 0.5), setup("b", 0.4), setup("c", 0.3, entry_model="E2")]
    selected = select(rows, {("a", "b"): 0.8, ("a", "c"): 0.9, ("b", "c"): 0.9}, min_entry_models=2)
    assert members(selected) == ["a", "b"]
    assert row_of(selected, "c").reason == "correlation"


# Terms, weights and edges


def test_members_and_portfolio_have_the_accounts_terms() -> None:
    portfolio = select([setup("a", 0.4, "0900", median_risk_points=3.5)]).portfolio
    assert (portfolio.name, portfolio.account_equity, portfolio.risk_per_trade_pct) == ("25k", 25_000, 2.0)
    assert (portfolio.max_concurrent_positions, portfolio.max_daily_loss_r) == (3, -5)
    [member] = portfolio.strategies
    assert (member.max_contracts, member.median_risk_points, member.weight) == (10, 3.5, 1.0)
    assert member.session == ("MGC", "0900")
    assert type(portfolio).from_dict(json.loads(json.dumps(portfolio.to_dict()))) == portfolio


def test_inverse_volatility_weighs_by_the_spread_of_daily_r_the_calmest_1() -> None:
    rows = [setup("a", 0.5), setup("b", 0.4), setup("c", 0.3), setup("d", 0.2)]
    series = daily_with(list("abcd"), unknown=["c"]).pnl_r
    daily = daily_of({"a": series["a"] * 2, "b": series["b"] * 0.5, "c": series["c"], "d": series["d"]})
    found = build_portfolio(frame(rows), daily, ACCOUNT, selection(min_entry_models=1, weights="inverse_volatility"))
    assert [member.weight for member in found.portfolio.strategies] == pytest.approx([0.25, 1.0, 0.25, 0.5])


@pytest.mark.parametrize("values", [[math.nan] * 256, [0.1] * 256])
def test_without_any_known_spread_inverse_volatility_weighs_1(values: list[float]) -> None:
    daily = daily_of({"a": values})
    found = build_portfolio(frame([setup("a")]), daily, ACCOUNT, selection(weights="inverse_volatility"))
    assert [member.weight for member in found.portfolio.strategies] == [1.0]


@pytest.mark.parametrize("status", ["active", "retired"])
def test_no_active_setup_makes_an_empty_portfolio(status: str) -> None:
    rows = [] if status == "active" else [setup("a", status=status)]
    selected = build_portfolio(frame(rows), daily_of({}), ACCOUNT, selection())
    assert selected.portfolio.strategies == ()
    assert len(selected.candidates) == 0
    assert "clashes_with" in selected.candidates
    assert selected.correlations.shape == (0, 0)


def test_one_setup_makes_a_portfolio_of_one() -> None:
    selected = select([setup("a")], min_entry_models=2)
    assert members(selected) == ["a"]
    assert selected.correlations.to_numpy().tolist() == [[1.0]]


def test_setups_without_enough_expectancy_make_an_empty_portfolio_with_reasons() -> None:
    selected = select([setup("a", 0.05), setup("b", 0.01)])
    assert members(selected) == []
    assert selected.candidates["reason"].tolist() == ["expectancy", "expectancy"]


def test_setups_of_one_session_make_a_short_portfolio_with_reasons() -> None:
    rows = [setup(f"s{place}", 0.5 - place / 100, "0900") for place in range(8)]
    selected = select(rows, max_per_session=3)
    assert members(selected) == ["s0", "s1", "s2"]
    assert selected.candidates["reason"].tolist() == [None] * 3 + ["session_full"] * 5


def test_an_active_setup_without_a_daily_series_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="No daily series of b and 0 other active setups"):
        build_portfolio(frame([setup("a"), setup("b")]), daily_with(["a"]), ACCOUNT, selection())
