"""Orders that leave the house while a day is traded: signals to a person, and Interactive Brokers' paper account."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.errors import ConfigurationError, InputError
from orb_pipeline.execution.brokers import Leg, ManualFill, TradeKey
from orb_pipeline.execution.paper import DaySoFar
from orb_pipeline.market.trading_day import number_of
from orb_pipeline.orchestration.paper import orders
from orb_pipeline.orchestration.paper.halting import halt, resume, standing_halt
from orb_pipeline.orchestration.paper.orders import enter_fill, order_desk
from orb_pipeline.orchestration.paper.terms import Terms
from orb_pipeline.orchestration.paper.trader import PaperTrader, Step
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.rules.bars import Bar
from orb_pipeline.settings import Home
from orb_pipeline.storage.alerts import Alert, Severity, acknowledge, raise_alert
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.ib_gateway import Gateway, GatewayContract, GatewayOrder, serving
from orb_pipeline_tests.paper.feeding import Feed
from orb_pipeline_tests.paper.homes import BUSY, Desk

BARS = 25
CONTRACT = "MGCJ26"
GOLD = GatewayContract(105, "MGC", "MGCJ6", "20260428", "10", 0.001, "COMEX")


@pytest.fixture(autouse=True)
def _spot_gold_may_be_bought(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real bars are of spot gold, which has no contract to trade; here it stands for one."""
    monkeypatch.setattr(orders, "contract_to_trade", lambda _instrument, _front_month: CONTRACT)
    monkeypatch.setattr(orders, "_traded", lambda instruments, symbol: instruments[symbol])


@dataclass
class Clock:
    """The time of the last bar's end, and a moment more."""

    now: dt.datetime

    def __call__(self) -> dt.datetime:
        return self.now


class Session:
    """An account whose orders leave the house, on the first bars of a day, a step for each."""

    def __init__(self, desk: Desk, root: Path, broker: str) -> None:
        self.home = desk.copy(root)
        accounts = self.home.catalogue / "accounts.yaml"
        text = accounts.read_text(encoding="utf-8").replace("  25k:\n", f"  25k:\n    broker: {broker}\n")
        accounts.write_text(text, encoding="utf-8")
        self.bars = desk.days(1)
        self.feed = Feed(self.home, desk.symbol, self.bars)
        self.clock = Clock(self.bars["ts_utc"].iloc[0].to_pydatetime())
        self.trader = self.new_trader()

    def new_trader(self) -> PaperTrader:
        """As after a restart."""
        catalogue = load_catalogue(self.home.catalogue)
        workshop = Workshop(self.home, catalogue, now=self.clock)
        terms = catalogue.account(BUSY)
        return PaperTrader(workshop, terms, "a test", order_desk(workshop, terms))

    def trade(self, first: int, last: int, *, late_seconds: float = 2.0, anew: bool = False) -> list[Step]:
        steps = []
        for number in range(first, last):
            self.feed.deliver(number, number + 1)
            end = self.bars["ts_utc"].iloc[number].to_pydatetime() + dt.timedelta(minutes=1)
            self.clock.now = end + dt.timedelta(seconds=late_seconds)
            self.trader = self.new_trader() if anew else self.trader
            steps.append(self.trader.step())
        return steps

    def frame(self, query: str) -> pd.DataFrame:
        return Warehouse(self.home.warehouse).frame(query)

    def signals(self) -> list[str]:
        return list(self.frame("select message from signals order by signal_id")["message"])

    def entries(self) -> list[str]:
        query = "select strategy_id from trade_journal where mode = 'paper' and risk_check_passed order by all"
        return list(self.frame(query)["strategy_id"])

    def typed(self, order: dict[str, Any]) -> tuple[Workshop, ManualFill, dt.datetime]:
        """That the whole entry of an order has filled, as a person types it in."""
        key = TradeKey(BUSY, pd.Timestamp(order["trading_day"]).date(), order["strategy_id"])
        fill = ManualFill(key, Leg.ENTRY, order["contracts"], 5350.0, self.clock.now - dt.timedelta(minutes=5))
        return Workshop(self.home, load_catalogue(self.home.catalogue), now=self.clock), fill, self.clock.now


@pytest.fixture
def signals(desk: Desk, tmp_path: Path) -> Session:
    return Session(desk, tmp_path / "home", "signals")


def test_every_entry_was_asked_for_and_asking_again_says_nothing(signals: Session) -> None:
    signals.trade(0, BARS)
    said = signals.signals()
    assert signals.entries()
    for strategy in signals.entries():
        assert sum(f":{strategy}: buy" in text or f":{strategy}: sell" in text for text in said) == 1
    signals.trader.step()
    signals.new_trader().step()
    assert signals.signals() == said


def test_a_restart_at_every_bar_says_the_same(desk: Desk, signals: Session, tmp_path: Path) -> None:
    other = Session(desk, tmp_path / "other", "signals")
    signals.trade(0, 15)
    other.trade(0, 15, anew=True)
    assert other.signals() == signals.signals()
    assert other.signals()


