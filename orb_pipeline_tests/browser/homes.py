"""A home that a trader would look at: research on real gold, paper days, an open one, alerts, a halt that is over."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.intake.ingest import ingest_file
from orb_pipeline.orchestration.paper.trader import PaperTrader
from orb_pipeline.orchestration.run import run_graph
from orb_pipeline.orchestration.verdicts import add_waiver
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import Home
from orb_pipeline.storage.alerts import Alert, Severity, raise_alert
from orb_pipeline.storage.files import appearing_whole
from orb_pipeline.storage.paper import TradingEvent, record_events
from orb_pipeline_tests.data import real_data

ACCOUNT, SYMBOL = "25k", "XAUUSD"
FINISHED, OPEN = dt.date(2026, 3, 2), dt.date(2026, 3, 3)
"""A paper day that is over, and one that is not."""
BARS_OF_THE_OPEN_DAY = 480
_CUT = pd.Timestamp("2026-03-01 23:00", tz="UTC")


def workshop_of(home: Home) -> Workshop:
    return Workshop(home, load_catalogue(home.catalogue))


def build_account(root: Path) -> Home:
    """Three months of real gold, built up to the journal of the replay."""
    home = Home.at(root)
    home.catalogue.mkdir(parents=True)
    (home.catalogue / "accounts.yaml").write_text("accounts: {25k: {equity: 250000}}\n", encoding="utf-8")
    (home.catalogue / "portfolio.yaml").write_text("selection: {min_overlap_days: 20}\n", encoding="utf-8")
    catalogue, now = load_catalogue(home.catalogue), dt.datetime.now(dt.UTC)
    path = root / "before.parquet"
    gold = _gold()
    gold[gold["ts_utc"] < _CUT].to_parquet(path)
    ingest_file(home, catalogue, path, SYMBOL, now=now)
    until, why = now.date() + dt.timedelta(days=3), "three months are too few for folds"
    add_waiver(workshop_of(home).warehouse, catalogue, "walk_forward", "no_degradation", ACCOUNT, why, until, now)
    summaries = run_graph(home, catalogue, account=ACCOUNT)
    assert all(summary.succeeded for summary in summaries), [summary.message for summary in summaries]
    return home


def trade_on_paper(home: Home) -> None:
    """A day that is over, part of the next, and what a trader is told besides."""
    gold = _gold()
    day = (gold["ts_utc"] + pd.Timedelta(hours=1)).dt.date
    open_day = gold[day == OPEN].head(BARS_OF_THE_OPEN_DAY)
    _deliver(home, pd.concat([gold[day == FINISHED], open_day.head(240)]), "0001.csv")
    workshop = workshop_of(home)
    trader = PaperTrader(workshop, workshop.catalogue.account(ACCOUNT), "a test")
    trader.step()
    _deliver(home, open_day.iloc[240:], "0002.csv")
    trader.step()
    _tell(workshop)


def _tell(workshop: Workshop) -> None:
    at = dt.datetime(2026, 3, 3, 8, tzinfo=dt.UTC)
    query = "select strategy_id from trade_journal where mode = 'paper' and trading_day = ? order by 1 limit 1"
    (strategy,) = workshop.warehouse.frame(query, [FINISHED])["strategy_id"]
    with workshop.warehouse.transaction() as connection:
        connection.execute("delete from monitor_alerts")
        about = {"account": ACCOUNT, "instrument": SYMBOL, "raised_at": at}
        drift = "Expectancy <below> half of the backtest's."
        raise_alert(
            connection,
            Alert(
                alert="expectancy_drift",
                condition="drift",
                severity=Severity.CRITICAL,
                message=drift,
                strategy_id=strategy,
                trading_day=FINISHED,
                value=-0.12,
                threshold=0.2,
                **about,
            ),
        )
        size = "Ranges of 0900 are twice their usual size."
        raise_alert(
            connection,
            Alert(alert="orb_size", condition="size", severity=Severity.INFO, message=size, value=2.1, **about),
        )
        halts = [
            TradingEvent(event_ts=at, event=event, reason=f"{event} by hand", source=f"test:{event}")
            for event in ("halt", "resume")
        ]
        record_events(connection, halts, at)


def _gold() -> pd.DataFrame:
    files = [real_data("gold_spot_recent", f"{year}.parquet") for year in (2025, 2026)]
    return pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)


def _deliver(home: Home, bars: pd.DataFrame, name: str) -> None:
    with appearing_whole(home.landing / SYMBOL / name) as path:
        bars.to_csv(path, index=False)
