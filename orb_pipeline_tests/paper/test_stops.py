"""What stops entries: gates, CRITICAL alerts, `orb halt`; what lets them go on. Open trades run on to their exits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from orb_pipeline.orchestration.gates import gates_of
from orb_pipeline.orchestration.paper.entries import RETRY_SECONDS
from orb_pipeline.orchestration.paper.halting import halt, resume
from orb_pipeline.orchestration.paper.trader import Step
from orb_pipeline.settings import Home
from orb_pipeline.storage.alerts import Alert, Severity, acknowledge, raise_alert
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.paper.feeding import Feed
from orb_pipeline_tests.paper.homes import BUSY, PROP, Desk, dates, waive
from orb_pipeline_tests.paper.journals import assert_equals_replay, paper_journal, trader

GATES = [
    (gate.asset, gate.check)
    for asset in ("validated_setups", "portfolio", "replay_results", "walk_forward", "trade_journal")
    for gate in gates_of(asset)
]


class Session:
    """A day in the life of an account: bars, a clock that tests turn, and what the trader said last."""

    def __init__(self, home: Home, desk: Desk) -> None:
        self.home = home
        self.clock = dt.datetime.now(dt.UTC)
        self.bars = desk.days(1)
        self.day = dates(self.bars)[0]
        self.warehouse = Warehouse(home.warehouse)
        self.last: Step | None = None
        self._feed = Feed(home, desk.symbol, self.bars)
        self._fed = 0
        self.restart()

    def restart(self) -> None:
        self._trader = trader(self.home, BUSY, lambda: self.clock)

    def feed(self, count: int | None = None) -> pd.Timestamp:
        """The next bars, a step for each fifty; the time of the last one."""
        end = len(self._feed) if count is None else self._fed + count
        for first in range(self._fed, end, 50):
            self._feed.deliver(first, min(first + 50, end))
            self.last = self._trader.step()
        self._fed = end
        return self.bars["ts_utc"].iloc[end - 1]

    @property
    def refused(self) -> str:
        assert self.last is not None
        return " ".join(day.refused or "" for day in self.last.days)

    @property
    def open_trades(self) -> int:
        assert self.last is not None
        return sum(day.open_trades for day in self.last.days)

    @property
    def journal(self) -> pd.DataFrame:
        return paper_journal(self.home, BUSY, [self.day])

    @property
    def events(self) -> list[str]:
        """Entries stopped and let go on, from outside."""
        query = "select event from trading_events where event not in ('limit', 'roll') order by event_id"
        return self.warehouse.frame(query)["event"].tolist()

    def after(self, last: pd.Timestamp) -> pd.DataFrame:
        """Rows decided on later bars."""
        return self.journal[self.journal["decided_ts"] > last]

    def turn_clock(self, **by: float) -> None:
        self.clock += dt.timedelta(**by)


@pytest.fixture
def session(desk: Desk, tmp_path: Path) -> Iterator[Session]:
    return Session(desk.copy(tmp_path / "home"), desk)


def fail(session: Session, asset: str, check: str) -> None:
    """The gate's verdict on what it judged becomes a failed one, and no waiver is in force."""
    with session.warehouse.transaction() as connection:
        named = [asset, check]
        connection.execute("update gate_verdicts set passed = false where asset = ? and check_name = ?", named)
        connection.execute("update waivers set until = '2020-01-01' where asset = ? and check_name = ?", named)


def assert_blocked(rows: pd.DataFrame, why: str) -> None:
    """None is entered; from the first that the limits would have let through on all are refused by the block."""
    assert not rows["risk_check_passed"].any()
    blocked = rows[rows["risk_check"] == "blocked"]
    assert set(rows[rows["decided_ts"] > blocked["decided_ts"].min()]["risk_check"]) == {"blocked"}
    assert blocked["risk_check_reason"].str.contains(why).all()


