"""Rows of the warehouse as an asset's content: read by scope and key, replaced whole, hashed without their remarks."""

from __future__ import annotations

import pandas as pd
import pytest

from orb_pipeline.orchestration.contents import in_warehouse
from orb_pipeline.orchestration.rows import WAREHOUSE_TABLES
from orb_pipeline.orchestration.scope import ScopeKind
from orb_pipeline.settings import Home
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.orchestration.made_up import REMARKED, make_table


@pytest.fixture
def warehouse(home: Home) -> Warehouse:
    warehouse = Warehouse(home.warehouse)
    make_table(warehouse)
    return warehouse


def remarks(account: str, *, mode: str = "replay", run_id: str = "a", setups: int = 5) -> pd.DataFrame:
    at = pd.Timestamp("2026-06-01", tz="UTC")
    rows = {"instrument": ["MNQ", "MGC"], "setups": setups, "run_id": run_id, "written_at": at}
    return pd.DataFrame({"mode": mode, "account": account, **rows})


def put(warehouse: Warehouse, account: str, rows: pd.DataFrame) -> str:
    """Replace an account's rows; the hash of what is stored."""
    with warehouse.transaction() as connection:
        REMARKED.replace(connection, account, rows)
        return REMARKED.stored(connection, account).content_hash


def test_a_scope_has_its_own_rows_in_the_order_of_their_key(warehouse: Warehouse) -> None:
    put(warehouse, "25k", remarks("25k"))
    put(warehouse, "50k", remarks("50k", setups=7))
    with warehouse.transaction() as connection:
        frame = REMARKED.stored(connection, "25k").pandas()
    assert frame["instrument"].tolist() == ["MGC", "MNQ"]
    assert frame["setups"].tolist() == [5, 5]
    assert str(frame["written_at"].dtype) == "datetime64[us, UTC]"


def test_replacing_touches_neither_other_scopes_nor_rows_that_are_not_the_assets(warehouse: Warehouse) -> None:
    put(warehouse, "25k", remarks("25k"))
    other = put(warehouse, "50k", remarks("50k"))
    with warehouse.transaction() as connection:
        connection.register("paper", remarks("25k", mode="paper"))
        connection.execute("insert into remarked by name select * from paper")
    empty = put(warehouse, "25k", remarks("25k").iloc[:0])
    with warehouse.transaction() as connection:
        assert connection.execute("select mode, account from remarked order by all").fetchall() == [
            *[("paper", "25k")] * 2,
            *[("replay", "50k")] * 2,
        ]
        assert REMARKED.stored(connection, "50k").content_hash == other
        assert REMARKED.stored(connection, "25k").content_hash == empty


def test_the_hash_is_of_the_content_and_neither_of_order_nor_of_remarks(warehouse: Warehouse) -> None:
    first = put(warehouse, "25k", remarks("25k"))
    assert put(warehouse, "25k", remarks("25k", run_id="b").iloc[::-1]) == first
    assert put(warehouse, "25k", remarks("25k", setups=6)) != first


def test_a_scope_without_rows_has_a_content(warehouse: Warehouse) -> None:
    with warehouse.transaction() as connection:
        assert ("validated_setups", "MGC") in in_warehouse(connection, ScopeKind.INSTRUMENT, ["MGC"])


def test_the_column_of_the_scope_is_there_in_every_declared_table(home: Home) -> None:
    with Warehouse(home.warehouse).transaction() as connection:
        for rows in WAREHOUSE_TABLES.values():
            columns = connection.table(rows.table).columns
            assert {rows.kind.value, *rows.key, *rows.only, *rows.remarks} <= set(columns)
