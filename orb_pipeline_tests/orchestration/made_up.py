"""Two account assets made up for tests, declared as real ones are: `counted` in the lake, with a table beside it, and
`remarked` in the warehouse. They stand in the place of the real ones while a test runs."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest

from orb_pipeline.orchestration import assets, gates, run, status, verdicts
from orb_pipeline.orchestration.assets.facts import Facts, account_asset
from orb_pipeline.orchestration.bench import AccountBench
from orb_pipeline.orchestration.gates import Evidence, Gate, GateResult
from orb_pipeline.orchestration.rows import WAREHOUSE_TABLES, Rows
from orb_pipeline.orchestration.scope import ScopeKind
from orb_pipeline.storage import tables
from orb_pipeline.storage.tables import LAKE_TABLES
from orb_pipeline.storage.warehouse import Warehouse

NAMES = ("counted", "remarked")
REMARKED = Rows(
    "remarked", ScopeKind.ACCOUNT, ("instrument",), only={"mode": ("replay",)}, remarks=("run_id", "written_at")
)
_COUNTED = pa.schema([("account", pa.string()), ("instrument", pa.string()), ("setups", pa.int64())])
_DAYS = pa.schema([("account", pa.string()), ("instrument", pa.string()), ("days", pa.int64())])


def declare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the two assets, their gates and their tables where real ones are declared."""
    declared = (
        *(gate for gate in gates.GATES if gate.scope is ScopeKind.INSTRUMENT),
        Gate("counted", "some", "Setups were counted", "made_up_some", ScopeKind.ACCOUNT),
        Gate("remarked", "some", "Something was remarked", "made_up_some", ScopeKind.ACCOUNT),
    )
    monkeypatch.setattr(gates, "GATES", declared)
    monkeypatch.setitem(sys.modules, f"{gates.__name__}.made_up_some", SimpleNamespace(judge=judge))
    for module in (gates, run, status, verdicts):
        monkeypatch.setattr(module, "ASSETS", (*gates.RESEARCH_ASSETS, *NAMES), raising=False)
        monkeypatch.setattr(module, "ACCOUNT_ASSETS", NAMES, raising=False)
    monkeypatch.setitem(LAKE_TABLES, "counted", _COUNTED)
    monkeypatch.setitem(LAKE_TABLES, "counted_days", _DAYS)
    monkeypatch.setattr(tables, "ACCOUNT_TABLES", {*tables.ACCOUNT_TABLES, "counted", "counted_days"})
    monkeypatch.setitem(WAREHOUSE_TABLES, "remarked", REMARKED)
    monkeypatch.setattr(assets, "OF_ACCOUNTS", (_counted(), _remarked()))
    job = dg.define_asset_job("account_job", dg.AssetSelection.assets(*NAMES), executor_def=dg.in_process_executor)
    monkeypatch.setattr(run, "account_job", job)
    monkeypatch.setattr(run, "JOBS", (run.research_job, job))


def make_table(warehouse: Warehouse) -> None:
    """The table of `remarked`, which no migration makes."""
    with warehouse.transaction() as connection:
        connection.execute(
            "create table if not exists remarked (mode varchar, account varchar, instrument varchar, setups bigint, "
            "run_id varchar, written_at timestamptz)"
        )


def judge(evidence: Evidence) -> GateResult:
    """Holds for an account that may have ten contracts, and shows what it was given."""
    enough = evidence.account.max_contracts >= 10
    facts = {"tables": ", ".join(sorted(evidence.tables)), "scope": evidence.scope}
    if "bars_1m:XAUUSD" in evidence.tables:
        facts["days"] = str(len(evidence.study("XAUUSD").series.days))
    return GateResult(enough, f"{evidence.account.max_contracts} contracts, 10 expected.", facts)


def _counted() -> dg.AssetsDefinition:
    @account_asset(group="account", kinds={"parquet"}, deps=["bars_1m", "trading_days", "validated_setups"])
    def counted(work: AccountBench) -> Facts:
        """Setups of each instrument whose research holds."""
        setups, days = [], []
        for symbol in work.holding().symbols:
            _, of_days, of_setups = work.read_instrument(symbol, "bars_1m", "trading_days", "validated_setups")
            setups.append((work.scope, symbol, of_setups.arrow().num_rows))
            days.append((work.scope, symbol, of_days.arrow().num_rows))
        work.write_beside("counted_days", pd.DataFrame(days, columns=_DAYS.names))
        work.write(pd.DataFrame(setups, columns=_COUNTED.names), span=None)
        return {"equity": work.account.equity}

    return counted


def _remarked() -> dg.AssetsDefinition:
    @account_asset(group="account", kinds={"duckdb"}, deps=["counted"])
    def remarked(work: AccountBench) -> Facts:
        """The same, as rows of the warehouse."""
        (counts,) = work.read("counted")
        work.read_beside("counted", "counted_days")
        make_table(work.workshop.warehouse)
        remarks = {"mode": "replay", "run_id": "a run", "written_at": work.workshop.now()}
        work.write_rows(lambda _: counts.pandas().assign(**remarks))
        return {}

    return remarked
