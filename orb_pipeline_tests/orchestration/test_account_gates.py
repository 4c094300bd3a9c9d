"""Each gate of an account against sound tables, and against the fault that it is there for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from orb_pipeline.execution.backtest import VALUES
from orb_pipeline.orchestration.gates import ACCOUNT_ASSETS, GATES, Gate
from orb_pipeline_tests.execution.days import GRID
from orb_pipeline_tests.execution.members import member
from orb_pipeline_tests.orchestration.account_tables import (
    MEMBERS,
    Tables,
    candidates_of,
    catalogue_with,
    correlations_of,
    make_tables,
)

SMALL_SAMPLE = catalogue_with(parity_sample=20)
ALONE = catalogue_with(parity_sample=0)
JUDGED = ("portfolio", "replay_results", "trade_journal")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return make_tables(tmp_path_factory.mktemp("account"))


@pytest.mark.parametrize(
    "gate", [gate for gate in GATES if gate.asset in JUDGED], ids=lambda gate: f"{gate.asset}-{gate.check}"
)
def test_every_gate_holds_on_a_sound_replay_and_says_what_it_looked_at(tables: Tables, gate: Gate) -> None:
    result = tables.judge(gate.asset, gate.check, SMALL_SAMPLE)
    assert result.passed, result.message
    assert any(character.isdigit() for character in result.message)


def test_every_asset_of_an_account_has_a_schema() -> None:
    assert {gate.asset for gate in GATES if gate.check == "schema"}.issuperset(ACCOUNT_ASSETS)


# Portfolio: diversified.


def test_too_few_strategies_fail_with_what_was_short_and_why_candidates_fell(tables: Tables) -> None:
    few = tables.with_fault("portfolio", lambda rows: rows.iloc[:4])
    result = few.judge("portfolio", "diversified")
    assert not result.passed
    assert result.message == (
        "4 strategies with 3 entry models (E1, E2, E3) of 11 active setups; expected at least 5 strategies and 2 entry "
        "models. Not taken: 3 by correlation, 2 by expectancy. `orb portfolio --account 25k --why` tells of each."
    )
    assert few.judge("portfolio", "diversified", catalogue_with(min_strategies=4)).passed
    assert tables.with_fault("portfolio", lambda rows: rows.iloc[:5]).judge("portfolio", "diversified").passed


def test_one_entry_model_fails_however_many_strategies_there_are(tables: Tables) -> None:
    alike = tables.with_fault("portfolio", lambda rows: rows.assign(entry_model="E2"))
    result = alike.judge("portfolio", "diversified")
    assert not result.passed
    assert "6 strategies with 1 entry models (E2)" in result.message
    assert alike.judge("portfolio", "diversified", catalogue_with(min_entry_models=1)).passed


def test_an_empty_portfolio_fails_by_name_of_nothing(tables: Tables) -> None:
    nobody = tables.with_fault("portfolio", lambda rows: rows.head(0))
    nobody = nobody.with_table("portfolio_candidates", candidates_of((), {}))
    result = nobody.judge("portfolio", "diversified")
    assert not result.passed
    assert "0 strategies with 0 entry models (none) of 0 active setups" in result.message
    assert "Not taken: none." in result.message
    assert nobody.judge("portfolio", "diversified", catalogue_with(min_strategies=0, min_entry_models=0)).passed


# Portfolio: sizes.


@pytest.mark.parametrize(
    ("risk_points", "weight", "contracts", "passed"),
    [(50.0, 1.0, 1, True), (50.01, 1.0, 0, False), (25.0, 0.5, 1, True), (25.1, 0.5, 0, False), (0.01, 1.0, 10, True)],
)
def test_each_member_is_given_a_contract_at_its_median_risk(
    tables: Tables, risk_points: float, weight: float, contracts: int, passed: bool
) -> None:
    """25,000 dollars at 2 %: 500 dollars, which MGC loses over 50 points."""

    def fault(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[2, ["median_risk_points", "weight"]] = [risk_points, weight]
        return rows

    result = tables.with_fault("portfolio", fault).judge("portfolio", "sizes")
    assert result.passed is passed
    sizes = result.facts["sizes"]
    assert isinstance(sizes, pd.DataFrame)
    assert sizes["contracts"].tolist() == [10, 10, contracts, 10, 10, 10]
    if not passed:
        assert "5 of 6 members are given 1 to 10 contracts" in result.message
        assert f"{MEMBERS[2].strategy_id}: one contract risks" in result.message
        assert f"the budget is {500 * weight:,.2f}" in result.message


def test_a_prop_firm_account_sizes_by_its_drawdown(tables: Tables) -> None:
    """10 % of 2,000 dollars are 20 points."""
    wider = tables.with_fault("portfolio", lambda rows: rows.assign(median_risk_points=20.1))
    result = wider.judge("portfolio", "sizes", account="prop_50k_trailing")
    assert not result.passed
    assert "0 of 6 members" in result.message
    assert "the budget is 200.00" in result.message
    assert wider.judge("portfolio", "sizes").passed


# Portfolio: correlation.


def pair(value: float, first: int = 0, second: int = 1, *, both: bool = True) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Another correlation of two members, or of one with the other only."""

    def fault(rows: pd.DataFrame) -> pd.DataFrame:
        one, other = MEMBERS[first].strategy_id, MEMBERS[second].strategy_id
        found = (rows["strategy_id"] == one) & (rows["other_id"] == other)
        if both:
            found |= (rows["strategy_id"] == other) & (rows["other_id"] == one)
        rows.loc[found, "correlation"] = value
        return rows

    return fault


