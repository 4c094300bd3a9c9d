"""Alerts of a real home: from its tables and files to `monitor_alerts`, and what an open one stops."""

from __future__ import annotations

import datetime as dt
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.monitoring.alerts import RunEnd
from orb_pipeline.orchestration import builds
from orb_pipeline.orchestration.gates import Evidence, GateResult, schema_monitor_alerts
from orb_pipeline.orchestration.instance import open_instance
from orb_pipeline.orchestration.jobs import alerts_job
from orb_pipeline.orchestration.monitoring import evaluate_alerts
from orb_pipeline.orchestration.paper.permission import why_refused
from orb_pipeline.orchestration.run import run_graph
from orb_pipeline.orchestration.run_ends import run_ends
from orb_pipeline.orchestration.stored import StoredTable
from orb_pipeline.orchestration.verdicts import add_waiver
from orb_pipeline.orchestration.watching import alerts_after_failure, alerts_every_five_minutes
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.research.study import Study
from orb_pipeline.settings import HOME_VARIABLE, Home
from orb_pipeline.storage.alerts import Alert, Severity, acknowledge, open_alerts, raise_alert, standing_alerts
from orb_pipeline.storage.paper import TradingEvent, record_events
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.monitoring.alerts.situations import days
from orb_pipeline_tests.orchestration.conftest import override
from orb_pipeline_tests.orchestration.journals import Journal
from orb_pipeline_tests.orchestration.watched import (
    MEMBER,
    NOW,
    TRADING_DAY,
    begin,
    evaluated,
    workshop_of,
    write_paper,
)


def standing(home: Home) -> list[str]:
    with Warehouse(home.warehouse).transaction() as connection:
        return [alert.alert for alert in standing_alerts(connection)]


# Life cycle.


def test_a_home_without_a_warehouse_has_no_alerts_and_is_not_made(home: Home) -> None:
    assert evaluate_alerts(Workshop(home, load_catalogue()), NOW) == ()
    assert not home.root.exists()


def test_a_losing_day_is_raised_once_becomes_a_second_alert_and_is_over_with_the_next_day(home: Home) -> None:
    workshop, journal = workshop_of(home), Journal()
    journal.trade(60, 70, r=-2.0, outcome="loss").trade(80, 90, r=-1.5, outcome="loss")
    write_paper(workshop, journal, mode="replay")
    assert evaluated(workshop) == []
    write_paper(workshop, journal)
    assert evaluated(workshop) == [("drawdown", "raised")]
    assert evaluated(workshop) == []
    write_paper(workshop, journal.trade(100, 110, r=-2.0, outcome="loss"))
    assert evaluated(workshop) == [("circuit_break", "raised")]
    write_paper(workshop, journal.trade(60, 70, day=1, r=1.0))
    assert evaluated(workshop, NOW + dt.timedelta(days=1)) == [("drawdown", "resolved"), ("circuit_break", "resolved")]


def test_a_circuit_break_stops_entries_until_it_is_acknowledged(home: Home) -> None:
    workshop = workshop_of(home)
    write_paper(workshop, Journal().trade(60, 70, r=-6.0, outcome="loss"))
    evaluate_alerts(workshop, NOW)
    with workshop.warehouse.transaction() as connection:
        assert "(circuit_break) is CRITICAL and not acknowledged" in str(why_refused(connection, "25k", {}, NOW))
        (critical,) = (alert for alert in open_alerts(connection) if alert.alert == "circuit_break")
        acknowledge(connection, critical.alert_id, NOW, "me")
        assert why_refused(connection, "25k", {}, NOW) is None
    assert evaluated(workshop) == []
    assert "circuit_break" in standing(home)


