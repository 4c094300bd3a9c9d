"""What a home's paper trading has left behind, and what it should have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import pandas as pd

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.execution.history import History
from orb_pipeline.execution.journal import COLUMNS
from orb_pipeline.execution.replay import ReplayResult, replay_historical
from orb_pipeline.intake.landed import landed_bars
from orb_pipeline.market.front_month import front_month_bars
from orb_pipeline.market.trading_day import number_of
from orb_pipeline.orchestration.paper.trader import PaperTrader
from orb_pipeline.orchestration.trading import portfolio_of
from orb_pipeline.orchestration.workshop import Workshop, utc_now
from orb_pipeline.research.study import Study
from orb_pipeline.settings import Home
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.warehouse import Warehouse

_QUERIES = {
    "journal": "select * exclude (journal_id, run_id, created_at) from trade_journal where mode = 'paper' "
    "order by account, trading_day, strategy_id",
    "events": "select account, instrument, trading_day, event, check_name, reason, source from trading_events "
    "order by source",
    "rejected": "select instrument, source_file, source_hash, row_number, reason, raw from rejected_bars order by all",
    "days": "select * exclude (began_at, finished_at), finished_at is not null as is_finished from paper_days "
    "order by account, trading_day",
    # Alerts of the trader itself; others are evaluated beside it, by the clock.
    "alerts": "select condition, severity, instrument, trading_day, value, status from monitor_alerts "
    "where alert in ('bars_rejected', 'reconciliation') order by condition",
    "reconciled": "select * exclude (reconciled_at) from reconciled_days order by account, trading_day",
    "differences": "select * exclude (reconciled_at) from reconciliation order by account, trading_day, strategy_id",
}


def trader(home: Home, account: str, now: Callable[[], dt.datetime] = utc_now) -> PaperTrader:
    catalogue = load_catalogue(home.catalogue)
    return PaperTrader(Workshop(home, catalogue, now=now), catalogue.account(account), "a test")


def left_behind(home: Home, symbols: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Everything that must not depend on when, how often and by whom steps were taken; without numbers and clocks."""
    warehouse = Warehouse(home.warehouse)
    found = {name: warehouse.frame(query) for name, query in _QUERIES.items()}
    return found | {f"landed {symbol}": landed(home, symbol) for symbol in symbols}


def landed(home: Home, symbol: str) -> pd.DataFrame:
    return landed_bars(Lake(home.lake_url), Warehouse(home.warehouse), symbol).astype({"source_symbol": str})


def assert_same(found: dict[str, pd.DataFrame], expected: dict[str, pd.DataFrame]) -> None:
    assert found.keys() == expected.keys()
    for name, frame in expected.items():
        pd.testing.assert_frame_equal(found[name], frame, obj=name)


def replayed(home: Home, account: str, symbols: Sequence[str], days: Sequence[dt.date]) -> ReplayResult:
    """The account's replay of these days, on the bars that have landed."""
    catalogue = load_catalogue(home.catalogue)
    terms = catalogue.account(account)
    workshop = Workshop(home, catalogue)
    portfolio = portfolio_of(terms, workshop.table("portfolio", account).pandas())
    histories = {}
    for symbol in symbols:
        bars = front_month_bars(landed(home, symbol))
        study = Study.of(bars, catalogue.instrument(symbol), catalogue.sessions_of(symbol), catalogue.grid)
        histories[symbol] = History(study)
    return replay_historical(portfolio, terms, histories, days=(number_of(min(days)), number_of(max(days))))


def paper_journal(home: Home, account: str, days: Sequence[dt.date]) -> pd.DataFrame:
    """The account's paper rows of these days; columns of JournalEntry."""
    query = "select * from trade_journal where mode = 'paper' and account = ?"
    rows = Warehouse(home.warehouse).frame(query, [account])
    rows["trading_day"] = pd.to_datetime(rows["trading_day"]).dt.date
    return _in_order(rows[rows["trading_day"].isin(days)])


def assert_equals_replay(home: Home, account: str, symbols: Sequence[str], days: Sequence[dt.date]) -> pd.DataFrame:
    """Row by row, every column; and the limits reached. The journal."""
    expected = replayed(home, account, symbols, days)
    journal = paper_journal(home, account, days)
    pd.testing.assert_frame_equal(journal, _in_order(expected.entries), check_dtype=False)
    query = "select trading_day, event_ts, check_name from trading_events where event = 'limit' and account = ?"
    limits = Warehouse(home.warehouse).frame(query + " order by 1", [account])
    limit_days = pd.to_datetime(limits["trading_day"]).dt.date
    found = list(zip(limit_days, limits["event_ts"], limits["check_name"], strict=True))
    assert found == [(halt.trading_day, halt.at, halt.check) for halt in expected.halts if halt.trading_day in days]
    return journal


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[list(COLUMNS)].sort_values(["trading_day", "strategy_id"], ignore_index=True)
