"""Two instruments on one tape: a minute is complete when both have reported it, or when waiting is over."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from orb_pipeline.intake.tape import MarkKind, Tape
from orb_pipeline.orchestration.paper.trader import Step
from orb_pipeline.orchestration.paper.waiting import PATIENCE_SECONDS
from orb_pipeline.settings import Home
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.paper.feeding import Feed
from orb_pipeline_tests.paper.homes import BUSY, TIGHT, Desk, dates
from orb_pipeline_tests.paper.journals import (
    assert_equals_replay,
    assert_same,
    left_behind,
    paper_journal,
    replayed,
    trader,
)

DAYS = 3
LATER = dt.timedelta(seconds=PATIENCE_SECONDS + 1)


class Pair:
    """Both feeds, by time; a clock that stands still until it is turned."""

    def __init__(self, home: Home, desk: Desk, days: int = DAYS) -> None:
        self.home = home
        self.symbols = sorted(desk.later)
        self.bars = {symbol: desk.days(days, symbol=symbol) for symbol in self.symbols}
        self.feeds = {symbol: Feed(home, symbol, self.bars[symbol]) for symbol in self.symbols}
        self.days = dates(self.bars[self.symbols[0]])[:days]
        self.clock = dt.datetime.now(dt.UTC)

    def deliver(self, symbol: str, first: dt.datetime, end: dt.datetime) -> None:
        """A file of the symbol's bars of the minutes [first, end)."""
        stamps = self.bars[symbol]["ts_utc"]
        start, stop = stamps.searchsorted(pd.Timestamp(first)), stamps.searchsorted(pd.Timestamp(end))
        if start < stop:
            path = self.feeds[symbol].deliver(int(start), int(stop))
            os.utime(path, (self.clock.timestamp(), self.clock.timestamp()))

    def feed_rest(self) -> None:
        """The first bars of the day after these days, so that they are over."""
        for symbol in self.symbols:
            self.deliver(symbol, at(self.days[-1], 24), at(self.days[-1], 25))

    def now(self) -> dt.datetime:
        return self.clock

    def through_marks(self) -> int:
        return sum(mark.kind is MarkKind.THROUGH for mark in Tape(self.home).read().marks)


@pytest.fixture
def pair(pair_desk: Desk, tmp_path: Path) -> Pair:
    return Pair(pair_desk.copy(tmp_path / "home"), pair_desk)


def at(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    """So long after the trading day's opening."""
    opening = dt.datetime.combine(day, dt.time(0), dt.UTC) - dt.timedelta(hours=1)
    return opening + dt.timedelta(hours=hour, minutes=minute)


def test_two_instruments_whose_files_come_as_they_like_equal_the_replay_of_both(pair: Pair) -> None:
    chance = random.Random(3)
    traders = {account: trader(pair.home, account, pair.now) for account in (BUSY, TIGHT)}
    reported = dict.fromkeys(pair.symbols, at(pair.days[0], 0))
    end = at(pair.days[-1], 24, 3)
    while min(reported.values()) < end:
        symbol = min(reported, key=reported.__getitem__) if chance.random() < 0.7 else chance.choice(pair.symbols)
        until = min(end, reported[symbol] + dt.timedelta(minutes=chance.choice([1, 5, 15, 60])))
        pair.deliver(symbol, reported[symbol], until)
        reported[symbol] = until
        for alone in traders.values():
            if chance.random() < 0.5:
                alone.step()
    for alone in traders.values():
        alone.step()

    for account in traders:
        journal = assert_equals_replay(pair.home, account, pair.symbols, pair.days)
        assert set(journal["instrument"]) == set(pair.symbols)
    assert pair.through_marks() == 0
    assert Warehouse(pair.home.warehouse).frame("select * from reconciliation where not explained").empty
    assert Warehouse(pair.home.warehouse).frame("select * from rejected_bars").empty


def test_an_account_that_is_days_behind_changes_nothing_for_another_and_catches_up(pair: Pair) -> None:
    fast, slow = (trader(pair.home, account, pair.now) for account in (BUSY, TIGHT))
    for day in pair.days:
        _feed_hours(pair, pair.symbols, day, 0, 24)
        fast.step()
        if day == pair.days[0]:
            slow.step()
    pair.feed_rest()
    fast.step()
    slow.step()
    for account in (BUSY, TIGHT):
        assert_equals_replay(pair.home, account, pair.symbols, pair.days)
    assert Warehouse(pair.home.warehouse).frame("select * from reconciliation where not explained").empty


def test_accounts_that_trade_one_after_the_other_when_days_are_over_all_trade_every_day(pair: Pair) -> None:
    for day in pair.days:
        _feed_hours(pair, pair.symbols, day, 0, 24)
        for symbol in pair.symbols:
            pair.deliver(symbol, at(day, 24), at(day, 24, 3))
        for account in (BUSY, TIGHT):
            trader(pair.home, account, pair.now).step()
    assert_equals_replay(pair.home, BUSY, pair.symbols, pair.days)
    assert_equals_replay(pair.home, TIGHT, pair.symbols, pair.days[1:])  # it was not known when the first day landed


def test_one_that_is_silent_is_waited_for_then_its_bars_are_late_and_the_journal_stands(pair: Pair) -> None:
    silent, other = pair.symbols
    day, quiet_from, quiet_to = pair.days[0], 3, 6
    _feed_hours(pair, pair.symbols, day, 0, quiet_from)
    alone = trader(pair.home, BUSY, pair.now)
    before = alone.step()
    pair.deliver(other, at(day, quiet_from), at(day, quiet_to))
    assert _bars(alone.step()) == _bars(before)  # it waits
    pair.clock += LATER
    assert _bars(alone.step()) > _bars(before)
    assert pair.through_marks() == 1

    stands = paper_journal(pair.home, BUSY, pair.days)
    pair.deliver(silent, at(day, quiet_from), at(day, quiet_to))
    alone.step()
    late = Warehouse(pair.home.warehouse).frame(
        "select instrument, reason, count(*)::int as n from rejected_bars group by all"
    )
    minutes = _between(pair.bars[silent], at(day, quiet_from), at(day, quiet_to))
    assert late.to_dict("records") == [{"instrument": silent, "reason": "late_bar", "n": minutes}]
    pd.testing.assert_frame_equal(paper_journal(pair.home, BUSY, pair.days), stands)

    _feed_hours(pair, pair.symbols, day, quiet_to, 24)
    alone.step()
    _feed_hours(pair, pair.symbols, pair.days[1], 0, 1)
    alone.step()
    journal = paper_journal(pair.home, BUSY, [day])
    expected = replayed(pair.home, BUSY, pair.symbols, [day]).entries  # of what has landed: without the late bars
    assert journal["strategy_id"].tolist() == sorted(expected["strategy_id"])
    assert_same(*(left_behind(home, pair.symbols) for home in (pair.home, _again(pair, trader))))


def _again(pair: Pair, make: Callable[..., object]) -> Home:
    """The same home after a trader that knows nothing has looked at it."""
    step = make(pair.home, BUSY, pair.now).step()  # type: ignore[attr-defined]
    assert step.taken == 0
    return pair.home


def _feed_hours(pair: Pair, symbols: list[str], day: dt.date, first: int, end: int) -> None:
    for hour in range(first, end):
        for symbol in symbols:
            pair.deliver(symbol, at(day, hour), at(day, hour + 1))


def _between(bars: pd.DataFrame, first: dt.datetime, end: dt.datetime) -> int:
    return int(((bars["ts_utc"] >= first) & (bars["ts_utc"] < end)).sum())


def _bars(step: Step) -> int:
    return sum(day.bars for day in step.days)