def test_drift_is_measured_against_what_the_account_trades_and_its_replay(home: Home) -> None:
    workshop, losing, replay = workshop_of(home), Journal(), Journal()
    for day in range(40):
        losing.trade(60, 70, day=day, r=-1.0, outcome="loss", strategy_id="S01")
        replay.trade(60, 70, day=day - 100, r=2.0 if day % 2 else -1.0, strategy_id="S01")
    write_paper(workshop, losing)
    write_paper(workshop, replay, mode="replay")
    assert evaluated(workshop) == []  # nothing is traded
    begin(workshop, TRADING_DAY, MEMBER)
    assert evaluated(workshop, NOW + dt.timedelta(days=39)) == [("win_rate_drift", "raised"), ("expr_drift", "raised")]
    with workshop.warehouse.transaction() as connection:
        win_rate, expr = open_alerts(connection)
    assert (win_rate.strategy_id, win_rate.expected, win_rate.sample_size) == ("S01", 0.5, 40)
    assert (expr.value, expr.expected) == (-1.0, 0.4)
    assert expr.chance is not None
    assert expr.chance < 1e-6


def test_a_member_is_stale_from_the_first_of_its_unbroken_days_on(home: Home) -> None:
    workshop = workshop_of(home)
    for back, members in (
        (60, [MEMBER]),
        (50, [MEMBER | {"strategy_id": "S02"}]),
        (40, [MEMBER]),
        (20, []),
        (0, [MEMBER]),
    ):
        begin(workshop, TRADING_DAY - dt.timedelta(days=back), *members)
    assert ("strategy_stale", "raised") in evaluated(workshop)
    with workshop.warehouse.transaction() as connection:
        (stale,) = (alert for alert in standing_alerts(connection) if alert.alert == "strategy_stale")
    assert (stale.value, stale.strategy_id) == (40.0, "S01")


# Bars.


def land_days(workshop: Workshop, frame: pd.DataFrame, *, simulated: bool) -> None:
    prices = dict.fromkeys(("open", "high", "low", "close"), 2000.0)
    rest = {"source_symbol": "MGCZ24", "volume": 1, "landed_bar_count": 1, "usual_bar_count": 1.0}
    workshop.lake.write("trading_days", "MGC", frame.assign(**prices, **rest, simulated=simulated))


def test_days_are_read_from_the_lake_and_simulated_ones_know_no_holidays(home: Home) -> None:
    workshop, christmas = workshop_of(home), dt.date(2024, 12, 25)
    frame = days((christmas, None), (dt.date(2024, 12, 23), 300), until=christmas)
    land_days(workshop, frame, simulated=False)
    assert evaluated(workshop) == [
        ("missing_data", "raised"),
        ("calendar_disagreement", "raised"),  # of the day that ends early, as a feed that stopped would
        ("calendar_disagreement", "raised"),
    ]
    land_days(workshop, frame, simulated=True)
    assert evaluated(workshop) == [("calendar_disagreement", "resolved")] * 2


# Gates, waivers, events, runs.


def judge(
    workshop: Workshop, *, passed: bool, at: dt.datetime = NOW, asset: str = "bars_1m", scope: str = "MGC"
) -> None:
    with workshop.warehouse.transaction() as connection:
        connection.execute(
            "insert or replace into gate_verdicts values (?, 'schema', ?, ?, ?, null, 'a price is off the grid', ?)",
            [asset, scope, f"hash at {at}", passed, at],
        )


def test_a_gate_is_told_by_its_latest_verdict(home: Home) -> None:
    workshop = workshop_of(home)
    judge(workshop, passed=False)
    assert evaluated(workshop) == [("gate_failed", "raised")]
    judge(workshop, passed=True, at=NOW + dt.timedelta(minutes=1))
    assert evaluated(workshop) == [("gate_failed", "resolved")]
    judge(workshop, passed=False, at=NOW + dt.timedelta(minutes=2), asset="monitor_alerts", scope="25k")
    assert evaluated(workshop) == []


def test_a_waived_gate_is_told_when_its_waiver_is_about_to_end_and_when_it_has(home: Home) -> None:
    workshop = workshop_of(home)
    judge(workshop, passed=False)
    until = NOW.date() + dt.timedelta(days=10)
    add_waiver(workshop.warehouse, workshop.catalogue, "bars_1m", "schema", "MGC", "under review", until, NOW)
    assert evaluated(workshop) == []
    assert evaluated(workshop, NOW + dt.timedelta(days=3)) == [("waiver_ending", "raised")]
    assert evaluated(workshop, NOW + dt.timedelta(days=11)) == [
        ("waiver_ending", "resolved"),
        ("gate_failed", "raised"),
    ]


