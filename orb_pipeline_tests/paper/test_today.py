"""`orb today` shows the day that the trader trades, and leaves the home as it was."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.orchestration.paper.halting import halt
from orb_pipeline.orchestration.today import Today, read_today
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import Home
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.acceptance.command import orb
from orb_pipeline_tests.paper.feeding import Feed
from orb_pipeline_tests.paper.homes import BUSY, Desk, dates
from orb_pipeline_tests.paper.journals import trader


def today(home: Home) -> Today:
    catalogue = load_catalogue(home.catalogue)
    return read_today(Workshop(home, catalogue), catalogue.account(BUSY))


@pytest.fixture
def home(desk: Desk, tmp_path: Path) -> Home:
    return desk.copy(tmp_path / "home")


def test_it_shows_the_trades_of_the_journal_at_every_point_of_a_day(home: Home, desk: Desk) -> None:
    bars = desk.days(1)
    feed, trading = Feed(home, desk.symbol, bars), trader(home, BUSY)
    for first in range(0, 1_300, 260):
        feed.deliver(first, first + 260)
        trading.step()
        found = today(home)
        journal = Warehouse(home.warehouse).frame("select * from trade_journal where mode = 'paper'")
        shown = {item.strategy_id: item for item in found.strategies if item.state in ("entered", "exited", "refused")}
        assert set(shown) == set(journal["strategy_id"])
        for row in journal.to_dict("records"):
            item = shown[row["strategy_id"]]
            assert (item.contracts, item.direction, item.stop) == (
                row["contracts"],
                row["direction"],
                row["stop_price"],
            )
            assert item.entry == row["decided_price"]
            if item.state == "exited":
                assert (item.exit, item.result_r) == (row["exit_price"], row["pnl_r"])
        assert found.trading_day == dates(bars)[0]
        assert found.through == bars["ts_utc"].iloc[first + 259]
    assert len(shown) > 3
    assert {item.state for item in found.ranges} <= {"broken", "no_break"}


def test_it_takes_and_writes_nothing(home: Home, desk: Desk) -> None:
    feed, trading = Feed(home, desk.symbol, desk.days(1)), trader(home, BUSY)
    feed.deliver(0, 300)
    trading.step()
    feed.deliver(300, 310)
    before = content_of(home)
    found = today(home)
    assert found.waiting_files == 1
    assert found.through == desk.days(1)["ts_utc"].iloc[299]
    assert content_of(home) == before


def test_a_home_that_has_never_traded_says_so(home: Home) -> None:
    found = today(home)
    assert (found.state, found.trading_day, found.ranges) == ("no_day", None, ())
    answer = orb(home.root, "today", "--account", BUSY)
    assert answer.code == 0
    assert "No paper day of 25k is open" in answer.err


def test_what_stops_entries_is_told_with_its_reason(home: Home, desk: Desk) -> None:
    feed, trading = Feed(home, desk.symbol, desk.days(1)), trader(home, BUSY)
    feed.deliver(0, 30)
    trading.step()
    halt(home, "news at 14:00", dt.datetime.now(dt.UTC))
    assert today(home).stopped == {"halt": "news at 14:00"}
    answer = orb(home.root, "today", "--account", BUSY)
    assert answer.code == 0
    assert "No entries (halt): news at 14:00" in answer.err
    assert "high" in answer.out
    document = orb(home.root, "today", "--account", BUSY, "--json").json()
    assert document["state"] == "open"
    assert document["ranges"][0]["instrument"] == desk.symbol


def content_of(home: Home) -> dict[str, bytes]:
    """Every file of tape and landing, and the rows of the warehouse's paper tables."""
    files = {str(path): path.read_bytes() for folder in (home.tape, home.landing) for path in folder.rglob("*.*")}
    for table in ("trade_journal", "paper_days", "trading_events", "monitor_alerts"):
        files[table] = Warehouse(home.warehouse).frame(f"select * from {table} order by all").to_csv().encode()
    return files
