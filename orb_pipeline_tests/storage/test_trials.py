"""The ledger of trials only grows, and a re-run adds nothing."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from orb_pipeline.storage.trials import record_trials
from orb_pipeline.storage.warehouse import Warehouse

AT = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


def record(
    warehouse: Warehouse, data: str = "data", configuration: str = "grid", names: tuple[str, ...] = ("A", "B")
) -> int:
    with warehouse.transaction() as connection:
        return record_trials(
            connection, "MGC", names, configuration_hash=configuration, data_hash=data, run_id="run", at=AT
        )


def test_the_same_configuration_on_the_same_data_is_one_trial(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    assert record(warehouse) == 2
    assert record(warehouse) == 0
    assert record(warehouse, names=("A", "B", "C")) == 1
    assert record(warehouse, data="other data") == 2
    assert record(warehouse, configuration="other grid") == 2
    assert warehouse.frame("select count(*) as n from trials")["n"].item() == 7