def test_what_the_catalogue_does_not_know_any_more_is_not_told(home: Home) -> None:
    workshop = workshop_of(home)
    judge(workshop, passed=False, scope="GONE")
    judge(workshop, passed=False, asset="portfolio", scope="gone")
    failed = [RunEnd(job="job", scope=scope, run_id="a1", ended_at=NOW, failed=True) for scope in ("GONE", "gone", "")]
    assert evaluated(workshop, runs=failed) == [("run_failed", "raised")]


def record_build(workshop: Workshop, asset: str, scope: str, *waivers: int, at: dt.datetime = NOW) -> None:
    build = builds.Build(asset, scope, f"of {at}", {}, 1, None, None, 1.0, False, waivers, "a test", at)
    with workshop.warehouse.transaction() as connection:
        builds.record(connection, build)


def test_a_waiver_that_a_build_on_older_bars_stands_on_is_told_before_it_ends(home: Home) -> None:
    workshop = workshop_of(home)
    until = NOW.date() + dt.timedelta(days=5)
    waiver = add_waiver(workshop.warehouse, workshop.catalogue, "bars_1m", "schema", "MGC", "on review", until, NOW)
    judge(workshop, passed=True)
    assert evaluated(workshop) == []
    for asset, scope in (("validated_setups", "MGC"), ("portfolio", "25k"), ("portfolio", "gone")):
        record_build(workshop, asset, scope, waiver.number)
    assert evaluated(workshop) == [("waiver_ending", "raised")]
    with workshop.warehouse.transaction() as connection:
        (alert,) = open_alerts(connection)
    assert (alert.instrument, alert.value) == ("MGC", 5.0)
    assert "stand portfolio of 25k, validated_setups of MGC. Build them again" in alert.message
    judge(workshop, passed=False, at=NOW + dt.timedelta(minutes=1))
    assert evaluated(workshop) == []  # one alert, though it does not hold now, too
    judge(workshop, passed=True, at=NOW + dt.timedelta(minutes=2))
    for asset, scope in (("validated_setups", "MGC"), ("portfolio", "25k")):
        record_build(workshop, asset, scope, at=NOW + dt.timedelta(minutes=3))
    assert evaluated(workshop) == [("waiver_ending", "resolved")]


def test_an_inherited_waiver_that_was_given_again_ends_with_the_later_one(home: Home) -> None:
    workshop = workshop_of(home)
    first, _ = (
        add_waiver(workshop.warehouse, workshop.catalogue, "bars_1m", "schema", "MGC", "review", NOW.date() + left, NOW)
        for left in (dt.timedelta(days=2), dt.timedelta(days=9))
    )
    record_build(workshop, "portfolio", "25k", first.number)
    assert evaluated(workshop) == []
    assert evaluated(workshop, NOW + dt.timedelta(days=4)) == [("waiver_ending", "raised")]


def test_limits_and_rolls_come_from_the_trading_events(home: Home) -> None:
    workshop = workshop_of(home)
    events = [
        TradingEvent(NOW, "limit", "-5.2 R", "limit:25k", account="25k", trading_day=TRADING_DAY, check_name="circuit"),
        TradingEvent(NOW, "roll", "MGC: G5 after Z4", "roll:MGC", instrument="MGC", trading_day=TRADING_DAY),
    ]
    with workshop.warehouse.transaction() as connection:
        record_events(connection, events, NOW)
    assert evaluated(workshop) == [("contract_roll", "raised"), ("limit_reached", "raised")]
    lost = TradingEvent(NOW, "account_lost", "the floor", "lost:25k", account="25k", trading_day=TRADING_DAY)
    with workshop.warehouse.transaction() as connection:
        record_events(connection, [lost], NOW)
    assert evaluated(workshop, NOW + dt.timedelta(days=3)) == [
        ("contract_roll", "resolved"),
        ("limit_reached", "escalated"),
    ]


