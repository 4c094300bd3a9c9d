"""The journal holds whole days: replaced, never doubled, and never half written."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from orb_pipeline.storage.journal import replace_journal, select_journal
from orb_pipeline.storage.warehouse import Warehouse

AT = dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC)
FIRST = dt.date(2015, 1, 1)


def rows_of(days: int, trades: int = 3, pnl_r: float = 1.0, strategies: str = "S") -> pd.DataFrame:
    """`trades` rows on each of `days`, all with the same result."""
    decided = pd.Timestamp("2020-01-01", tz="UTC").as_unit("us")
    return pd.DataFrame(
        [
            {
                "account": "25k",
                "trading_day": FIRST + dt.timedelta(days=day),
                "instrument": "MGC",
                "orb_label": "0900",
                "strategy_id": f"{strategies}{number}",
                "entry_model": "E1",
                "direction": "long",
                "contracts": 1,
                "decided_ts": decided,
                "decided_price": 2000.1,
                "entry_ts": decided,
                "entry_price": 2000.1,
                "stop_price": 1999.0,
                "target_price": 2002.3,
                "exit_ts": decided,
                "exit_price": 2002.3,
                "outcome": "win",
                "exit_reason": "target_hit",
                "pnl_r": pnl_r,
                "pnl_dollars": 12.5,
                "mae_r": 0.1,
                "mfe_r": None,
                "risk_check_passed": True,
                "risk_check": None,
                "risk_check_value": None,
                "risk_check_limit": None,
                "risk_check_reason": "all checks hold",
                "simulated": True,
            }
            for day in range(days)
            for number in range(trades)
        ]
    )


def replace(warehouse: Warehouse, rows: pd.DataFrame, mode: str = "replay", run_id: str = "run") -> list[dt.date]:
    return replace_journal(warehouse, mode, "25k", rows, run_id=run_id, at=AT)


def journal(warehouse: Warehouse, mode: str = "replay") -> pd.DataFrame:
    with warehouse.transaction() as connection:
        return select_journal(connection, mode, "25k")


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse.duckdb")


def test_written_again_the_same_rows_stay_as_they_are_with_their_numbers(warehouse: Warehouse) -> None:
    assert len(replace(warehouse, rows_of(5))) == 5
    before = journal(warehouse)
    assert replace(warehouse, rows_of(5), run_id="another run") == []
    pd.testing.assert_frame_equal(journal(warehouse), before)
    assert before["journal_id"].is_unique
    assert len(before) == 15


def test_a_day_that_differs_is_replaced_whole_and_the_others_are_left(warehouse: Warehouse) -> None:
    replace(warehouse, rows_of(3))
    before = journal(warehouse)
    changed = rows_of(3)
    changed.loc[4, "pnl_r"] = -1.0
    assert replace(warehouse, changed, run_id="second") == [FIRST + dt.timedelta(days=1)]
    after = journal(warehouse)
    assert after["run_id"].tolist() == ["run"] * 3 + ["second"] * 3 + ["run"] * 3
    assert after["pnl_r"].tolist() == changed["pnl_r"].tolist()
    kept = after["run_id"] == "run"
    pd.testing.assert_frame_equal(after[kept], before[kept])


def test_days_that_are_no_longer_traded_are_emptied(warehouse: Warehouse) -> None:
    replace(warehouse, rows_of(4))
    replace(warehouse, rows_of(2))
    assert journal(warehouse)["trading_day"].nunique() == 2
    assert replace(warehouse, rows_of(0 + 1).head(0)) == [FIRST, FIRST + dt.timedelta(days=1)]
    assert journal(warehouse).empty


def test_other_modes_and_accounts_are_not_touched(warehouse: Warehouse) -> None:
    replace(warehouse, rows_of(2), mode="paper")
    replace_journal(warehouse, "replay", "50k", rows_of(2), run_id="run", at=AT)
    replace(warehouse, rows_of(1))
    replace(warehouse, rows_of(0 + 1).head(0))
    assert len(journal(warehouse, "paper")) == 6
    assert warehouse.frame("select count(*) as n from trade_journal where account = '50k'")["n"].item() == 6


def test_an_unknown_mode_is_refused_by_the_table_and_nothing_is_written(warehouse: Warehouse) -> None:
    with pytest.raises(duckdb.ConstraintException):
        replace(warehouse, rows_of(2), mode="dream")
    assert warehouse.frame("select count(*) as n from trade_journal")["n"].item() == 0


WRITE = """
import sys, time
from contextlib import contextmanager
from pathlib import Path
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.storage.test_journal import replace, rows_of

whole = Warehouse.transaction
count = 0

@contextmanager
def stopping(self):
    global count
    with whole(self) as connection:
        yield connection
        count += 1
        stop("inside")
    stop("after")

def stop(moment):
    if [moment, str(count)] == sys.argv[3:]:
        print("here", flush=True)
        time.sleep(60)

Warehouse.transaction = stopping
replace(Warehouse(Path(sys.argv[1])), rows_of(400, 20, pnl_r=float(sys.argv[2])))
"""


@pytest.mark.parametrize("moment", ["inside", "after"])
@pytest.mark.parametrize("transaction", [2, 3, 5])
def test_killed_inside_or_after_any_transaction_it_holds_whole_days_old_or_new(
    tmp_path: Path, moment: str, transaction: int
) -> None:
    """Real processes, real SIGKILL."""
    path = tmp_path / "warehouse.duckdb"
    replace(Warehouse(path), rows_of(400, 20, pnl_r=0.0))
    command = [sys.executable, "-c", WRITE, str(path), "1.0", moment, str(transaction)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    process.kill()
    process.communicate()
    days = journal(Warehouse(path)).groupby("trading_day")["pnl_r"].agg(["size", "nunique", "first"])
    assert len(days) == 400
    assert (days["size"] == 20).all()
    assert (days["nunique"] == 1).all()
    written = transaction - 1 - (moment == "inside")  # the first transaction reads
    assert bool((days["first"] == 1.0).any()) == (written > 0)
    assert (days["first"] == 0.0).any()
    replace(Warehouse(path), rows_of(400, 20, pnl_r=1.0))
    assert (journal(Warehouse(path))["pnl_r"] == 1.0).all()
