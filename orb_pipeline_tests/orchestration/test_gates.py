"""Each gate against sound data, real and made, and against the fault that it is there for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.market.days import build_trading_days
from orb_pipeline.orchestration.gates import GATES, RESEARCH_ASSETS, Evidence, GateResult, gates_of
from orb_pipeline.orchestration.gates.bar_counts import judge_bar_counts
from orb_pipeline.orchestration.gates.findings import result_of
from orb_pipeline.orchestration.rows import WAREHOUSE_TABLES
from orb_pipeline.research.findings import COLUMNS, Findings
from orb_pipeline.research.study import Study
from orb_pipeline.settings import Home
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.data import real_data

CATALOGUE = load_catalogue()
RESEARCH_GATES = [gate for gate in GATES if gate.asset in RESEARCH_ASSETS]
LIMITS = CATALOGUE.research.gates
Fault = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass
class Stored:
    frame: pd.DataFrame

    def pandas(self) -> pd.DataFrame:
        return self.frame.copy(deep=False)

    def arrow(self) -> pa.Table:
        return pa.Table.from_pandas(self.frame, preserve_index=False)


@dataclass
class Tables:
    """The tables of a real build, by name."""

    frames: dict[str, pd.DataFrame] = field(default_factory=dict)

    def judge(self, asset: str, check: str, fault: Fault | None = None) -> GateResult:
        frames = {**self.frames}
        if fault is not None:
            frames[asset] = fault(frames[asset].copy())
        tables = {name: Stored(frame) for name, frame in frames.items()}
        gate = next(gate for gate in gates_of(asset) if gate.check == check)
        return gate.judge(Evidence(asset, "XAUUSD", CATALOGUE, tables, lambda _: self.study))

    @cached_property
    def study(self) -> Study:
        instrument, sessions = CATALOGUE.instrument("XAUUSD"), CATALOGUE.sessions_of("XAUUSD")
        return Study.of(self.frames["bars_1m"], instrument, sessions, CATALOGUE.grid)


@pytest.fixture(scope="module")
def tables(homes: Callable[[str], Path]) -> Tables:
    home = Home.at(homes("built"))
    lake = Lake(home.lake_url)
    frames = {name: lake.read(name, "XAUUSD") for name in RESEARCH_ASSETS if name not in WAREHOUSE_TABLES}
    frames["research_evidence"] = lake.read("research_evidence", "XAUUSD")
    with Warehouse(home.warehouse).transaction() as connection:
        frames["validated_setups"] = WAREHOUSE_TABLES["validated_setups"].select(connection, "XAUUSD")
    return Tables(frames)


def put(column: str, value: object, row: int = 3) -> Fault:
    """The fault of one wrong value."""

    def fault(frame: pd.DataFrame) -> pd.DataFrame:
        if isinstance(frame[column].dtype, pd.CategoricalDtype):
            frame[column] = frame[column].astype(object)
        frame.loc[frame.index[row], column] = value
        return frame.astype({column: "category"}) if frame[column].dtype == object else frame

    return fault


def doubled(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame.iloc[:4], frame.iloc[3:]], ignore_index=True)


def reversed_in_time(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[::-1].reset_index(drop=True)


def first_trade(column: str, change: Callable[[pd.Series], object]) -> Fault:
    """A wrong value in the first row with a trade that was won."""

    def fault(frame: pd.DataFrame) -> pd.DataFrame:
        row = frame.index[frame["outcome"] == "win"][0]
        frame.loc[row, column] = change(frame.loc[row])
        return frame

    return fault


FAULTS = [
    ("bars_1m", put("close", 4000.0005), "a multiple of the tick 0.001"),
    ("bars_1m", put("low", -1.0), "greater_than(0)"),
    ("bars_1m", put("high", 1.0), "high is the highest price"),
    ("bars_1m", put("low", 9999.0), "low is the lowest price"),
    ("bars_1m", put("volume", -1), "greater_than_or_equal_to(0)"),
    ("bars_1m", put("open", np.nan), "not_nullable"),
    ("bars_1m", put("symbol", "MGC"), "only XAUUSD"),
    ("bars_1m", doubled, "one bar a minute, in order of time"),
    ("bars_1m", reversed_in_time, "one bar a minute, in order of time"),
    ("bars_1m", lambda bars: bars.iloc[:0], "at least one bar"),
    ("bars_1m", lambda bars: bars.assign(ts_utc=bars["ts_utc"] + pd.Timedelta(seconds=1)), "a whole minute"),
    ("trading_days", doubled, "one row a day"),
    ("trading_days", put("open", np.nan), "prices and times exactly where there are bars"),
    ("trading_days", put("bar_count", 99_999), "bars of the front month <= bars of all contracts"),
    ("trading_days", put("high", 1.0), "high >= low"),
    ("daily_features", doubled, "one row a day and session"),
    ("daily_features", put("orb_label", "0915"), "only 0900, 1000, 1100, 1800, 2300, 0030"),
    ("daily_features", put("orb_size", 99.0), "orb_size is orb_high - orb_low"),
    ("daily_features", put("break_ts", pd.Timestamp("2000-01-01", tz="UTC")), "a break comes after the range"),
    ("daily_features", put("break_dir", None), "NULL exactly where break_dir is"),
    ("orb_outcomes", doubled, "one row a day, session and combination"),
    ("orb_outcomes", lambda rows: rows.iloc[:-1], "rows for each of"),
    ("orb_outcomes", put("rr_target", 1.7), "isin"),
    ("orb_outcomes", first_trade("exit_price", lambda _: np.nan), "exit_price, pnl_r, mae_r, mfe_r NULL exactly where"),
    ("orb_outcomes", first_trade("entry_price", lambda row: row["target_price"]), "between stop and target"),
    ("orb_outcomes", first_trade("exit_price", lambda row: row["stop_price"]), "a win earns, and ends at the target"),
    ("orb_outcomes", first_trade("outcome", lambda _: "loss"), "a loss costs, and ends at the stop"),
    ("orb_outcomes", first_trade("exit_ts", lambda _: pd.Timestamp("2000-01-01", tz="UTC")), "entry not after exit"),
    ("orb_outcomes", first_trade("mae_r", lambda _: -0.1), "greater_than_or_equal_to(0)"),
    ("experimental_strategies", lambda rows: rows.iloc[:-1], "the whole grid: 7,020 strategies"),
    ("experimental_strategies", lambda rows: rows.assign(expectancy_r=rows["expectancy_r"] + 1e-6), "expectancy is"),
    ("experimental_strategies", lambda rows: rows.assign(validation_phase=None), "a phase exactly where"),
    ("experimental_strategies", put("through_sample_size", 0.0), "trades through the limit are counted for E3"),
    ("experimental_strategies", put("through_sample_size", 9999.0, -1), "of E3, and no more than by a touch"),
    ("experimental_strategies", put("through_expectancy_r", np.nan, -1), "exactly where there are such trades"),
    ("validated_setups", put("through_sample_size", 9999.0), "of E3, and no more than by a touch"),
    ("validated_setups", put("expectancy_r", -0.1), "greater_than(0)"),
    ("validated_setups", lambda rows: rows.iloc[1:], "active exactly where the research passed it"),
    ("validated_setups", put("status", "retired"), "date and reason exactly where it is retired"),
    ("validated_setups", doubled, "one row a strategy"),
]


@pytest.mark.parametrize(("asset", "fault", "rule"), FAULTS, ids=[f"{case[0]}: {case[2]}" for case in FAULTS])
def test_a_schema_names_the_rule_that_is_broken(tables: Tables, asset: str, fault: Fault, rule: str) -> None:
    result = tables.judge(asset, "schema", fault)
    assert not result.passed
    assert rule in result.message


@pytest.mark.parametrize("gate", RESEARCH_GATES, ids=lambda gate: f"{gate.asset}-{gate.check}")
def test_every_gate_holds_on_a_sound_build_and_says_what_it_looked_at(tables: Tables, gate: object) -> None:
    result = tables.judge(gate.asset, gate.check)  # type: ignore[attr-defined]
    assert result.passed
    assert any(character.isdigit() for character in result.message)


def test_arrow_still_reads_the_zone_of_a_datetime_beside_the_schemas() -> None:
    """Pandera switches that off for Spark's sake; UTC bars would not notice, a file of New York time would."""
    importlib.import_module("orb_pipeline.orchestration.gates.schemas")
    stamp = pd.Timestamp("2016-03-06 13:01", tz="America/New_York")
    assert pa.array([stamp]).cast(pa.timestamp("us", "UTC"))[0].as_py() == stamp