def test_a_limit_is_over_when_the_account_begins_its_next_day_though_it_enters_nothing(home: Home) -> None:
    workshop = workshop_of(home)
    limit = TradingEvent(NOW, "limit", "-5.2 R", "limit:25k", account="25k", trading_day=TRADING_DAY)
    with workshop.warehouse.transaction() as connection:
        record_events(connection, [limit], NOW)
    begin(workshop, TRADING_DAY)
    assert evaluated(workshop) == [("limit_reached", "raised")]
    begin(workshop, TRADING_DAY + dt.timedelta(days=1))
    assert evaluated(workshop) == [("limit_reached", "resolved")]


def test_alerts_of_runs_stay_as_they_are_where_nobody_looked_at_the_runs(home: Home) -> None:
    workshop = workshop_of(home)
    failed = RunEnd(job="account_job", scope="25k", run_id="a1", ended_at=NOW, failed=True)
    assert evaluated(workshop, runs=[failed]) == [("run_failed", "raised")]
    assert evaluated(workshop) == []
    assert evaluated(workshop, runs=[]) == [("run_failed", "resolved")]


def test_a_run_that_fails_by_a_gate_raises_both_and_one_that_holds_ends_both(landed_home: Home) -> None:
    override(landed_home, "instruments.yaml", 'instruments: {GC: {tick: "0.30"}}')
    run_graph(landed_home, load_catalogue(landed_home.catalogue), ["GC"], to="bars_1m")
    assert standing(landed_home) == ["gate_failed", "run_failed"]
    with open_instance(landed_home) as instance:
        (end,) = run_ends(instance)
        assert (end.job, end.scope, end.failed) == ("research_job", "GC", True)
        assert "schema" in end.message
    override(landed_home, "instruments.yaml", "instruments: {}")
    run_graph(landed_home, load_catalogue(landed_home.catalogue), ["GC"], to="bars_1m")
    assert standing(landed_home) == []


@pytest.mark.parametrize("scope", [{"dagster/partition": "GC"}, {"orb/account": "50k"}, {}])
def test_the_latest_run_of_each_scope_counts_however_often_others_ran_since(home: Home, scope: dict[str, str]) -> None:
    failing: Any = ran("research_job", fails=True)
    going_well: Any = ran("research_job", fails=False)
    home.root.mkdir()
    with open_instance(home) as instance:
        failing.execute_in_process(instance=instance, raise_on_error=False, tags=scope)
        for _ in range(21):
            going_well.execute_in_process(instance=instance, tags={"dagster/partition": "MGC"})
        name = next(iter(scope.values()), "")
        assert {(end.scope, end.failed) for end in run_ends(instance)} == {(name, True), ("MGC", False)}
        going_well.execute_in_process(instance=instance, tags=scope)
        assert {(end.scope, end.failed) for end in run_ends(instance)} == {(name, False), ("MGC", False)}


def ran(name: str, *, fails: bool) -> dg.JobDefinition:
    @dg.op
    def step() -> None:
        if fails:
            raise OSError

    @dg.job(name=name)
    def job() -> None:
        step()

    return job


# By themselves.


def tick(home: Home) -> Any:
    with open_instance(home) as instance:
        return alerts_every_five_minutes(dg.build_schedule_context(instance=instance))


def publish(home: Home) -> dg.ExecuteInProcessResult:
    from orb_pipeline.definitions import defs

    with open_instance(home) as instance:
        resources = {"workshop": Workshop(home, load_catalogue(home.catalogue))}
        job = dg.Definitions(assets=defs.assets, jobs=[alerts_job], resources=resources).resolve_job_def("alerts_job")
        return job.execute_in_process(instance=instance, raise_on_error=False)


def test_the_schedule_evaluates_asks_for_a_run_where_something_has_changed_and_else_says_why_not(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(home.root))
    home.root.mkdir()
    assert "Nothing has landed" in tick(home).skip_message
    workshop = workshop_of(home)
    judge(workshop, passed=False)
    request = tick(home)
    assert isinstance(request, dg.RunRequest)
    assert request.tags["orb/alerts"] == "gate_failed raised"
    assert standing(home) == ["gate_failed"]  # before any run
    assert publish(home).success
    assert "Nothing has been raised, acknowledged or resolved" in tick(home).skip_message
    with workshop.warehouse.transaction() as connection:
        acknowledge(connection, 1, NOW, "me")
    assert isinstance(tick(home), dg.RunRequest)


