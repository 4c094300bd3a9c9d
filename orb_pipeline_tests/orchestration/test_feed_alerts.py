"""Alerts of feeds, by the files that lie where feeds put them: silence, gaps, and bars that nobody takes."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from orb_pipeline.feeds.feed import Gap
from orb_pipeline.feeds.landing import Landing
from orb_pipeline.intake.tape import Tape
from orb_pipeline.settings import Home
from orb_pipeline_tests.orchestration.watched import MEMBER, begin, evaluated, workshop_of


def written(path: Path, when: dt.datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("bars", encoding="utf-8")
    os.utime(path, (when.timestamp(), when.timestamp()))


@pytest.mark.parametrize(
    "place", ["landing/MGC/0001.csv", "tape/00000001-MGC-0001.csv", "tape/days/2024-11-21-MGC.parquet"]
)
def test_a_feed_is_silent_by_its_newest_file_wherever_that_is(home: Home, place: str) -> None:
    now = dt.datetime(2024, 11, 21, 15, 0, tzinfo=dt.UTC)
    workshop = workshop_of(home)

    def silent(minutes: int) -> list[str]:
        found = evaluated(workshop, now + dt.timedelta(minutes=minutes))
        return [change for alert, change in found if alert == "feed_silent"]

    written(home.root / place, now - dt.timedelta(minutes=9))
    assert (silent(0), silent(2), silent(40)) == ([], ["raised"], ["escalated"])
    written(home.landing / "MGC" / "0002.csv", now + dt.timedelta(minutes=41))
    assert silent(41) == ["resolved"]
    assert Tape(home).waiting(["MGC"])  # nothing was taken


def test_a_feed_that_never_came_is_missed_by_the_account_that_trades_today(home: Home) -> None:
    now = dt.datetime(2024, 11, 21, 15, 0, tzinfo=dt.UTC)
    workshop = workshop_of(home)
    begin(workshop, dt.date(2024, 11, 20), MEMBER)
    assert evaluated(workshop, now) == []
    begin(workshop, dt.date(2024, 11, 21), MEMBER)
    assert evaluated(workshop, now) == [("feed_silent", "raised")]


def test_bars_that_nobody_takes_are_told_until_somebody_does(home: Home) -> None:
    now = dt.datetime(2024, 11, 21, 15, 0, tzinfo=dt.UTC)
    workshop, waiting = workshop_of(home), home.landing / "MGC" / "0001.csv"
    written(waiting, now - dt.timedelta(minutes=4))
    assert evaluated(workshop, now) == []
    assert evaluated(workshop, now + dt.timedelta(minutes=2)) == [("bars_untaken", "raised")]
    waiting.unlink()
    assert evaluated(workshop, now + dt.timedelta(minutes=3)) == [("bars_untaken", "resolved")]


def test_what_a_feed_has_written_down_today_is_told_and_over_tomorrow(home: Home) -> None:
    workshop, now = workshop_of(home), dt.datetime(2024, 11, 21, 15, 0, tzinfo=dt.UTC)
    minute = int(now.timestamp()) // 60
    with Landing.held(home, "MGC", "csv") as landing:
        landing.log(Gap(minute - 5, minute - 5, "bars.csv: row 7 is no bar and is passed over"))
    assert evaluated(workshop, now) == [("feed_gaps", "raised")]
    assert evaluated(workshop, now + dt.timedelta(hours=1)) == []
    assert evaluated(workshop, now + dt.timedelta(hours=9)) == [("feed_gaps", "resolved")]


def test_a_list_of_gaps_that_cannot_be_read_is_told_and_keeps_no_other_alert_back(home: Home) -> None:
    workshop, now = workshop_of(home), dt.datetime(2024, 11, 21, 15, 0, tzinfo=dt.UTC)
    written(home.tape / "00000001-MGC-0001.csv", now - dt.timedelta(minutes=11))
    written(home.landing / "MGC" / ".gaps.csv", now)
    assert evaluated(workshop, now) == [("feed_silent", "raised")]  # a list without a line
    (home.landing / "MGC" / ".gaps.csv").write_text("from,to,reason\nyesterday,today,why", encoding="utf-8")
    assert evaluated(workshop, now) == [("feed_gaps", "raised")]
    assert "is no list of gaps" in workshop.warehouse.frame("select message from monitor_alerts")["message"].iloc[-1]