@pytest.mark.parametrize(
    ("fault", "wrong"),
    [
        (pair(0.3, both=False), ["not symmetric"]),
        (pair(np.nan, both=False), ["not symmetric"]),
        (pair(0.999999, 2, 2), ["a diagonal other than 1"]),
        (pair(np.nan, 2, 2), ["a diagonal other than 1"]),
        (pair(-1.000001), ["a value outside [-1, 1]"]),
        (pair(1.000001), ["a value outside [-1, 1]", "a value above 0.85"]),
        (pair(0.850001), ["a value above 0.85"]),
        (lambda rows: rows.iloc[:-1], ["not one row for each pair of members", "a diagonal other than 1"]),
        (lambda rows: rows.drop(index=1), ["not one row for each pair of members", "not symmetric"]),
    ],
)
def test_what_is_no_correlation_matrix_within_the_limit_is_named(
    tables: Tables, fault: Callable[[pd.DataFrame], pd.DataFrame], wrong: list[str]
) -> None:
    result = tables.with_fault("portfolio_correlations", fault).judge("portfolio", "correlation")
    assert not result.passed
    assert result.message.endswith(f"Wrong: {', '.join(wrong)}.")


@pytest.mark.parametrize("value", [-1.0, 0.0, 0.85])
def test_correlations_at_the_limits_hold(tables: Tables, value: float) -> None:
    assert tables.with_fault("portfolio_correlations", pair(value)).judge("portfolio", "correlation").passed


def test_unknown_correlations_are_counted_not_judged(tables: Tables) -> None:
    result = tables.judge("portfolio", "correlation")
    assert result.facts == {"unknown": 2}
    assert "6 members, 13 known pairs, highest 0.20, at most 0.85 allowed; 2 pairs are unknown" in result.message


def test_one_member_and_none_have_a_correlation_matrix(tables: Tables) -> None:
    for count in (1, 0):
        some = tables.with_table("portfolio", tables.stored["portfolio"].pandas().head(count))
        some = some.with_table("portfolio_correlations", correlations_of(MEMBERS[:count]))
        result = some.judge("portfolio", "correlation")
        assert result.passed, result.message
        assert "highest none" in result.message


def test_a_correlation_of_somebody_who_is_no_member_is_found(tables: Tables) -> None:
    more = tables.with_table("portfolio_correlations", correlations_of((*MEMBERS, member("1800", "E1"))))
    result = more.judge("portfolio", "correlation")
    assert result.message.endswith("Wrong: not one row for each pair of members.")


# Replay: parity.

DAY_ONE = "2024-10-04"


def with_outcome(tables: Tables, place: int, **values: Any) -> Tables:
    """Another outcome of session 0900 on the first day."""
    table = tables.stored["orb_outcomes:MGC"].arrow()
    for name, value in values.items():
        column = table.column(name).to_pylist()
        column[place] = value
        index = table.column_names.index(name)
        table = table.set_column(index, name, pa.array(column, type=table.schema.field(name).type))
    return tables.with_table("orb_outcomes:MGC", table)


