"""A finished paper day on real bars against the backtest of what has landed: written once, with an alert of a bug."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from orb_pipeline.errors import MissingDataError
from orb_pipeline.execution.backtest import backtest_trades
from orb_pipeline.execution.history import History
from orb_pipeline.intake.ingest import ingest_file
from orb_pipeline.intake.rejects import Rejection, record_rejections
from orb_pipeline.market.front_month import front_month_bars
from orb_pipeline.market.trading_day import number_of
from orb_pipeline.orchestration.landed_bars import LandedBars
from orb_pipeline.orchestration.landed_market import LandedMarket, span_of
from orb_pipeline.orchestration.paper.closing import seen_bars
from orb_pipeline.orchestration.paper.trader import PaperTrader
from orb_pipeline.orchestration.reconciling import ReconciledDay
from orb_pipeline.orchestration.verdicts import Verdict, record
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.outcomes import build_outcomes
from orb_pipeline.research.study import Study
from orb_pipeline.settings import Home
from orb_pipeline.storage.alerts import acknowledge, open_alerts, unacknowledged_critical
from orb_pipeline.storage.reconciliation import count_passed_days
from orb_pipeline_tests.data import real_data
from orb_pipeline_tests.execution.days import backtest_of
from orb_pipeline_tests.execution.live import WIDE, account
from orb_pipeline_tests.execution.members import whole_grid
from orb_pipeline_tests.orchestration.conftest import NOW, waive
from orb_pipeline_tests.orchestration.reconciled import (
    ACCOUNT,
    CATALOGUE,
    DAY,
    FINISHED,
    MEMBERS,
    RECONCILED,
    Desk,
)


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