def test_published_alerts_have_gates_of_which_one_is_that_nothing_critical_is_open(home: Home) -> None:
    workshop = workshop_of(home)
    write_paper(workshop, Journal().trade(60, 70, r=-6.0, outcome="loss"))
    assert not publish(home).success
    verdicts = (
        "select check_name, passed from gate_verdicts where asset = 'monitor_alerts' order by judged_at, check_name"
    )
    assert workshop.warehouse.frame(verdicts)["passed"].tolist() == [False, True]
    with workshop.warehouse.transaction() as connection:
        (critical,) = (alert for alert in open_alerts(connection) if alert.alert == "circuit_break")
        acknowledge(connection, critical.alert_id, NOW, "me")
    assert publish(home).success
    assert workshop.warehouse.frame(verdicts)["passed"].tolist() == [False, True, True, True]


def test_a_critical_alert_of_another_account_is_published_and_judged_as_entries_are(home: Home) -> None:
    workshop = workshop_of(home)
    found = (
        Alert(
            alert="broker_difference", condition=account, severity=severity, message="", raised_at=NOW, account=account
        )
        for account, severity in (("50k", Severity.CRITICAL), ("100k", Severity.WARNING))
    )
    with workshop.warehouse.transaction() as connection:
        for alert in found:
            raise_alert(connection, alert)
        assert why_refused(connection, "25k", {}, NOW) is not None
    assert not publish(home).success
    verdicts = "select check_name, passed from gate_verdicts where instrument = '25k' order by judged_at, check_name"
    assert workshop.warehouse.frame(verdicts).to_numpy().tolist() == [["no_open_critical", False], ["schema", True]]
    assert workshop.table("monitor_alerts", "25k").pandas()["account"].tolist() == ["50k"]
    with workshop.warehouse.transaction() as connection:
        acknowledge(connection, 1, NOW, "me")
        assert why_refused(connection, "25k", {}, NOW) is None
    assert publish(home).success


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("severity", "GRAVE", "only INFO, WARNING, CRITICAL"),
        ("status", "resolved", "only open, acknowledged"),
        ("acknowledged_at", pd.Timestamp(NOW), "acknowledged exactly where somebody has"),
        ("account", "50k", "only 25k"),
        ("chance", 1.5, "in_range"),
    ],
)
def test_the_schema_of_alerts_finds_a_fault_in_a_row(home: Home, column: str, value: object, rule: str) -> None:
    workshop = workshop_of(home)
    judge(workshop, passed=False)
    evaluate_alerts(workshop, NOW)
    stored = workshop.table("monitor_alerts", "25k").pandas()
    faulty = stored.assign(**{column: pd.Series([value]).astype(stored[column].dtype)})
    assert judged(workshop, stored).passed
    result = judged(workshop, faulty)
    assert not result.passed
    assert rule in result.message


def judged(workshop: Workshop, frame: pd.DataFrame) -> GateResult:
    table = StoredTable("", lambda: pa.Table.from_pandas(frame, preserve_index=False))

    def no_study(_symbol: str) -> Study:
        raise AssertionError

    evidence = Evidence("monitor_alerts", "25k", workshop.catalogue, {"monitor_alerts": table}, no_study)
    return schema_monitor_alerts.judge(evidence)


def test_after_a_run_that_failed_its_alert_is_there_without_another_run(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(home.root))
    workshop_of(home)

    @dg.op
    def fails() -> None:
        message = "the disk is full"
        raise OSError(message)

    @dg.job(name="walk_forward_nightly")
    def nightly() -> None:
        fails()

    with open_instance(home) as instance:
        result = nightly.execute_in_process(instance=instance, raise_on_error=False)
        context = dg.build_run_status_sensor_context(
            sensor_name="alerts_after_failure",
            dagster_event=next(event for event in result.all_events if event.is_run_failure),
            dagster_instance=instance,
            dagster_run=result.dagster_run,
        )
        answer: Any = alerts_after_failure(context)
    assert answer.skip_message == "Alerts: run_failed raised."
    with Warehouse(home.warehouse).transaction() as connection:
        (alert,) = open_alerts(connection)
    assert "walk_forward_nightly failed" in alert.message
    assert "the disk is full" in alert.message
