"""The schemas of an account's tables: each rule broken once, and named."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from orb_pipeline_tests.orchestration.account_tables import Fault, Tables, make_tables

LONG_AGO = pd.Timestamp("2000-01-01", tz="UTC")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return make_tables(tmp_path_factory.mktemp("account"))


def put(column: str, value: Any, where: str = "all") -> Fault:
    """One wrong value, in the first row that is `all` there is, a `trade`, a `refused` one, or has this outcome."""

    def fault(rows: pd.DataFrame) -> pd.DataFrame:
        kind = rows[column].dtype
        if isinstance(kind, pd.CategoricalDtype):
            rows[column] = rows[column].astype(object)
        rows.loc[_first(rows, where), column] = value
        return rows.astype({column: "category"}) if isinstance(kind, pd.CategoricalDtype) else rows

    return fault


def _first(rows: pd.DataFrame, where: str) -> Any:
    trades = rows["trades"] > 0 if "trades" in rows else rows.get("risk_check_passed", pd.Series(True, rows.index))
    found = {"all": trades | True, "trade": trades, "refused": ~trades}
    return rows.index[found[where] if where in found else rows["outcome"] == where][0]


def doubled(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([rows.iloc[:2], rows.iloc[1:]], ignore_index=True)


def changed(**changes: Any) -> Fault:
    """Whole columns, as values or as functions of the rows."""
    return lambda rows: rows.assign(**changes)


def many(rows: pd.DataFrame) -> pd.DataFrame:
    """21 members of as many sessions as there are."""
    more = pd.concat([rows] * 4, ignore_index=True).head(21)
    return more.assign(strategy_id=[f"S{number}" for number in range(21)], position=range(1, 22))


PORTFOLIO: list[tuple[Fault, str]] = [
    (put("account", "50k"), "only 25k"),
    (put("instrument", "SILVER"), "only MGC, MNQ, GC, ES, XAUUSD"),
    (put("orb_minutes", 15), "only 5"),
    (put("entry_model", "E4"), "only E1, E2, E3"),
    (put("rr_target", 1.7), "only 1.0, 1.5, 2.0"),
    (put("confirm_bars", 6), "only 1, 2, 3, 4, 5"),
    (put("filter_type", "ORB_G99"), "only NO_FILTER"),
    (put("weight", 0.0), "greater_than(0)"),
    (put("weight", 1.1), "in_range(0, 1)"),
    (put("max_contracts", 11), "only 10"),
    (put("expectancy_r", 0.1), "greater_than(0.1)"),
    (put("win_rate", 1.1), "in_range(0, 1)"),
    (put("sample_size", 0), "greater_than_or_equal_to(1)"),
    (put("median_risk_points", 0.0), "greater_than(0)"),
    (put("median_risk_points", np.nan), "not_nullable"),
    (doubled, "one row a strategy"),
    (put("position", 7), "positions 1, 2, ..."),
    (lambda rows: rows.iloc[1:], "positions 1, 2, ..."),
    (many, "at most 20 members"),
    (put("orb_label", "0901"), "sessions of their instruments"),
    (changed(orb_label="0900"), "at most 4 of one session"),
    (changed(weight=0.5), "the largest weight is 1"),
]

RESULTS: list[tuple[Fault, str]] = [
    (put("account", "50k"), "only 25k"),
    (put("strategy_id", "MGC_0900_E9"), "only MGC_"),
    (put("trades", -1), "greater_than_or_equal_to(0)"),
    (put("drawdown_r", -0.1), "greater_than_or_equal_to(0)"),
    (put("drawdown_dollars", -0.1), "greater_than_or_equal_to(0)"),
    (put("pnl_r", np.nan), "not_nullable"),
    (put("pnl_dollars", np.nan), "not_nullable"),
    (put("equity", np.nan), "not_nullable"),
    (doubled, "one row a day and strategy"),
    (lambda rows: rows.iloc[::-1].reset_index(drop=True), "in order of days"),
    (put("rejections", 1, "trade"), "one trade or one refusal a day"),
    (put("trades", 2, "trade"), "one trade or one refusal a day"),
    (put("wins", 2, "trade"), "every trade has its outcome"),
    (put("scratches", 1, "refused"), "every trade has its outcome"),
    (put("pnl_r", 0.1, "refused"), "no result without a trade"),
    (put("rejections_by_reason", None, "refused"), "reasons exactly where refused"),
    (put("rejections_by_reason", json.dumps({"max_daily_trades": 1}), "trade"), "reasons exactly where refused"),
    (put("equity", 1.0), "a day has one equity"),
]

JOURNAL: list[tuple[Fault, str]] = [
    (put("journal_id", 0), "greater_than_or_equal_to(1)"),
    (put("mode", "dream"), "only replay, walk_forward"),
    (put("account", "50k"), "only 25k"),
    (put("direction", "up"), "only long, short"),
    (put("entry_model", "E4"), "only E1, E2, E3"),
    (put("contracts", -1), "greater_than_or_equal_to(0)"),
    (put("decided_ts", None), "not_nullable"),
    (put("decided_price", np.nan), "not_nullable"),
    (put("stop_price", np.nan), "not_nullable"),
    (put("outcome", "draw"), "only win, loss, scratch"),
    (put("mae_r", -0.1, "trade"), "greater_than_or_equal_to(0)"),
    (put("mfe_r", -0.1, "trade"), "greater_than_or_equal_to(0)"),
    (put("run_id", None), "not_nullable"),
    (put("created_at", None), "not_nullable"),
    (changed(entry_ts=lambda rows: rows["entry_ts"].dt.tz_localize(None)), "dtype('datetime64[us, UTC]')"),
    (doubled, "one row a mode, day and strategy"),
    (put("mode", "walk_forward"), "one row a mode, day and strategy"),
    (changed(journal_id=7), "one number a row"),
    (put("entry_price", np.nan, "trade"), "entry_price, target_price NULL exactly where entry_ts is"),
    (put("target_price", 1.0, "refused"), "entry_price, target_price NULL exactly where entry_ts is"),
    (put("risk_check_passed", False, "trade"), "an entry exactly where risk let it in"),
    (put("risk_check_passed", True, "refused"), "an entry exactly where risk let it in"),
    (put("risk_check", "max_daily_trades", "trade"), "a check exactly where it was refused"),
    (put("risk_check", None, "refused"), "a check exactly where it was refused"),
    (put("decided_ts", LONG_AGO, "trade"), "entered as decided"),
    (put("decided_price", 150.0, "trade"), "entered as decided"),
    (put("contracts", 0, "trade"), "at least one contract"),
    (put("exit_ts", LONG_AGO, "trade"), "no exit before its entry"),
    (put("stop_price", 150.0, "trade"), "the stop lies against the trade"),
    (put("stop_price", 150.0, "refused"), "the stop lies against the trade"),
    (put("direction", "short"), "the stop lies against the trade"),
    (put("pnl_r", -0.99, "loss"), "a loss is 1 R or more"),
]

CASES = [
    (asset, fault, rule)
    for asset, faults in (("portfolio", PORTFOLIO), ("replay_results", RESULTS), ("trade_journal", JOURNAL))
    for fault, rule in faults
]


@pytest.mark.parametrize(("asset", "fault", "rule"), CASES, ids=[f"{asset}: {rule}" for asset, _, rule in CASES])
def test_a_schema_names_the_rule_that_is_broken(tables: Tables, asset: str, fault: Fault, rule: str) -> None:
    result = tables.with_fault(asset, fault).judge(asset, "schema")
    assert not result.passed
    broken = result.facts["broken_rules"]
    assert isinstance(broken, pd.DataFrame)
    assert broken["rule"].str.contains(rule, regex=False).any(), broken["rule"].tolist()


def test_a_rule_of_rows_shows_which_of_them_break_it(tables: Tables) -> None:
    rows = tables.stored["trade_journal"].pandas()
    first = rows.loc[_first(rows, "trade")]
    result = tables.with_fault("trade_journal", put("contracts", 0, "trade")).judge("trade_journal", "schema")
    assert result.message == (
        f"1 rule does not hold. rows: at least one contract (2024-10-04 00:00:00 {first['orb_label']} "
        f"{first['entry_model']} {first['strategy_id']})."
    )


@pytest.mark.parametrize("asset", ["portfolio", "replay_results", "trade_journal"])
def test_an_empty_table_has_nothing_that_could_be_wrong(tables: Tables, asset: str) -> None:
    result = tables.with_fault(asset, lambda rows: rows.head(0)).judge(asset, "schema")
    assert result.passed, result.message
    assert result.message.startswith("0 ")
