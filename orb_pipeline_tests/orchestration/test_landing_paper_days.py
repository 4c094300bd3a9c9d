"""The bars of a paper day on their way to research: told while they have not landed, whoever lands them."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from orb_pipeline.intake.ingest import ingest_file
from orb_pipeline.market.trading_day import number_of
from orb_pipeline.orchestration.landed_market import span_of
from orb_pipeline.orchestration.monitoring import read_facts
from orb_pipeline.orchestration.paper.trader import PaperTrader
from orb_pipeline.settings import Home
from orb_pipeline_tests.acceptance.command import orb
from orb_pipeline_tests.data import real_data
from orb_pipeline_tests.orchestration.reconciled import (
    ACCOUNT,
    CATALOGUE,
    DAY,
    MEMBERS,
    Desk,
)


@dataclass
class Conflict:
    """A paper day that did not land: other prices of its first half had landed while it was traded."""

    desk: Desk
    bars: pd.DataFrame
    trader: PaperTrader

    @classmethod
    def of(cls, home: Home) -> Conflict:
        bars = pd.read_parquet(real_data("gold_spot_recent", "2026.parquet"))
        first, end = span_of(number_of(DAY))
        day = bars[(bars["ts_utc"] >= first) & (bars["ts_utc"] < end)]
        desk = Desk(home)
        desk.land(bars[bars["ts_utc"] < first], "before")
        desk.begin(ACCOUNT, DAY, MEMBERS)
        conflict = cls(desk, bars, PaperTrader(desk.workshop, ACCOUNT, "a test"))
        half = len(day) // 2
        conflict.feed(day[:half], "1.csv")
        prices = ["open", "high", "low", "close"]
        desk.land(day[:half].assign(**{name: day[:half][name] + 1 for name in prices}), "other")
        conflict.feed(pd.concat([day[half:], bars[bars["ts_utc"] >= end].head(1)]), "2.csv")
        return conflict

    @property
    def kept(self) -> Path:
        return self.desk.home.tape / "days" / f"{DAY}-XAUUSD.parquet"

    def feed(self, bars: pd.DataFrame, name: str) -> None:
        self.desk.deliver(bars, name)
        self.trader.step()

    def status(self) -> str:
        (found,) = self.desk.frame("select status from monitor_alerts where alert = 'day_not_landed'")["status"]
        return str(found)


def test_a_day_that_did_not_land_is_told_until_it_is_landed_by_hand(home: Home) -> None:
    conflict = Conflict.of(home)
    assert conflict.status() == "open"
    bars = pd.read_parquet(conflict.kept)
    some = home.root / "some.parquet"
    bars.tail(20).to_parquet(some)
    assert orb(home.root, "ingest", some, "--instrument", "XAUUSD").code == 0
    assert conflict.status() == "open"  # most of it is missing
    answer = orb(home.root, "ingest", conflict.kept, "--instrument", "XAUUSD", "--replace")
    assert (answer.code, conflict.status()) == (0, "resolved"), answer.err


def test_a_day_that_has_landed_since_is_told_no_more_when_the_next_one_lands(home: Home) -> None:
    conflict = Conflict.of(home)
    later = dt.datetime.now(dt.UTC)
    ingest_file(home, CATALOGUE, conflict.kept, "XAUUSD", replace=True, now=later)
    assert conflict.status() == "open"
    end = span_of(number_of(DAY))[1]
    rest = conflict.bars[conflict.bars["ts_utc"] >= end]
    conflict.feed(rest[rest["ts_utc"] < end + pd.Timedelta(days=1, minutes=5)].iloc[1:], "3.csv")
    assert conflict.status() == "resolved"


def test_what_the_trader_keeps_of_a_day_is_no_sign_of_life_of_its_feed(home: Home) -> None:
    conflict = Conflict.of(home)
    came = dt.datetime(2026, 3, 10, 21, 59, tzinfo=dt.UTC)
    end = span_of(number_of(DAY))[1]
    rest = conflict.bars[conflict.bars["ts_utc"] >= end]
    conflict.desk.deliver(rest[rest["ts_utc"] < end + pd.Timedelta(days=1, minutes=5)].iloc[1:], "3.csv")
    for path in [conflict.desk.home.landing / "XAUUSD" / "3.csv", *home.tape.glob("*-XAUUSD-*")]:
        os.utime(path, (came.timestamp(), came.timestamp()))
    conflict.kept.unlink()
    conflict.trader.step()
    assert (home.tape / "days" / f"{DAY + dt.timedelta(days=1)}-XAUUSD.parquet").exists()
    (feed,) = (feed for feed in read_facts(conflict.desk.workshop, came).feeds if feed.instrument == "XAUUSD")
    assert feed.newest == came
