"""An account's tables after a replay of three hand-written days, stored and read back, and its gates put to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from orb_pipeline.catalogue import Catalogue, PortfolioRules
from orb_pipeline.execution.backtest import backtest_trades
from orb_pipeline.execution.limits import with_unlimited_r
from orb_pipeline.execution.replay import replay_historical
from orb_pipeline.execution.results import daily_results
from orb_pipeline.market.trading_day import date_of, dates_of
from orb_pipeline.orchestration.gates import Evidence, GateResult, gates_of
from orb_pipeline.orchestration.rows import WAREHOUSE_TABLES
from orb_pipeline.orchestration.stored import StoredTable
from orb_pipeline.orchestration.trading import rows_of
from orb_pipeline.portfolio.model import Portfolio, PortfolioStrategy
from orb_pipeline.storage.journal import replace_journal
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.execution.days import GRID, INSIDE, LOST, WON, backtest_of, bars_of_days, history_of, session
from orb_pipeline_tests.execution.members import member, portfolio_of, whole_grid
from orb_pipeline_tests.orchestration.journals import CREATED
from orb_pipeline_tests.series import BRISBANE, CATALOGUE, DAY

ACCOUNT = "25k"
MEMBERS = (
    member("0900", "E2"),
    member("0900", "E1", 3.0),
    member("1000", "E2"),
    member("1000", "E3", 1.0),
    member("1100", "E1"),
    member("1100", "E2", 3.0),
)
HISTORY = history_of(
    bars_of_days(
        session(WON) | session(LOST, minute=60) | session(INSIDE, minute=120),
        session(LOST) | session(WON, minute=60) | session(WON, minute=120),
        session(INSIDE) | session(INSIDE, WON, minute=60) | session(LOST, minute=120),
    )
)
FOLDS = ((DAY, DAY), (DAY + 1, DAY + 2))
"""First and last day of the tests of walk-forward."""
Fault = Callable[[pd.DataFrame], pd.DataFrame]


def catalogue_with(**rules: Any) -> Catalogue:
    """The packaged catalogue with other thresholds of an account's gates."""
    document = CATALOGUE.portfolio.model_dump()
    return replace(CATALOGUE, portfolio=PortfolioRules.model_validate(document | {"gates": document["gates"] | rules}))


def as_stored(data: pd.DataFrame | pa.Table) -> StoredTable:
    table = pa.Table.from_pandas(data, preserve_index=False) if isinstance(data, pd.DataFrame) else data
    return StoredTable("a hash", lambda: table)


@dataclass(frozen=True)
class Tables:
    """Tables by the names that gates see."""

    stored: Mapping[str, StoredTable]

    def judge(self, asset: str, check: str, catalogue: Catalogue = CATALOGUE, account: str = ACCOUNT) -> GateResult:
        (gate,) = [gate for gate in gates_of(asset) if gate.check == check]
        return gate.judge(Evidence(asset, account, catalogue, self.stored, lambda _: HISTORY.study))

    def with_fault(self, name: str, fault: Fault) -> Tables:
        """With one table changed; what it returns is stored as it is."""
        return Tables({**self.stored, name: as_stored(fault(self.stored[name].pandas().copy()))})

    def with_table(self, name: str, data: pd.DataFrame | pa.Table) -> Tables:
        return Tables({**self.stored, name: as_stored(data)})