def test_bars_that_come_late_send_no_entry(signals: Session) -> None:
    signals.trade(0, BARS, late_seconds=orders.FRESH_SECONDS + 1)
    assert signals.entries(), "the journal goes by the bars"
    assert not [text for text in signals.signals() if "at the market" in text or "at the limit" in text]


def test_of_two_instruments_only_the_one_whose_bars_still_come_may_be_entered() -> None:
    """One whose feed has died is not entered because the other one's goes on."""
    now = dt.datetime(2026, 3, 3, 15, 0, tzinfo=dt.UTC)
    minute, day = int(now.timestamp()) // 60, number_of(dt.date(2026, 3, 3))
    last_bars = {"MGC": Bar(minute - 3, 1, 1, 1, 1, 1), "MNQ": Bar(minute - 1, 1, 1, 1, 1, 1)}
    so_far = cast("DaySoFar", SimpleNamespace(last_bars=last_bars))

    def fresh(day: int) -> set[str]:
        context = SimpleNamespace(context=SimpleNamespace(day=day))
        return orders._fresh(so_far, cast("Terms", SimpleNamespace(paper_day=context)), now)

    assert fresh(day) == {"MNQ"}
    assert fresh(day - 1) == set(), "what is traded later than on its day sends nothing"


def test_after_a_roll_the_broker_is_opened_for_the_new_contract(
    signals: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection knows the contracts it was opened for, and a trader goes on for weeks."""
    opened: list[list[str]] = []
    closed: list[int] = []

    def open_broker(*_: Any, instruments: dict[str, Any], **__: Any) -> Any:
        opened.append(list(instruments))
        return SimpleNamespace(close=lambda: closed.append(1))

    monkeypatch.setattr(orders, "open_broker", open_broker)
    workshop = Workshop(signals.home, load_catalogue(signals.home.catalogue), now=signals.clock)
    desk = order_desk(workshop, workshop.catalogue.account(BUSY))
    assert desk is not None
    for contract in ("MGCJ26", "MGCJ26", "MGCM26"):
        desk._open({"MGC": contract})
    assert (opened, len(closed)) == ([["MGCJ26"], ["MGCM26"]], 1)


def test_a_halt_withdraws_what_works_and_a_resume_lets_entries_go_on(signals: Session) -> None:
    working = "select * from paper_orders where wish = 'ENTER' and limit_price is not null"
    reached = next(
        number for number in range(1, 60) if signals.trade(number - 1, number) and len(signals.frame(working))
    )
    for order in signals.frame("select * from paper_orders where session_holds").to_dict("records"):
        enter_fill(*signals.typed(order))
    before = len(signals.signals())
    halt(signals.home, "news", signals.clock.now)
    step = signals.trader.step()
    assert step.days[-1].refused == "halt: news"
    stopped = signals.signals()[before:]
    assert any("withdraw entry" in text for text in stopped)
    assert not [text for text in stopped if "at the limit" in text or "at the market" in text]
    assert signals.frame(working).empty
    resume(signals.home, signals.clock.now)
    signals.trader.step()
    assert len(signals.frame(working)), "what the session still waits for is asked for again"
    (step,) = signals.trade(reached, reached + 1)
    assert step.days[-1].refused is None


def test_a_critical_alert_stops_orders_before_there_is_an_entry(signals: Session) -> None:
    signals.trade(0, 1)
    alert = Alert(alert="x", condition="x", severity=Severity.CRITICAL, message="Look.", raised_at=signals.clock.now)
    with Warehouse(signals.home.warehouse).transaction() as connection:
        raise_alert(connection, alert)
    steps = signals.trade(1, 9)
    assert "CRITICAL" in str(steps[-1].days[-1].refused)
    assert signals.signals() == []
    with Warehouse(signals.home.warehouse).transaction() as connection:
        acknowledge(connection, 1, signals.clock.now, "a test")
    (step,) = signals.trade(9, 10)
    assert step.days[-1].refused is None


def test_a_fill_by_hand_is_stored_once_and_a_wrong_one_is_refused_in_words(signals: Session) -> None:
    signals.trade(0, BARS)
    (order, *_) = signals.frame("select * from paper_orders where session_holds order by strategy_id").to_dict(
        "records"
    )
    workshop, typed, now = signals.typed(order)
    first = enter_fill(workshop, typed, now)
    assert enter_fill(workshop, typed, now) == first
    assert len(signals.frame("select * from broker_fills")) == 1
    with pytest.raises(InputError, match="contracts cannot have filled"):
        enter_fill(workshop, replace(typed, quantity=1), now)
    signals.trade(BARS, BARS + 1)
    assert signals.frame("select alert from monitor_alerts where severity = 'CRITICAL'").empty


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    with serving(Gateway(contracts=[GOLD])) as served:
        monkeypatch.setenv("ORB_IB_PORT", str(served.port))
        yield served


@pytest.fixture
def ib(desk: Desk, gateway: Gateway, tmp_path: Path) -> Session:
    return Session(desk, tmp_path / "home", "ib")


def test_orders_stand_at_the_broker_as_the_session_wishes_and_none_is_doubled_by_a_restart(
    ib: Session, gateway: Gateway
) -> None:
    ib.trade(0, 9)
    standing = gateway.open_references()
    assert standing
    assert len(standing) == len(set(standing))
    ib.new_trader().step()
    assert gateway.open_references() == standing
    assert {name.rpartition(":")[2] for name in standing} <= {"entry", "stop", "target"}


def test_a_position_that_nobody_explains_halts_entries_with_a_critical_alert(ib: Session, gateway: Gateway) -> None:
    gateway.positions[gateway.accounts, GOLD.con_id] = 3
    steps = ib.trade(0, 9)
    assert "hold" in str(steps[-1].days[-1].refused)
    assert gateway.open_references() == []
    (alert,) = ib.frame("select severity, message from monitor_alerts where alert = 'broker_difference'").to_dict(
        "records"
    )
    assert alert["severity"] == "CRITICAL"
    assert f"+3 {CONTRACT}" in alert["message"]
    resume(ib.home, ib.clock.now)
    assert standing_halt(ib.home) is None, "whoever halted, a resume lets entries go on"


def test_a_gateway_that_is_silent_stops_no_journal_and_is_an_alert_until_it_answers(
    ib: Session, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORB_IB_PORT", "1")
    ib.trader = ib.new_trader()
    ib.trade(0, 9)
    assert ib.entries()
    query = "select status from monitor_alerts where alert = 'broker_silent'"
    assert list(ib.frame(query)["status"]) == ["open"]
    monkeypatch.setenv("ORB_IB_PORT", str(gateway.port))
    ib.trader = ib.new_trader()
    ib.trade(9, 10)
    assert list(ib.frame(query)["status"]) == ["resolved"]


def _hold_over_the_end(session: Session, gateway: Gateway) -> None:
    """A position at the broker, none of whose exits has filled when the day's bars are over."""
    session.trade(0, 9)
    (entry, *_) = [name for name in gateway.open_references() if name.endswith("entry")]
    gateway.fill(entry, 5350.0)
    session.trade(9, 10)
    assert session.frame("select * from broker_fills where quantity > 0").shape[0] == 1
    session.feed.deliver(10, len(session.bars) - 3)
    session.clock.now = session.bars["ts_utc"].iloc[-1].to_pydatetime() + dt.timedelta(minutes=4)


def _closes(gateway: Gateway) -> list[GatewayOrder]:
    return [order for order in gateway.orders if order.reference.endswith("close")]


def test_what_is_still_held_when_a_day_ends_is_closed_though_the_broker_was_silent_then(
    ib: Session, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hold_over_the_end(ib, gateway)
    monkeypatch.setenv("ORB_IB_PORT", "1")
    ib.trader = ib.new_trader()
    ib.feed.deliver(len(ib.bars) - 3, len(ib.bars))
    ib.trader.step()
    assert ib.frame("select * from paper_days where finished_at is not null").shape[0] == 1
    assert _closes(gateway) == []
    assert ib.frame("select * from reconciled_days").empty
    monkeypatch.setenv("ORB_IB_PORT", str(gateway.port))
    ib.trader = ib.new_trader()
    ib.trader.step()
    (close,) = _closes(gateway)
    assert (close.action, close.kind) == ("SELL", "MKT")
    assert ib.frame("select * from reconciled_days").shape[0] == 1


def test_what_is_still_held_when_a_day_ends_is_closed_though_the_trader_was_killed_between(
    ib: Session, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hold_over_the_end(ib, gateway)
    ib.feed.deliver(len(ib.bars) - 3, len(ib.bars))
    with monkeypatch.context() as killed:
        killed.setattr(PaperTrader, "_close_out", _killed)
        with pytest.raises(KeyboardInterrupt):
            ib.trader.step()
    assert ib.frame("select * from paper_days where finished_at is not null").shape[0] == 1
    ib.trader = ib.new_trader()
    ib.trader.step()
    assert len(_closes(gateway)) == 1
    ib.trader.step()
    assert len(_closes(gateway)) == 1


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_live_account_is_refused(ib: Session, gateway: Gateway) -> None:
    gateway.accounts = "U1234567"
    with pytest.raises(ConfigurationError, match="live_trading"):
        ib.trade(0, 9)
    assert gateway.open_references() == []


def test_the_home_is_untouched_by_a_broker_that_stays_in_the_house(desk: Desk, tmp_path: Path) -> None:
    paper = Session(desk, tmp_path / "home", "paper")
    paper.trade(0, 15)
    assert paper.entries()
    for table in ("paper_orders", "signals", "broker_fills"):
        assert paper.frame(f"select * from {table}").empty
    assert isinstance(paper.home, Home)
