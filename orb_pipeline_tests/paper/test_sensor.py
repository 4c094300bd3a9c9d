"""From a landed file to the journal through Dagster: sensor, daemon and run, killed or not."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import dagster as dg
import pandas as pd
import psutil
import pytest

from orb_pipeline.catalogue import Account, load_catalogue
from orb_pipeline.orchestration.instance import open_instance
from orb_pipeline.orchestration.paper import sensor
from orb_pipeline.orchestration.paper.halting import halt
from orb_pipeline.orchestration.paper.lock import trading_alone
from orb_pipeline.orchestration.paper.occasions import occasion
from orb_pipeline.orchestration.paper.sensor import new_bars_sensor, paper_trading_job
from orb_pipeline.orchestration.resources import resources
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import HOME_VARIABLE, Home
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.tables import LANDED_BARS
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.orchestration.serving import eventually, free_port, serving, start
from orb_pipeline_tests.paper.feeding import Feed
from orb_pipeline_tests.paper.homes import BUSY, Desk, dates
from orb_pipeline_tests.paper.journals import assert_equals_replay, trader

JOURNAL = "select strategy_id, entry_ts, exit_ts, outcome from trade_journal where mode = 'paper' order by all"


def journalled(home: Home) -> pd.DataFrame:
    return Warehouse(home.warehouse).frame(JOURNAL)


def evaluate(home: Home, instance: dg.DagsterInstance, cursor: str | None = None) -> dg.SensorExecutionData:
    with dg.build_sensor_context(instance=instance, cursor=cursor, sensor_name="new_bars_sensor") as context:
        return new_bars_sensor.evaluate_tick(context)


@pytest.fixture
def fed(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Home, Feed]:
    """A home, known to the sensor, and three hundred bars on their way to it."""
    home = desk.copy(tmp_path / "home")
    monkeypatch.setenv(HOME_VARIABLE, str(home.root))
    return home, Feed(home, desk.symbol, desk.days(1))


def test_a_file_that_lands_is_a_journalled_trade_soon_after(fed: tuple[Home, Feed]) -> None:
    home, feed = fed
    with serving(home):
        feed.deliver(0, 300)
        eventually(lambda: not journalled(home).empty)
        rows = journalled(home)
        feed.deliver(300, 700)
        eventually(lambda: not journalled(home).equals(rows))
    assert list(feed.folder.glob("[0-9]*")) == []


def test_nothing_to_trade_is_said_so(fed: tuple[Home, Feed]) -> None:
    home, _ = fed
    with open_instance(home) as instance:
        assert "No bars wait" in str(evaluate(home, instance).skip_message)


def test_a_batch_is_asked_for_once_and_has_one_name_before_and_after_it_is_taken(
    fed: tuple[Home, Feed], desk: Desk
) -> None:
    home, feed = fed
    feed.deliver(0, 100)
    feed.deliver(100, 200)
    with open_instance(home) as instance:
        asked = evaluate(home, instance)
        (request,) = asked.run_requests or ()
        assert request.tags["orb/account"] == BUSY
        now = time.time()
        account = load_catalogue(home.catalogue).account(BUSY)
        before = occasion(home, account, [desk.symbol], now, 300.0)
        trader(home, BUSY).step()
        assert occasion(home, account, [desk.symbol], now, 300.0) == before == asked.cursor
        later = occasion(home, account, [desk.symbol], now + 2 * 86_400, 300.0)
        assert later != before, "once the day is over it has another"
        feed.deliver(200, 210)
        again = evaluate(home, instance, asked.cursor)
        assert [item.run_key for item in again.run_requests or ()] != [request.run_key]


def test_a_halt_is_a_reason_to_run_though_no_file_comes(fed: tuple[Home, Feed]) -> None:
    home, feed = fed
    feed.deliver(0, 100)
    with open_instance(home) as instance:
        asked = evaluate(home, instance)
        halt(home, "news", dt.datetime.now(dt.UTC))
        again = evaluate(home, instance, asked.cursor)
    assert again.cursor != asked.cursor
    assert [item.run_key for item in again.run_requests or ()] == [again.cursor]


def test_what_goes_by_the_clock_has_its_runs_though_no_file_comes(fed: tuple[Home, Feed], desk: Desk) -> None:
    home, feed = fed
    account, now = load_catalogue(home.catalogue).account(BUSY), 1_772_500_000.0  # in the first hours of a trading day
    os.utime(feed.deliver(0, 100), (now, now))
    sent = account.model_copy(update={"broker": "signals"})

    def said(of: Account, seconds: float) -> str:
        found = occasion(home, of, [desk.symbol], now + seconds, 300.0)
        assert found is not None
        return found.partition(" ")[2]

    assert {said(account, seconds) for seconds in (1, 30, 299)} == {""}, "one instrument waits for no other"
    assert {said(account, seconds) for seconds in (300, 3600)} == {"quiet"}, "its last file may have ended a day"
    assert [said(sent, 60.0 * minutes + 30) for minutes in (0, 1, 2, 59)] == [
        "quiet 0",
        "quiet 1",
        "quiet 2",
        "quiet 59",
    ]
    assert {said(of, 2 * 86_400) for of in (account, sent)} == {"end"}
    Lake(home.lake_url).write("landed_bars", "MGC", LANDED_BARS.empty_table())
    assert [said(account, seconds) for seconds in (19, 21, 39, 41, 170)] == [
        "",
        "quiet 0",
        "quiet 0",
        "quiet 1",
        "quiet 3",
    ]


def test_a_run_that_fails_again_and_again_is_asked_for_less_and_less_often(
    fed: tuple[Home, Feed], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _ = fed
    with open_instance(home) as instance:
        for attempt in range(3):
            key = "batch" if attempt == 0 else f"batch#{attempt}"
            run = instance.create_run_for_job(paper_trading_job, tags={"dagster/run_key": key})
            instance.report_run_failed(run)
            failed_at = time.time()
            for seconds, expected in ((0.9, None), (1.1, attempt + 1)):
                later = failed_at + seconds * sensor.RETRY_SECONDS * 2**attempt
                monkeypatch.setattr(sensor.time, "time", lambda later=later: later)
                assert sensor._attempt(instance, "batch") == expected
                monkeypatch.undo()


def test_it_leaves_an_account_to_the_one_who_follows_it_and_says_who(fed: tuple[Home, Feed]) -> None:
    home, feed = fed
    feed.deliver(0, 100)
    now = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    with open_instance(home) as instance, trading_alone(home, BUSY, "follow", now):
        said = str(evaluate(home, instance).skip_message)
    assert f"process {os.getpid()}" in said
    assert "2026-03-02 00:00:00 UTC" in said


def test_a_run_observes_the_journal_and_old_runs_go(fed: tuple[Home, Feed]) -> None:
    home, feed = fed
    feed.deliver(0, 300)
    workshop = Workshop(home, load_catalogue(home.catalogue))
    with open_instance(home) as instance:
        result = paper_trading_job.execute_in_process(instance=instance, resources=resources(workshop))
        (observation,) = [event for event in result.all_events if event.is_asset_observation]
        facts = observation.asset_observation_data.asset_observation.metadata
        assert facts["files"].value == 1
        assert facts["account"].value == BUSY
        now = dt.datetime.now(dt.UTC)
        sensor._prune(instance, now + dt.timedelta(days=sensor.KEPT_DAYS - 1))
        assert instance.get_run_by_id(result.run_id) is not None
        sensor._prune(instance, now + dt.timedelta(days=sensor.KEPT_DAYS, hours=1))
        assert instance.get_run_by_id(result.run_id) is None
    assert len(journalled(home)) > 0, "what a run did outlives the run"


def test_killed_at_five_moments_with_its_daemon_it_journals_what_the_replay_trades(
    fed: tuple[Home, Feed], desk: Desk
) -> None:
    """Everything is killed: as a file waits, as a run begins, as it is taken, as a row is written, at the day's end."""
    home, feed = fed
    bars = desk.days(1)
    parts = [0, 300, 500, 800, 1200, len(bars)]
    rows = len(journalled(home))
    note = home.root / "locks" / f"paper-{BUSY}.json"
    moments: list[Callable[[], bool]] = [
        lambda: True,
        note.exists,
        lambda: not list(feed.folder.glob("[0-9]*")),
        lambda: len(journalled(home)) != rows,
        lambda: bool(list((home.tape / "days").glob("*.parquet"))),
    ]
    for (first, last), moment in zip(itertools.pairwise(parts), moments, strict=True):
        process = start(home, free_port())
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http")
        rows = len(journalled(home))
        feed.deliver(first, last)
        eventually(moment)
        kill_family(process)
    *days, _ = dates(bars)
    with serving(home):
        eventually(lambda: is_finished(home))
    assert_equals_replay(home, BUSY, [desk.symbol], days)


def is_finished(home: Home) -> bool:
    frame = Warehouse(home.warehouse).frame("select count(finished_at) as days from paper_days")
    return bool(frame["days"].iloc[0])


def kill_family(process: subprocess.Popen[str]) -> None:
    """SIGKILL for `orb ui` and for everything that it has started, runs included."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    psutil.wait_procs(family, timeout=10)
