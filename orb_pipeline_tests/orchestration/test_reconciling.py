"""A finished paper day on real bars against the backtest of what has landed: written once, with an alert of a bug."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orb_pipeline.catalogue import Account, load_catalogue
from orb_pipeline.errors import MissingDataError
from orb_pipeline.execution.backtest import backtest_trades
from orb_pipeline.execution.context import AccountDay
from orb_pipeline.execution.history import History, bars_in_order
from orb_pipeline.execution.journal import frame_of
from orb_pipeline.execution.look_back import LookBack
from orb_pipeline.execution.open_day import market_before
from orb_pipeline.execution.paper import PaperBar, PaperDay, trade_day
from orb_pipeline.intake.ingest import ingest_file
from orb_pipeline.intake.landed import landed_bars
from orb_pipeline.intake.rejects import Rejection, record_rejections
from orb_pipeline.market.front_month import front_month_bars
from orb_pipeline.market.trading_day import number_of
from orb_pipeline.orchestration.landed_bars import LandedBars
from orb_pipeline.orchestration.landed_market import LandedMarket, span_of
from orb_pipeline.orchestration.monitoring import read_facts
from orb_pipeline.orchestration.paper.closing import seen_bars
from orb_pipeline.orchestration.paper.trader import PaperTrader
from orb_pipeline.orchestration.reconciling import ReconciledDay, reconcile_day
from orb_pipeline.orchestration.verdicts import Verdict, record
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.outcomes import build_outcomes
from orb_pipeline.research.study import Study
from orb_pipeline.settings import Home
from orb_pipeline.storage.alerts import acknowledge, open_alerts, unacknowledged_critical
from orb_pipeline.storage.paper import StoredDay, begin_day, finish_day, merge_paper_day
from orb_pipeline.storage.reconciliation import count_passed_days
from orb_pipeline_tests.acceptance.command import orb
from orb_pipeline_tests.data import real_data
from orb_pipeline_tests.execution.days import backtest_of
from orb_pipeline_tests.execution.live import WIDE, account
from orb_pipeline_tests.execution.members import portfolio_of, whole_grid
from orb_pipeline_tests.orchestration.conftest import NOW, waive

DAY = dt.date(2026, 3, 10)
BEGAN, FINISHED, RECONCILED = (NOW + dt.timedelta(hours=hours) for hours in (1, 2, 3))
ACCOUNT = account(limits=WIDE)
CATALOGUE = load_catalogue()
MEMBERS = whole_grid(CATALOGUE.grid, CATALOGUE.sessions_of("XAUUSD").labels, "XAUUSD")[::60]


@dataclass
class Desk:
    """A home in which an account trades finished days on paper."""

    home: Home

    @property
    def workshop(self) -> Workshop:
        return Workshop(self.home, CATALOGUE)

    def landed(self, symbol: str = "XAUUSD") -> pd.DataFrame:
        return landed_bars(self.workshop.lake, self.workshop.warehouse, symbol)

    def bars_of(self, day: dt.date = DAY, symbol: str = "XAUUSD") -> pd.DataFrame:
        first, end = span_of(number_of(day))
        landed = self.landed(symbol)
        return landed[(landed["ts_utc"] >= first) & (landed["ts_utc"] < end)]

    def trade(
        self,
        bars: pd.DataFrame,
        *,
        day: dt.date = DAY,
        members: Sequence[PortfolioStrategy] = MEMBERS,
        of: Account = ACCOUNT,
        contents: Mapping[str, str] | None = None,
        is_finished: bool = True,
    ) -> None:
        """Trade a day of one instrument on these bars, knowing what has landed of the days before."""
        symbol, number = members[0].instrument, number_of(day)
        landed, instrument = self.landed(symbol), CATALOGUE.instrument(symbol)
        before = landed[landed["ts_utc"] < span_of(number)[0]]
        sessions = CATALOGUE.sessions_of(symbol)
        market = market_before(LookBack.of(before, sessions.zone), number, sessions, CATALOGUE.grid)
        start = AccountDay(of.equity, of.equity)
        paper = PaperDay.of(portfolio_of(members), of, {symbol: instrument}, number, {symbol: market}, start)
        front = bars[bars["source_symbol"] == market.front_month]
        study = Study.of(front, instrument, sessions, CATALOGUE.grid)
        fed = [PaperBar(name, bar, 1) for name, bar in bars_in_order({symbol: History(study)}, number)]
        rows = frame_of(trade_day(paper, fed, is_over=True).entries).assign(simulated=False)
        self.begin(of, day, members, contents)
        with self.workshop.warehouse.transaction() as connection:
            merge_paper_day(connection, of.account, day, rows, run_id="paper", at=FINISHED)
            if is_finished:
                finish_day(connection, of.account, day, FINISHED)

    def begin(
        self,
        of: Account,
        day: dt.date,
        members: Sequence[PortfolioStrategy],
        contents: Mapping[str, str] | None = None,
    ) -> None:
        """Fix what a day is traded with: on the batches that had landed by then."""
        landed = "select 'landed_bars:' || instrument, max(batch)::varchar from landed_files where landed_at <= ?"
        with self.workshop.warehouse.transaction() as connection:
            batches = dict(connection.execute(f"{landed} group by all", [BEGAN]).fetchall())
        stored = StoredDay(
            account=of.account,
            trading_day=day,
            terms=of.model_dump(mode="json"),
            members=[asdict(member) for member in members],
            contents={**batches, **(contents or {})},
            equity=of.equity,
            highest_equity=of.equity,
            lost_on=None,
            began_at=BEGAN,
            finished_at=None,
            simulated=False,
        )
        with self.workshop.warehouse.transaction() as connection:
            begin_day(connection, stored)

    def land(self, bars: pd.DataFrame, name: str) -> None:
        """Ingest bars: `before` the day began, or else when it was over."""
        path = self.home.root / f"{name}.parquet"
        path.parent.mkdir(exist_ok=True)
        bars.to_parquet(path)
        ingest_file(self.home, CATALOGUE, path, "XAUUSD", now=NOW if name == "before" else FINISHED)

    def deliver(self, bars: pd.DataFrame, name: str) -> None:
        """Put a file where feeds do."""
        folder = self.home.landing / "XAUUSD"
        folder.mkdir(parents=True, exist_ok=True)
        bars.to_csv(folder / name, index=False)

    def reconcile(self, bars: pd.DataFrame, day: dt.date = DAY) -> ReconciledDay:
        workshop = self.workshop
        return reconcile_day(workshop, LandedBars(workshop), "25k", day, bars, RECONCILED)

    def journal(self, day: dt.date = DAY) -> pd.DataFrame:
        return self.frame("select * from trade_journal where trading_day = ? order by strategy_id", [day])

    def frame(self, query: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        return self.workshop.warehouse.frame(query, parameters)

    def execute(self, query: str, parameters: Sequence[object] = ()) -> None:
        with self.workshop.warehouse.transaction() as connection:
            connection.execute(query, list(parameters))


@pytest.fixture
def desk(landed_home: Home) -> Desk:
    return Desk(landed_home)


def causes(found: ReconciledDay) -> set[str]:
    return {str(difference.cause) for difference in found.differences}


# A day without a difference.


@pytest.mark.parametrize("day", [dt.date(2026, 1, 20), DAY, dt.date(2026, 3, 24)])
def test_a_real_day_that_traded_without_limits_has_no_difference(desk: Desk, day: dt.date) -> None:
    bars = desk.bars_of(day)
    desk.trade(bars, day=day)
    found = desk.reconcile(bars, day)
    assert found.compared == len(desk.journal(day)) > 50
    assert (found.differences, found.passed) == ((), True)
    rows = desk.frame("select * exclude (reconciled_at) from reconciled_days").to_dict("records")
    assert rows == [
        {
            "account": "25k",
            "trading_day": pd.Timestamp(day),
            "compared": found.compared,
            "differing": 0,
            "unexplained": 0,
            "all_explained": True,
        }
    ]
    assert desk.frame("select * from reconciliation").empty
    with desk.workshop.warehouse.transaction() as connection:
        assert open_alerts(connection) == []
        assert count_passed_days(connection, "25k") == 0, "a rehearsal of history shows nothing of the future"
        connection.execute("update paper_days set began_at = (trading_day + interval 22 hours) at time zone 'UTC'")
        assert (count_passed_days(connection, "25k"), count_passed_days(connection, "50k")) == (1, 0)
        connection.execute("update paper_days set simulated = true")
        assert count_passed_days(connection, "25k") == 0


def test_of_several_contracts_the_front_month_is_compared(desk: Desk) -> None:
    day, symbol = dt.date(2013, 10, 9), "GC"
    members = whole_grid(CATALOGUE.grid, CATALOGUE.sessions_of(symbol).labels, symbol)[::60]
    bars = desk.bars_of(day, symbol)
    assert bars["source_symbol"].nunique() > 1
    desk.trade(bars, day=day, members=members)
    found = desk.reconcile(bars, day)
    assert found.compared > 20
    assert found.differences == ()


def test_the_backtest_of_what_landed_is_that_day_of_the_whole_backtest(desk: Desk) -> None:
    bars = front_month_bars(desk.landed())
    study = Study.of(bars, CATALOGUE.instrument("XAUUSD"), CATALOGUE.sessions_of("XAUUSD"), CATALOGUE.grid)
    members, day = whole_grid(CATALOGUE.grid, CATALOGUE.sessions_of("XAUUSD").labels, "XAUUSD")[::3], number_of(DAY)
    expected = backtest_trades(members, {"XAUUSD": backtest_of(History(study))}, [day])
    one = LandedMarket.of(desk.workshop, LandedBars(desk.workshop), "XAUUSD", day).backtest
    pd.testing.assert_frame_equal(backtest_trades(members, {"XAUUSD": one}, [day]), expected)
    assert len(expected) > 500
    assert len(build_daily_features(one.history.study)) == len(CATALOGUE.sessions_of("XAUUSD").labels)
    assert build_outcomes(one.history.study, one.features).equals(one.outcomes)


# Differences that are explained.


def test_what_the_accounts_limits_refused_is_written_and_passes(desk: Desk) -> None:
    bars = desk.bars_of()
    desk.trade(bars, of=account())
    found = desk.reconcile(bars)
    rows = desk.frame("select * from reconciliation order by strategy_id")
    refused = desk.journal().query("not risk_check_passed")
    assert causes(found) == {"risk_rejection"}
    assert rows["strategy_id"].tolist() == refused["strategy_id"].tolist()
    assert rows[["difference", "explained"]].drop_duplicates().to_dict("records") == [
        {"difference": "not_traded", "explained": True}
    ]
    assert rows["paper_r"].isna().all()
    assert rows["backtest_r"].notna().all()
    assert found.passed


def test_the_flat_time_is_that_of_the_day_and_not_the_catalogues(desk: Desk) -> None:
    bars = desk.bars_of()
    desk.trade(bars, of=account(limits=WIDE, flat_by={"time": "20:00", "zone": "Australia/Brisbane"}))
    found = desk.reconcile(bars)
    assert causes(found) == {"flat_by"}
    assert {str(item.difference) for item in found.differences} == {"differs", "not_traded"}


def of_a_win(desk: Desk) -> pd.Timestamp:
    """The bar on which the last trade won."""
    return desk.journal().query("outcome == 'win'")["exit_ts"].max()


@pytest.mark.parametrize(("reason", "cause"), [("late_bar", "late_bar"), ("conflicts_with_landed_bar", "missing_bar")])
def test_a_bar_that_research_has_and_paper_had_not_is_late_or_missing(desk: Desk, reason: str, cause: str) -> None:
    bars = desk.bars_of()
    desk.trade(bars)
    minute = of_a_win(desk)
    desk.execute("delete from trade_journal")
    desk.execute("delete from paper_days")
    seen = bars[bars["ts_utc"] != minute]
    desk.trade(seen)
    raw = f'{{"ts_utc": "{minute.isoformat()}", "source_symbol": "XAUUSD", "open": 1.0, "volume": 1}}'
    with desk.workshop.warehouse.transaction() as connection:
        said = {"source_file": "f", "source_hash": "00000001-f", "file_landed": True, "at": NOW}
        record_rejections(connection, [Rejection(1, reason, raw)], instrument="XAUUSD", **said)
    found = desk.reconcile(seen)
    assert causes(found) == {cause}
    assert found.passed


def test_volumes_of_earlier_days_that_were_replaced_since_explain_what_they_filter(desk: Desk, home: Home) -> None:
    by_volume = [
        member
        for member in whole_grid(CATALOGUE.grid, CATALOGUE.sessions_of("XAUUSD").labels, "XAUUSD")
        if member.filter_type.startswith("VOL")
    ][::40]
    bars = desk.bars_of()
    desk.trade(bars, members=by_volume)
    before = desk.landed().query("ts_utc < @bars.ts_utc.iloc[0]")
    path = home.root / "replaced.parquet"
    before.assign(volume=before["volume"] * 100, symbol="XAUUSD").to_parquet(path)
    ingest_file(home, CATALOGUE, path, "XAUUSD", replace=True, now=FINISHED)
    found = desk.reconcile(bars)
    assert causes(found) == {"missing_bar"}
    assert len(found.differences) == len(desk.journal()) > 2
    assert all("those of earlier days have changed since" in item.detail for item in found.differences)


def test_a_day_that_has_not_landed_is_put_down_to_its_bars(desk: Desk) -> None:
    """The real days end on 25 March; paper traded the next one on what it saw."""
    day, forward = dt.date(2026, 3, 26), pd.Timedelta(days=2)
    bars = desk.bars_of(dt.date(2026, 3, 24)).assign(ts_utc=lambda frame: frame["ts_utc"] + forward)
    desk.trade(bars, day=day)
    found = desk.reconcile(bars, day)
    assert causes(found) == {"missing_bar"}
    assert {str(item.difference) for item in found.differences} == {"not_in_backtest"}
    assert found.compared == len(desk.journal(day)) > 20


def test_a_day_traded_under_a_waived_parity_says_so_where_engine_and_backtest_part(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = desk.bars_of()
    desk.trade(bars, contents={"replay_results": "its hash"})
    waive(desk.home, "replay_results", "parity")
    verdict = Verdict("replay_results", "parity", "25k", "its hash", False, "3 differ", NOW)
    with desk.workshop.warehouse.transaction() as connection:
        record(connection, [verdict])
    monkeypatch.setattr("orb_pipeline.orchestration.landed_market.build_outcomes", outcomes_with_a_defect)
    found = desk.reconcile(bars)
    assert causes(found) == {"waiver"}
    assert found.passed
    desk.execute("delete from gate_verdicts")
    assert causes(desk.reconcile(bars)) == {"bug"}


def outcomes_with_a_defect(study: Study, features: pd.DataFrame) -> Any:
    table = build_outcomes(study, features)
    place = table.column_names.index("mae_r")
    doubled = table.column("mae_r").to_pandas() * 2
    return table.set_column(place, "mae_r", [doubled.tolist()])


# A bug.


def test_a_planted_bug_is_written_and_raises_one_critical_alert(desk: Desk) -> None:
    bars = desk.bars_of()
    desk.trade(bars)
    name = desk.journal()["strategy_id"].iloc[3]
    desk.execute("update trade_journal set exit_price = exit_price + 0.001 where strategy_id = ?", [name])
    for _ in range(2):
        found = desk.reconcile(bars)
        assert [(item.strategy_id, str(item.cause)) for item in found.unexplained] == [(name, "bug")]
        assert not found.passed
    rows = desk.frame("select * from reconciliation").to_dict("records")
    assert [(row["strategy_id"], row["cause"], row["explained"]) for row in rows] == [(name, "bug", False)]
    assert "They differ in exit_price" in rows[0]["detail"]
    days = desk.frame("select compared, differing, unexplained, all_explained from reconciled_days")
    assert days.to_numpy().tolist() == [[len(desk.journal()), 1, 1, False]]
    with desk.workshop.warehouse.transaction() as connection:
        (alert,) = unacknowledged_critical(connection)
        assert count_passed_days(connection, "25k") == 0
    assert (alert.alert, alert.account, alert.trading_day, alert.value) == ("reconciliation", "25k", DAY, 1.0)
    assert name in alert.message


def test_a_bug_that_is_mended_resolves_the_alert_and_one_that_comes_back_raises_it_anew(desk: Desk) -> None:
    bars = desk.bars_of()
    desk.trade(bars)
    plant = "update trade_journal set mae_r = mae_r + 1 where outcome = 'win'"
    desk.execute(plant)
    desk.reconcile(bars)
    with desk.workshop.warehouse.transaction() as connection:
        acknowledge(connection, open_alerts(connection)[0].alert_id, RECONCILED, "me")
    desk.reconcile(bars)
    assert desk.frame("select status from monitor_alerts")["status"].tolist() == ["acknowledged"]
    desk.execute("delete from paper_days")
    desk.execute("delete from trade_journal")
    desk.trade(bars)
    assert desk.reconcile(bars).passed
    assert desk.frame("select status from monitor_alerts")["status"].tolist() == ["resolved"]
    assert desk.frame("select * from reconciliation").empty
    desk.execute(plant)
    desk.reconcile(bars)
    assert desk.frame("select status from monitor_alerts order by alert_id")["status"].tolist() == ["resolved", "open"]


def test_a_comparison_that_finds_more_opens_an_acknowledged_alert_again_with_its_figures(desk: Desk) -> None:
    bars = desk.bars_of()
    desk.trade(bars)
    names = desk.journal()["strategy_id"].tolist()
    plant = "update trade_journal set exit_price = exit_price + 0.001 where list_contains(?::varchar[], strategy_id)"
    desk.execute(plant, [names[:1]])
    desk.reconcile(bars)
    with desk.workshop.warehouse.transaction() as connection:
        acknowledge(connection, open_alerts(connection)[0].alert_id, RECONCILED, "me")
    desk.execute(plant, [names[1:3]])
    desk.reconcile(bars)
    with desk.workshop.warehouse.transaction() as connection:
        (alert,) = unacknowledged_critical(connection)
    assert (alert.value, alert.occurrence, alert.escalated_at) == (3.0, 1, RECONCILED)
    assert names[2] in alert.message


# The trader's own days.


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


def test_a_day_of_the_trader_is_reconciled_when_it_ends_and_a_late_bar_is_named_once_it_has_landed(home: Home) -> None:
    bars = pd.read_parquet(real_data("gold_spot_recent", "2026.parquet"))
    first, end = span_of(number_of(DAY))
    day = bars[(bars["ts_utc"] >= first) & (bars["ts_utc"] < end)]
    desk = Desk(home)
    desk.land(bars[bars["ts_utc"] < first], "before")
    late = day["ts_utc"] == last_win(bars)
    for number, part in enumerate([day[~late], day[late], bars[bars["ts_utc"] >= end].head(1)]):
        desk.deliver(part, f"{number}.csv")
    desk.begin(ACCOUNT, DAY, MEMBERS)
    PaperTrader(desk.workshop, ACCOUNT, "a test").step()
    (found,) = desk.frame("select compared, differing, all_explained from reconciled_days").itertuples(index=False)
    assert found.compared == len(desk.journal()) > 20
    assert (found.differing, found.all_explained) == (0, True)
    assert desk.frame("select alert, value from monitor_alerts").to_numpy().tolist() == [["bars_rejected", 1.0]]
    desk.land(day[late], "late")
    again = desk.reconcile(seen_bars(desk.workshop, DAY))
    assert causes(again) == {"late_bar"}
    assert again.passed


def last_win(bars: pd.DataFrame) -> pd.Timestamp:
    """The minute of DAY on which the last trade of the backtest wins."""
    study = Study.of(bars, CATALOGUE.instrument("XAUUSD"), CATALOGUE.sessions_of("XAUUSD"), CATALOGUE.grid)
    trades = backtest_trades(MEMBERS, {"XAUUSD": backtest_of(History(study.on(number_of(DAY))))}, [number_of(DAY)])
    return trades.query("outcome == 'win'")["exit_ts"].max()


# Days that cannot be reconciled.


def test_a_day_that_was_not_traded_or_is_not_over_is_refused(desk: Desk) -> None:
    bars = desk.bars_of()
    with pytest.raises(MissingDataError, match="25k has not traded on paper on 2026-03-10"):
        desk.reconcile(bars)
    desk.trade(bars, is_finished=False)
    with pytest.raises(MissingDataError, match="25k is still trading on paper on 2026-03-10"):
        desk.reconcile(bars)