def make_tables(folder: Path) -> Tables:
    """Replay, store in a lake and a warehouse of `folder`, read back."""
    lake, warehouse = Lake(str(folder / "lake")), Warehouse(folder / "warehouse.duckdb")
    account, backtest = CATALOGUE.account(ACCOUNT), backtest_of(HISTORY)
    portfolio = portfolio_of(MEMBERS)
    entries = replay_historical(portfolio, account, {"MGC": HISTORY}).entries
    trades = backtest_trades(MEMBERS, {"MGC": backtest}, HISTORY.days.tolist())
    entries = with_unlimited_r(entries, trades).assign(simulated=False)
    lake.write("replay_trades", ACCOUNT, entries)
    lake.write("replay_results", ACCOUNT, daily_results(entries, account, simulated=False))
    with warehouse.transaction() as connection:
        WAREHOUSE_TABLES["portfolio"].replace(connection, ACCOUNT, rows_of(portfolio, simulated=False))
    tests = [_tested(portfolio, days) for days in FOLDS]
    journal = {"replay": entries.drop(columns="unlimited_r"), "walk_forward": pd.concat(tests, ignore_index=True)}
    for mode, written in journal.items():
        replace_journal(warehouse, mode, ACCOUNT, written, run_id="a run", at=CREATED)
    with warehouse.transaction() as connection:
        rows = {name: WAREHOUSE_TABLES[name].stored(connection, ACCOUNT) for name in ("portfolio", "trade_journal")}
    in_lake = {name: lake.snapshot(name, ACCOUNT).arrow for name in ("replay_trades", "replay_results")}
    return Tables(
        {
            **rows,
            **{name: StoredTable("a hash", read) for name, read in in_lake.items()},
            "walk_forward": as_stored(_summary(tests)),
            "portfolio_candidates": as_stored(candidates_of(MEMBERS, {"correlation": 3, "expectancy": 2})),
            "portfolio_correlations": as_stored(correlations_of(MEMBERS)),
            "trading_days:MGC": as_stored(_trading_days()),
            "daily_features:MGC": as_stored(backtest.features),
            "orb_outcomes:MGC": as_stored(backtest.outcomes),
            "experimental_strategies:MGC": as_stored(_grid()),
        }
    )


def candidates_of(members: tuple[PortfolioStrategy, ...], fallen: Mapping[str, int]) -> pd.DataFrame:
    """As far as gates look: the members, and candidates that fell by these reasons."""
    reasons = [reason for reason, count in fallen.items() for _ in range(count)]
    rows: list[tuple[str, bool, str | None]] = [(strategy.strategy_id, True, None) for strategy in members]
    rows += [(f"fallen {number}", False, reason) for number, reason in enumerate(reasons)]
    return pd.DataFrame(rows, columns=["strategy_id", "taken", "reason"])


def correlations_of(members: tuple[PortfolioStrategy, ...], known: float = 0.2) -> pd.DataFrame:
    """All alike, those of members four places apart unknown."""
    names = [strategy.strategy_id for strategy in members]
    rows = [
        (first, second, 1.0 if first == second else np.nan if abs(one - other) == 4 else known)
        for (one, first), (other, second) in product(enumerate(names), enumerate(names))
    ]
    return pd.DataFrame(rows, columns=["strategy_id", "other_id", "correlation"])


def _tested(portfolio: Portfolio, days: tuple[int, int]) -> pd.DataFrame:
    """The test of a fold: a run of its own, with the starting equity."""
    result = replay_historical(portfolio, CATALOGUE.account(ACCOUNT), {"MGC": HISTORY}, days=days)
    return result.entries.assign(simulated=False)


def _summary(tests: list[pd.DataFrame]) -> pd.DataFrame:
    """`walk_forward` as far as the journal's gates look: a row a fold, and one of all."""
    rows = [
        (
            number,
            *(pd.Timestamp(date_of(day)) for day in days),
            int(entries["risk_check_passed"].sum()),
            int((~entries["risk_check_passed"]).sum()),
            float(entries["pnl_r"].sum()),
            float(entries["pnl_dollars"].sum()),
        )
        for number, (entries, days) in enumerate(zip(tests, FOLDS, strict=True), start=1)
    ]
    totals = [f"account_{name}" for name in ("trades", "rejections", "pnl_r", "pnl_dollars")]
    folds = pd.DataFrame(rows, columns=["fold", "test_start", "test_end", *totals])
    spanned = {"test_start": folds["test_start"].min(), "test_end": folds["test_end"].max()}
    whole = folds[totals].sum().to_frame().T.assign(**spanned)
    return pd.concat([folds, whole], ignore_index=True)


def _grid() -> pd.DataFrame:
    """`experimental_strategies` as far as a sample looks."""
    return pd.DataFrame(map(vars, whole_grid(GRID, BRISBANE.labels))).drop(columns=["weight", "max_contracts"])


def _trading_days() -> pd.DataFrame:
    days = dates_of(HISTORY.days).astype("datetime64[s]")
    return pd.DataFrame({"trading_day": days, "source_symbol": ["MGCZ4", None, "MGCZ4"]})
