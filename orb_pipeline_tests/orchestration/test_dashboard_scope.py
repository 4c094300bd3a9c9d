"""What the dashboard of one account takes from a home with several: what stops this one, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orb_pipeline.orchestration.dashboard.collect import collect
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import Home
from orb_pipeline.storage.alerts import Alert, Severity, raise_alert
from orb_pipeline_tests.orchestration.journals import Journal
from orb_pipeline_tests.orchestration.watched import NOW, begin, workshop_of, write_paper

LOSS = Alert(
    alert="circuit_break",
    condition="circuit_break:50k",
    severity=Severity.CRITICAL,
    message="lost",
    raised_at=NOW,
    account="50k",
)


@pytest.fixture
def workshop(home: Home) -> Workshop:
    return workshop_of(home)


def told(workshop: Workshop, query: str, column: str) -> list[object]:
    return [row[column] for row in collect(workshop, workshop.catalogue.account("25k"))[query].records]


def test_a_critical_alert_of_another_account_stops_this_one_and_is_shown(workshop: Workshop) -> None:
    with workshop.warehouse.transaction() as connection:
        raise_alert(connection, LOSS)
        raise_alert(connection, replace(LOSS, condition="drawdown:50k", severity=Severity.WARNING))
    assert told(workshop, "alerts", "alert") == ["circuit_break"]


def test_a_failed_gate_of_another_account_is_not_this_one_s(workshop: Workshop) -> None:
    with workshop.warehouse.transaction() as connection:
        for asset, scope in (("portfolio", "50k"), ("portfolio", "25k"), ("bars_1m", "MGC")):
            connection.execute(
                "insert into asset_builds (asset, instrument, content_hash, inputs, row_count, seconds, simulated, "
                "waivers, run_id, built_at) values (?, ?, 'h', '{}', 0, 0, false, [], 'a test', ?)",
                [asset, scope, NOW],
            )
            connection.execute(
                "insert into gate_verdicts (asset, check_name, instrument, content_hash, passed, message, judged_at) "
                "values (?, 'schema', ?, 'h', false, 'no', ?)",
                [asset, scope, NOW],
            )
    assert sorted(map(str, told(workshop, "gates", "scope"))) == ["25k", "MGC"]


def test_an_alert_without_a_day_leads_to_the_latest_trades_of_its_strategy(workshop: Workshop) -> None:
    journal = Journal()
    for day in range(10):
        journal.trade(60, 70, day=day, r=-1.0, outcome="loss", strategy_id="S01")
    write_paper(workshop, journal)
    begin(workshop, NOW.date())
    drift = replace(LOSS, alert="expr_drift", condition="expr_drift:25k:S01", account="25k", strategy_id="S01")
    with workshop.warehouse.transaction() as connection:
        raise_alert(connection, drift)
    assert told(workshop, "alert_trades", "strategy_id") == ["S01"] * 8
