"""Every column of the built tables is explained, on the pages and in the documentation, in the same words."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import duckdb
import pytest

from orb_pipeline.research import setups
from orb_pipeline.storage.meanings import MEANINGS
from orb_pipeline.storage.tables import LAKE_TABLES

OF_THE_WAREHOUSE = (
    "portfolio_strategies",
    "portfolio_candidates",
    "portfolio_correlations",
    "walk_forward_folds",
    "walk_forward_summary",
    "trade_journal",
    "trials",
    "paper_days",
    "trading_events",
    "reconciliation",
    "reconciled_days",
    "monitor_alerts",
)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "tables.md"


def columns_of_the_warehouse() -> dict[str, list[str]]:
    """Of the explained tables that no lake holds, as the migrations leave them."""
    scripts = resources.files("orb_pipeline.storage").joinpath("migrations").iterdir()
    with duckdb.connect() as connection:
        for script in sorted(scripts, key=lambda entry: entry.name):
            connection.execute(script.read_text(encoding="utf-8"))
        return {
            table: [row[0] for row in connection.execute(f"describe {table}").fetchall()] for table in OF_THE_WAREHOUSE
        }


COLUMNS = {
    **{name: list(schema.names) for name, schema in LAKE_TABLES.items()},
    "validated_setups": setups.COLUMNS,
    **columns_of_the_warehouse(),
}


@pytest.mark.parametrize("table", COLUMNS)
def test_every_column_has_a_meaning(table: str) -> None:
    assert set(COLUMNS[table]) <= set(MEANINGS)


def test_no_meaning_is_left_of_a_column_that_is_gone() -> None:
    assert set(MEANINGS) == {column for columns in COLUMNS.values() for column in columns}


@pytest.mark.parametrize("table", [table for table in COLUMNS if table != "landed_bars"])
def test_the_page_lists_the_columns_of_each_table_in_order(table: str) -> None:
    section = PAGE.read_text(encoding="utf-8").split(f"## {table}\n")[1].split("\n## ")[0]
    found = [line for line in section.splitlines() if line.startswith("| `")]
    assert found == [f"| `{column}` | {MEANINGS[column]} |" for column in COLUMNS[table]]