def test_a_feature_that_knows_the_future_is_found(tables: Tables) -> None:
    peeking = tables.frames["daily_features"]["orb_high"].shift(-1)
    result = tables.judge("daily_features", "no_lookahead", lambda rows: rows.assign(orb_high=peeking))
    assert not result.passed
    assert "look ahead" in result.message


def test_an_outcome_that_the_rules_do_not_give_is_found(tables: Tables) -> None:
    def flattered(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(pnl_r=rows["pnl_r"] + 1e-9)

    result = tables.judge("orb_outcomes", "matches_reference", flattered)
    assert not result.passed
    assert "differ from it" in result.message


def test_nothing_compared_is_not_a_pass() -> None:
    nothing = Findings(0, pd.DataFrame(columns=COLUMNS))
    assert not result_of(nothing, "values were compared", "differ").passed


def test_no_setup_fails_and_tells_how_many_fell_where(tables: Tables) -> None:
    result = tables.judge("validated_setups", "at_least_one_setup", lambda rows: rows.assign(status="retired"))
    assert not result.passed
    funnel = result.facts["fallen_by_phase"]
    assert isinstance(funnel, pd.DataFrame)
    assert list(funnel.columns) == ["phase", "tried", "fell", "left"]
    assert funnel["tried"].iloc[0] == 7_020


# Bars per day: real series, and days made up to show one thing.


def days_of(*parts: str) -> pd.DataFrame:
    bars = pd.concat(
        [pd.read_parquet(real_data(folder, name)) for folder, name in zip(parts[::2], parts[1::2], strict=True)]
    )
    return build_trading_days(bars, bars, usual_days=LIMITS.usual_days, simulated=False)


def made(counts: list[int], start: str = "2024-01-01") -> pd.DataFrame:
    """Weekdays with these counts of bars."""
    days = pd.bdate_range(start, periods=len(counts))
    return pd.DataFrame({"trading_day": days, "bar_count": counts})[lambda frame: frame["bar_count"] > 0]


@pytest.mark.parametrize("year", range(2010, 2017))
def test_bar_counts_hold_on_the_long_gold_series(year: int) -> None:
    result = judge_bar_counts(days_of("gold_spot", f"{year}.parquet"), LIMITS)
    assert result.passed, result.message


def test_bar_counts_fail_on_the_series_with_holes_and_name_the_worst_days() -> None:
    result = judge_bar_counts(days_of("gold_spot_with_holes", "2023.parquet"), LIMITS)
    assert not result.passed
    assert "114 of 256 judged days (44.5%)" in result.message
    assert "2023-03-10 (900 of 1380)" in result.message


def test_holidays_and_short_fridays_pass() -> None:
    counts = ([1380] * 4 + [1320]) * 20
    counts[50], counts[51] = 700, 300
    result = judge_bar_counts(made(counts), LIMITS)
    assert result.passed
    assert result.facts["thin_days"] == 2


def test_a_lasting_hole_does_not_become_the_usual() -> None:
    counts = [1380] * 200 + [1000] * 400
    result = judge_bar_counts(made(counts), LIMITS)
    assert result.facts["thin_days"] == 400


@pytest.mark.parametrize(("missing", "passes"), [(5, True), (6, False)])
def test_missing_days_count_as_days_without_bars(missing: int, passes: bool) -> None:
    counts = [1380] * 100 + [0] * missing + [1380] * 300
    result = judge_bar_counts(made(counts), LIMITS)
    assert result.passed is passes
    assert result.facts["longest_thin_run"] == missing


def test_one_hour_sundays_neither_break_a_run_nor_are_thin() -> None:
    weekdays = made([1380] * 100 + [700] * 6 + [1380] * 100)
    sundays = pd.DataFrame({"trading_day": pd.date_range("2024-01-07", periods=40, freq="7D"), "bar_count": 60})
    days = pd.concat([weekdays, sundays]).sort_values("trading_day", ignore_index=True)
    result = judge_bar_counts(days, LIMITS)
    assert (result.passed, result.facts["longest_thin_run"]) == (False, 6)


def test_too_few_days_are_not_judged() -> None:
    result = judge_bar_counts(made([1380, 10, 1380]), LIMITS)
    assert result.passed
    assert result.facts["judged_days"] == 0
