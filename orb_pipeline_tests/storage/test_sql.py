"""`run_query` answers one select over every table by its name, and can do nothing but read."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pytest

from orb_pipeline.errors import InputError
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.sql import run_query
from orb_pipeline.storage.tables import LAKE_TABLES
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.storage.test_lake import bars

# Names and columns as scripts rely on them.
CONTRACT = {
    "bars_1m": "ts_utc symbol source_symbol open high low close volume",
    "rejected_bars": "source_file row_number reason raw",
    "trading_days": "symbol trading_day source_symbol bar_count open high low close volume first_ts last_ts",
    "daily_features": (
        "symbol trading_day orb_label orb_minutes orb_high orb_low orb_size break_dir break_ts break_volume rel_volume"
    ),
    "orb_outcomes": (
        "trading_day symbol orb_label orb_minutes rr_target confirm_bars entry_model entry_ts entry_price stop_price "
        "target_price outcome exit_ts exit_price pnl_r mae_r mfe_r"
    ),
    "experimental_strategies": (
        "strategy_id instrument orb_label orb_minutes rr_target confirm_bars entry_model filter_type sample_size "
        "win_rate avg_win_r avg_loss_r expectancy_r sharpe_ratio sharpe_ann max_drawdown_r "
        "median_risk_points avg_risk_points yearly_results stressed_expectancy_r validation_status validation_notes"
    ),
    "validated_setups": (
        "strategy_id instrument orb_label orb_minutes rr_target confirm_bars entry_model filter_type sample_size "
        "win_rate avg_win_r avg_loss_r expectancy_r sharpe_ratio sharpe_ann max_drawdown_r "
        "median_risk_points avg_risk_points yearly_results stressed_expectancy_r validation_status validation_notes "
        "years_tested all_years_positive stress_test_passed classification status promoted_at retired_at "
        "retirement_reason"
    ),
    "portfolio_strategies": (
        "strategy_id instrument orb_label entry_model rr_target confirm_bars filter_type weight max_contracts "
        "expectancy_r win_rate sample_size"
    ),
    "trade_journal": (
        "journal_id mode trading_day strategy_id entry_model entry_ts entry_price stop_price target_price direction "
        "contracts exit_ts exit_price outcome pnl_r pnl_dollars mae_r mfe_r risk_check_passed risk_check_reason "
        "created_at account instrument run_id"
    ),
    "walk_forward_folds": (
        "fold train_start train_end test_start test_end strategy_id is_trades is_expectancy_r oos_trades "
        "oos_expectancy_r"
    ),
    "walk_forward_summary": "is_expectancy_r oos_expectancy_r oos_is_ratio material_degradation",
    "replay_results": "account trading_day strategy_id trades pnl_r",
    "walk_forward_trades": "",
    "reconciliation": "account trading_day strategy_id difference",
    "trials": "",
    "waivers": "asset check_name instrument reason until",
    "gate_verdicts": "asset check_name instrument content_hash passed waiver judged_at",
    "trading_events": "event_ts account instrument event reason",
    "monitor_alerts": (
        "alert_id raised_at alert severity strategy_id trading_day value threshold message status acknowledged_at"
    ),
}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse.duckdb")


@pytest.mark.parametrize("table", CONTRACT)
def test_every_table_of_the_contract_answers_in_an_empty_home(lake: Lake, warehouse: Warehouse, table: str) -> None:
    rows = run_query(lake, warehouse, f"select * from {table}").rows
    assert rows.num_rows == 0
    assert set(rows.column_names) >= set(CONTRACT[table].split())


@pytest.mark.parametrize("table", sorted(set(LAKE_TABLES) - {"landed_bars"}))
def test_a_lake_table_has_the_same_columns_and_types_empty_and_filled(
    lake: Lake, warehouse: Warehouse, table: str
) -> None:
    query = f"select column_name, column_type from (describe {table})"
    empty = run_query(lake, warehouse, query).rows
    lake.write(table, "MGC", LAKE_TABLES[table].empty_table())
    assert run_query(lake, warehouse, query).rows == empty


def test_lake_and_warehouse_tables_meet_in_one_query(lake: Lake, warehouse: Warehouse) -> None:
    lake.write("bars_1m", "MGC", bars(3))
    lake.write("bars_1m", "MNQ", bars(2).assign(symbol="MNQ"))
    query = (
        "select symbol, count(*) as bars, (select count(*) from waivers) as waivers "
        "from bars_1m group by all order by symbol"
    )
    assert run_query(lake, warehouse, query).rows.to_pylist() == [
        {"symbol": "MGC", "bars": 3, "waivers": 0},
        {"symbol": "MNQ", "bars": 2, "waivers": 0},
    ]


def test_accounts_and_instruments_answer_alike(lake: Lake, warehouse: Warehouse) -> None:
    empty = LAKE_TABLES["replay_results"].empty_table()
    for account in ("25k", "50k"):
        rows = {name: [account if name == "account" else None] for name in empty.column_names}
        lake.write("replay_results", account, pa.table(rows))
    lake.write("bars_1m", "MGC", bars(3))
    query = "select account, (select count(*) from bars_1m) as bars from replay_results order by account"
    assert run_query(lake, warehouse, query).rows.to_pylist() == [
        {"account": "25k", "bars": 3},
        {"account": "50k", "bars": 3},
    ]


def test_times_are_utc(lake: Lake, warehouse: Warehouse) -> None:
    lake.write("bars_1m", "MGC", bars(1))
    rows = run_query(lake, warehouse, "select ts_utc, ts_utc::varchar as text from bars_1m").rows.to_pylist()
    assert rows == [{"ts_utc": dt.datetime(2024, 3, 4, 23, tzinfo=dt.UTC), "text": "2024-03-04 23:00:00+00"}]


def test_a_lake_behind_any_filesystem_is_read(warehouse: Warehouse) -> None:
    lake = Lake(f"memory://lake-{uuid4().hex}")
    lake.write("bars_1m", "MGC", bars(3))
    assert run_query(lake, warehouse, "select count(*) as n from bars_1m").rows.to_pylist() == [{"n": 3}]


def test_the_tables_are_listed_on_request(lake: Lake, warehouse: Warehouse) -> None:
    assert set(run_query(lake, warehouse, "show tables").rows["name"].to_pylist()) >= set(CONTRACT)


def test_case_comments_and_a_closing_semicolon_do_not_matter(lake: Lake, warehouse: Warehouse) -> None:
    assert run_query(lake, warehouse, "SELECT COUNT(*) AS n FROM Bars_1M; -- all of them").rows.num_rows == 1


def test_simulated_instruments_are_named(lake: Lake, warehouse: Warehouse) -> None:
    assert run_query(lake, warehouse, "select * from bars_1m").notes == ()
    with warehouse.transaction() as connection:
        connection.execute(
            "insert into landed_files (instrument, batch, file, source_file, source_hash, read_rows, landed_rows, "
            "already_landed_rows, rejected_rows, ignored_rows, replaced_rows, simulated, landed_at) "
            "values ('MGC', 1, 'f', 's', 'h', 1, 1, 0, 0, 0, 0, true, now())"
        )
    assert run_query(lake, warehouse, "select * from bars_1m").notes == ("SIMULATED data in this home: MGC.",)


def test_an_unknown_table_lists_the_known_ones(lake: Lake, warehouse: Warehouse) -> None:
    with pytest.raises(InputError, match=r"bars_5m does not exist.*Known tables: .*bars_1m, .*daily_features"):
        run_query(lake, warehouse, "select * from bars_5m")


def test_an_unknown_column_is_one_paragraph(lake: Lake, warehouse: Warehouse) -> None:
    with pytest.raises(InputError, match="closing") as caught:
        run_query(lake, warehouse, "select closing from bars_1m")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("query", ["selec 1", "select 1; select 2", "", "-- nothing"])
def test_what_is_not_one_statement_is_refused(lake: Lake, warehouse: Warehouse, query: str) -> None:
    with pytest.raises(InputError):
        run_query(lake, warehouse, query)


WRITES = [
    "insert into waivers values (1)",
    "delete from waivers",
    "update waivers set reason = 'x'",
    "drop table waivers",
    "create table mine as select 1",
    "alter table waivers add column x int",
    "truncate waivers",
    "copy (select 1) to '{target}'",
    "attach '{target}'",
    "set enable_external_access = true",
    "install httpfs",
    "load httpfs",
    "export database '{target}'",
    "call pragma_version()",
    "pragma database_list",
    "with x as (insert into waivers select 1 returning *) select * from x",
    "explain analyze copy (select 1) to '{target}'",
    "explain analyze delete from waivers",
]


@pytest.mark.parametrize("query", WRITES)
def test_nothing_can_be_written(lake: Lake, warehouse: Warehouse, tmp_path: Path, query: str) -> None:
    target = tmp_path / "target"
    with pytest.raises(InputError):
        run_query(lake, warehouse, query.format(target=target))
    assert not target.exists()


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_text('{secret}')",
        "select * from '{secret}'",
        "select * from read_csv('{secret}')",
        "select * from glob('{folder}/*')",
        "select * from lake",
        "select * from shelf",
    ],
)
def test_nothing_but_the_tables_can_be_read(lake: Lake, warehouse: Warehouse, tmp_path: Path, query: str) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    lake.write("bars_1m", "MGC", bars(1))
    with pytest.raises(InputError):
        run_query(lake, warehouse, query.format(secret=secret, folder=tmp_path))


def test_the_warehouse_is_free_while_the_rows_are_read(lake: Lake, warehouse: Warehouse) -> None:
    result = run_query(lake, warehouse, "select * from waivers")
    with Warehouse(warehouse.path, timeout_seconds=0.0).transaction() as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert result.rows.num_rows == 0