def test_parity_counts_what_it_compared_of_portfolio_and_sample(tables: Tables) -> None:
    result = tables.judge("replay_results", "parity", SMALL_SAMPLE)
    sampled = result.facts["of_sample"]
    assert result.facts == {
        "strategies": 6 + int(str(sampled)),
        "of_portfolio": 6,
        "of_sample": sampled,
        "days": 3,
        "cases": (6 + int(str(sampled))) * 3,
        "trades": result.facts["trades"],
        "no_trades": result.facts["no_trades"],
        "equal_share": 1.0,
    }
    assert int(str(sampled)) >= 20 - 6
    assert "6 strategies of the portfolio" in result.message
    assert result.message.endswith("all are equal.")


def test_one_value_of_one_trade_fails_parity_and_is_named_with_day_strategy_and_both_values(tables: Tables) -> None:
    wrong = with_outcome(tables, GRID.place_of("E2", 1, 2.0), exit_price=103.7)
    result = wrong.judge("replay_results", "parity", ALONE)
    assert not result.passed
    assert result.message == (
        "18 cases were compared (6 strategies of the portfolio and 0 sampled ones on 3 days: 18 trades, 0 days without "
        f"one); 1 differ: {DAY_ONE} {MEMBERS[0].strategy_id} exit_price: backtest 103.7, engine 103.6."
    )
    shown = result.facts["first_differences"]
    assert isinstance(shown, pd.DataFrame)
    assert shown.to_dict("records") == [
        {
            "trading_day": DAY_ONE,
            "strategy_id": MEMBERS[0].strategy_id,
            "what": "exit_price",
            "backtest": "103.7",
            "engine": "103.6",
        }
    ]


def test_a_trade_that_is_missing_from_the_backtest_fails_parity(tables: Tables) -> None:
    wrong = with_outcome(tables, GRID.place_of("E2", 1, 2.0), **dict.fromkeys(VALUES))
    result = wrong.judge("replay_results", "parity", ALONE)
    assert not result.passed
    assert f"{DAY_ONE} {MEMBERS[0].strategy_id} trade: backtest none, engine a trade" in result.message


def test_a_trade_that_only_the_backtest_has_fails_parity(tables: Tables) -> None:
    """A session that broke by the features on a day without the size its filter asks for."""
    rows = tables.stored["portfolio"].pandas().head(1)
    filtered = member("0900", "E2", filter_type="ORB_G3")
    by_size = tables.with_table(
        "portfolio", rows.assign(strategy_id=filtered.strategy_id, filter_type=filtered.filter_type)
    )
    assert by_size.judge("replay_results", "parity", ALONE).passed
    wrong = by_size.with_fault("daily_features:MGC", lambda features: features.assign(orb_size=5.0))
    result = wrong.judge("replay_results", "parity", ALONE)
    assert not result.passed
    assert result.facts["equal_share"] == 0.0
    assert f"{DAY_ONE} {filtered.strategy_id} trade: backtest a trade, engine none" in result.message


def test_a_strategy_beside_the_portfolio_is_found_by_the_sample_alone(tables: Tables) -> None:
    wrong = with_outcome(tables, GRID.place_of("E2", 1, 3.0), mae_r=0.7)
    assert wrong.judge("replay_results", "parity", ALONE).passed
    result = wrong.judge("replay_results", "parity", catalogue_with(parity_sample=1_000))
    assert not result.passed
    assert f"mae_r: backtest 0.7, engine {12 / 20.4}" in result.message


def test_many_differences_are_counted_and_the_first_are_named(tables: Tables) -> None:
    table = tables.stored["orb_outcomes:MGC"].arrow()
    index = table.column_names.index("pnl_r")
    zeros = pa.array([0.0 if value is not None else None for value in table.column("pnl_r").to_pylist()])
    wrong = tables.with_table("orb_outcomes:MGC", table.set_column(index, "pnl_r", zeros))
    result = wrong.judge("replay_results", "parity", SMALL_SAMPLE)
    assert not result.passed
    assert result.message.count("backtest 0.0, engine") == 3
    assert len(result.facts["first_differences"]) == 20  # type: ignore[arg-type]


def test_nothing_compared_fails_parity(tables: Tables) -> None:
    nobody = tables.with_fault("portfolio", lambda rows: rows.head(0))
    result = nobody.judge("replay_results", "parity", SMALL_SAMPLE)
    assert not result.passed
    assert result.message == "0 cases were compared: there is no strategy or no day, so nothing is shown."


# Journal: complete, limits.

ENDED = ("exit_ts", "exit_price", "outcome", "exit_reason", "pnl_r", "pnl_dollars", "mae_r", "mfe_r")


def first_entry(rows: pd.DataFrame) -> Any:
    return rows.index[rows["risk_check_passed"]][0]