@pytest.mark.parametrize(("asset", "check"), GATES)
def test_each_gate_stops_entries_until_it_is_waived(session: Session, desk: Desk, asset: str, check: str) -> None:
    fail(session, asset, check)
    stopped = session.feed(400)
    assert f"{asset}/{check}" in session.refused or f"gate {check}" in session.refused
    assert session.journal.empty

    waive(session.home, desk.symbol if asset == "validated_setups" else BUSY, asset, check)
    session.turn_clock(seconds=RETRY_SECONDS + 1)
    session.feed(600)
    before = session.journal[session.journal["decided_ts"] <= stopped]
    assert set(before["risk_check"]) == {"blocked"}
    assert session.after(stopped)["risk_check_passed"].any()
    assert "blocked" not in set(session.after(stopped)["risk_check"])
    assert session.events == ["blocked", "unblocked"]


def test_a_waiver_that_expires_during_the_day_stops_new_entries_and_open_trades_run_on(session: Session) -> None:
    expires = session.clock.date() - dt.timedelta(days=1)  # before the files' own times: no day is over by the clock
    with session.warehouse.transaction() as connection:
        connection.execute("update waivers set until = ?", [expires])
    session.clock = dt.datetime.combine(expires, dt.time(23, 59), dt.UTC)
    last = session.feed(5)
    while not session.open_trades:
        last = session.feed(1)

    session.turn_clock(minutes=2)
    session.feed()
    assert_blocked(session.after(last), "no_degradation")
    assert session.journal["exit_ts"].notna().tolist() == session.journal["risk_check_passed"].tolist()
    assert session.events == ["blocked"]


def test_a_critical_alert_stops_entries_until_somebody_has_acknowledged_it(session: Session) -> None:
    last = session.feed(200)
    entered = session.journal["risk_check_passed"].sum()
    with session.warehouse.transaction() as connection:
        raise_alert(connection, _alert(session.clock))
    stopped = session.feed(500)
    assert_blocked(session.after(last), "something is wrong")
    assert session.journal["risk_check_passed"].sum() == entered

    with session.warehouse.transaction() as connection:
        acknowledge(connection, 1, session.clock, "a test")
    session.turn_clock(seconds=RETRY_SECONDS + 1)
    session.feed()
    assert session.after(stopped)["risk_check_passed"].any()
    assert "blocked" not in set(session.after(stopped)["risk_check"])


def test_a_halt_between_two_bars_stops_entries_from_the_next_one_on_whoever_restarts(session: Session) -> None:
    last = session.feed(25)
    halt(session.home, "news", session.clock)
    session.feed(300)
    session.restart()
    resumed = session.feed(500)
    resume(session.home, session.clock)
    session.restart()
    session.feed()

    journal = session.journal
    during = journal[(journal["decided_ts"] > last) & (journal["decided_ts"] <= resumed)]
    assert len(during) > 0
    assert set(during["risk_check"]) == {"halt"}
    assert set(during["risk_check_reason"]) == {"news"}
    others = journal.drop(during.index)
    assert "halt" not in set(others["risk_check"])
    assert session.after(resumed)["risk_check_passed"].any()
    assert session.events == ["halt", "resume"]


def test_a_halt_before_the_day_holds_on_it(session: Session) -> None:
    session.feed(1)
    halt(session.home, "holiday", session.clock)
    session.feed()
    assert set(session.journal["risk_check"]) == {"halt"}


def test_a_lost_account_trades_no_more_though_it_is_restarted_for_every_file(desk: Desk, tmp_path: Path) -> None:
    home = desk.copy(tmp_path / "home")
    bars = desk.days(8)
    *days, _ = dates(bars)
    feed = Feed(home, desk.symbol, bars)
    for first in range(0, len(feed), 400):
        feed.deliver(first, min(first + 400, len(feed)))
        trader(home, PROP).step()
    journal = assert_equals_replay(home, PROP, [desk.symbol], days)
    events = Warehouse(home.warehouse).frame("select trading_day from trading_events where event = 'account_lost'")
    (lost_on,) = pd.to_datetime(events["trading_day"]).dt.date
    assert lost_on < days[-1]
    after = journal[journal["trading_day"] > lost_on]
    assert len(after) > 0
    assert set(after["risk_check"]) == {"account_drawdown"}


def _alert(at: dt.datetime) -> Alert:
    return Alert(
        alert="a_test",
        condition="a_test",
        severity=Severity.CRITICAL,
        message="something is wrong",
        raised_at=at,
    )
