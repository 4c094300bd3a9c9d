"""On a year of real gold in which nothing holds up the chain stops at the setups; the engine is right all the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from orb_pipeline.orchestration.gates import ACCOUNT_ASSETS
from orb_pipeline_tests.acceptance.command import Answer, orb
from orb_pipeline_tests.data import real_data


@dataclass(frozen=True)
class Journey:
    home: Path
    ran: Answer


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Journey:
    home = tmp_path_factory.mktemp("journey") / "home"
    assert orb(home, "ingest", real_data("gold_spot", "2010.parquet"), "--instrument", "XAUUSD").code == 0
    return Journey(home, orb(home, "run"))


def test_the_run_stops_at_the_setups_with_the_number_tried_and_where_they_fell(journey: Journey) -> None:
    assert journey.ran.code == 1
    assert (
        "Error: Gate validated_setups/at_least_one_setup of XAUUSD does not hold: 0 of 7,020 strategies tried hold "
        in (journey.ran.err)
    )
    assert re.search(r"fell: [\d,]+ by sample_size, [\d,]+ by expectancy", journey.ran.err)
    assert "`orb waive validated_setups at_least_one_setup --instrument XAUUSD" in journey.ran.err
    assert "Traceback" not in journey.ran.err


def test_the_accounts_assets_are_skipped_but_for_its_alerts_and_the_instrument_is_named(journey: Journey) -> None:
    lines = journey.ran.out.splitlines()
    of_account = lines[lines.index("25k") :][-len(ACCOUNT_ASSETS) :]
    *skipped, alerts = ((line.split()[0], line.split()[-1]) for line in of_account)
    assert skipped == [(asset, "skipped") for asset in ACCOUNT_ASSETS[:-1]]
    assert alerts == ("monitor_alerts", "passed")
    told = orb(journey.home, "alerts", "--json").json()
    assert [alert["alert"] for alert in told] == ["gate_failed", "run_failed"]
    assert "XAUUSD is left out of 25k, since its run failed." in journey.ran.err
    assert "25k: Not started, since the research of no instrument holds (XAUUSD)" in journey.ran.err
    count = orb(journey.home, "sql", "select count(*) as n from trade_journal", "--format", "csv")
    assert count.csv() == [{"n": "0"}]


def test_parity_of_500_strategies_of_the_grid_holds_though_nothing_is_traded(journey: Journey) -> None:
    answer = orb(journey.home, "replay", "--no-risk", "--sample", "500", "--instrument", "XAUUSD")
    assert answer.code == 0, answer.err
    assert re.search(r"Parity: 50\d strategies on 294 days, [\d,]+ trades .*; 100\.0000% equal", answer.out)


def test_an_account_run_without_a_portfolio_says_why_there_is_none(journey: Journey) -> None:
    answer = orb(journey.home, "replay", "--sample", "1", "--instrument", "XAUUSD", "--end", "2010-01-31")
    assert answer.code == 1
    assert "100.0000% equal" in answer.out
    assert "No account run. No instrument's research holds" in answer.err


@pytest.mark.parametrize("command", ["replay", "portfolio"])
def test_what_needs_a_portfolio_stops_with_the_gate_that_stopped_the_research(journey: Journey, command: str) -> None:
    answer = orb(journey.home, command)
    assert answer.code == 1
    assert answer.out == ""
    assert "so that account 25k has nothing to choose from" in answer.err
    assert "validated_setups/at_least_one_setup of XAUUSD" in answer.err
    assert "Traceback" not in answer.err