@pytest.mark.parametrize("name", ENDED)
def test_an_entry_without_a_whole_exit_is_named(tables: Tables, name: str) -> None:
    def fault(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[first_entry(rows), name] = None
        return rows

    result = tables.with_fault("trade_journal", fault).judge("trade_journal", "complete")
    assert not result.passed
    first = tables.stored["trade_journal"].pandas().pipe(lambda rows: rows.loc[first_entry(rows)])
    assert f"1 entries without a whole exit, the first {first['strategy_id']} on {DAY_ONE}" in result.message


@pytest.mark.parametrize(
    ("fault", "apart"),
    [
        (lambda rows: rows.drop(index=first_entry(rows)), "trades 9, in the replay 10"),
        (lambda rows: rows.drop(index=rows.index[~rows["risk_check_passed"]][0]), "rejections 7, in the replay 8"),
        (lambda rows: rows.assign(pnl_r=rows["pnl_r"] + 1e-5), "pnl_r"),
        (lambda rows: rows.assign(pnl_dollars=rows["pnl_dollars"] * 1.01), "pnl_dollars"),
        (lambda rows: rows.assign(outcome=rows["outcome"].replace("win", "scratch")), "wins 0, in the replay"),
        (lambda rows: rows.assign(outcome=rows["outcome"].replace("loss", "scratch")), "losses 0, in the replay"),
        (lambda rows: pd.concat([rows, rows.head(1)]), "in the replay"),
        (lambda rows: pd.concat([rows, rows.tail(1)]), "in the walk-forward"),
        (lambda rows: rows[rows["mode"] == "replay"], "trades 0, in the walk-forward 10"),
        (lambda rows: rows[rows["mode"] == "walk_forward"], "trades 0, in the replay 10"),
        (lambda rows: rows.head(0), "trades 0, in the replay 10"),
    ],
)
def test_totals_that_are_not_those_of_what_was_journalled_are_named_with_both(
    tables: Tables, fault: Callable[[pd.DataFrame], pd.DataFrame], apart: str
) -> None:
    result = tables.with_fault("trade_journal", fault).judge("trade_journal", "complete")
    assert not result.passed
    assert apart in result.message


@pytest.mark.parametrize("mode", ["replay", "walk_forward"])
def test_a_journal_that_breaks_a_limit_of_its_account_in_either_mode_fails_by_name(tables: Tables, mode: str) -> None:
    def fault(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(contracts=rows["contracts"].where(rows["mode"] != mode, 11))

    result = tables.with_fault("trade_journal", fault).judge("trade_journal", "limits")
    assert not result.passed
    assert "20 entries on 3 days; 10 break a limit" in result.message
    assert "max_contracts: 11, allowed 10" in result.message


def test_each_folds_test_is_held_to_the_limits_by_itself(tables: Tables) -> None:
    """With 12 more trades on its last day, 15 in all; those of the replay on that day do not add to them."""

    def fault(rows: pd.DataFrame) -> pd.DataFrame:
        last = rows[rows["mode"] == "walk_forward"].tail(1)
        more = [last.assign(strategy_id=f"more {number}", orb_label=f"more {number}") for number in range(12)]
        early = [row.assign(exit_ts=row["entry_ts"], outcome="win", pnl_r=0.0) for row in more]
        return pd.concat([rows, *early], ignore_index=True)

    full = tables.with_fault("trade_journal", fault)
    entered = full.stored["trade_journal"].pandas().query("risk_check_passed")
    assert entered.groupby("trading_day").size().max() > 15
    assert entered.groupby(["trading_day", "mode"]).size().max() <= 15
    assert "max_daily_trades" not in full.judge("trade_journal", "limits").message


def test_rows_of_walk_forward_outside_every_fold_fail(tables: Tables) -> None:
    rows = tables.stored["walk_forward"].pandas()
    result = tables.with_table("walk_forward", rows.iloc[1:]).judge("trade_journal", "limits")
    assert not result.passed
    assert result.message == "6 of 18 rows of walk-forward lie in no fold's test: build walk_forward again."


def test_without_a_fold_the_replay_alone_is_judged(tables: Tables) -> None:
    nothing = tables.with_fault("trade_journal", lambda rows: rows[rows["mode"] == "replay"])
    nothing = nothing.with_table("walk_forward", tables.stored["walk_forward"].pandas().head(0))
    for check in ("schema", "complete", "limits"):
        result = nothing.judge("trade_journal", check)
        assert result.passed, result.message
