"""Tearsheets are written from the journal of a home, and the same figures are facts of assets."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.errors import InputError, MissingDataError
from orb_pipeline.orchestration.tearsheets import mode_facts, trade_facts, write_tearsheets
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import Home
from orb_pipeline_tests.acceptance.command import orb
from orb_pipeline_tests.monitoring.test_tearsheet import a_journal

CATALOGUE = load_catalogue()
ACCOUNT = CATALOGUE.account("25k")


@pytest.fixture
def workshop(home: Home) -> Workshop:
    """A home whose account has a replay in its journal."""
    home.root.mkdir()
    workshop = Workshop(home, CATALOGUE)
    rows = a_journal()
    rows["trading_day"] = rows["trading_day"].dt.date
    with workshop.warehouse.transaction() as connection:
        connection.register("written", rows)
        connection.execute("insert into trade_journal by name select * from written")
    return workshop


def test_a_page_for_the_portfolio_and_each_strategy(workshop: Workshop) -> None:
    written = write_tearsheets(workshop, ACCOUNT, "replay")
    assert written.portfolio is not None
    assert {name: path.name for name, path in written.strategies.items()} == {"A": "A.html", "B": "B.html"}
    page = written.portfolio.read_text(encoding="utf-8")
    assert 'href="A.html"' in page
    assert "+0.5 R" in page
    assert "+1.5 R" in written.strategies["A"].read_text(encoding="utf-8")


def test_one_strategy_alone(workshop: Workshop) -> None:
    written = write_tearsheets(workshop, ACCOUNT, "replay", strategy="B")
    assert (written.portfolio, list(written.strategies)) == (None, ["B"])


def test_one_instrument_alone(workshop: Workshop) -> None:
    written = write_tearsheets(workshop, ACCOUNT, "replay", instrument="MGC")
    assert written.portfolio is not None
    assert written.portfolio.name == "MGC.html"


def test_what_the_journal_does_not_know_is_named(workshop: Workshop) -> None:
    with pytest.raises(InputError, match=r"'C' is not in the journal of mode replay\. It knows: A, B"):
        write_tearsheets(workshop, ACCOUNT, "replay", strategy="C")
    with pytest.raises(InputError, match="It knows: MGC"):
        write_tearsheets(workshop, ACCOUNT, "replay", instrument="MNQ")
    with pytest.raises(InputError, match="Unknown mode 'dream'"):
        write_tearsheets(workshop, ACCOUNT, "dream")
    with pytest.raises(MissingDataError, match="orb paper --account 25k --once"):
        write_tearsheets(workshop, ACCOUNT, "paper")


def test_the_command_names_the_page(workshop: Workshop) -> None:
    answer = orb(workshop.home.root, "report", "--account", "25k")
    assert answer.code == 0
    assert Path(answer.out.strip()).read_text(encoding="utf-8").startswith("<!doctype html>")
    missing = orb(workshop.home.root, "report", "--account", "25k", "--mode", "walk_forward")
    assert missing.code == 2
    assert "orb run --account 25k" in missing.err


def test_facts_of_trades_are_plots_and_numbers() -> None:
    facts = trade_facts(a_journal(), CATALOGUE.instruments)
    assert (facts["trades"], facts["total_r"], facts["max_drawdown_r"]) == (4, 0.5, 1.0)
    for name in ("equity_and_drawdown", "distribution_of_r", "excursions", "by_session_and_weekday"):
        assert isinstance(facts[name], dg.MarkdownMetadataValue)
        assert "data:image/png;base64" in facts[name].value
    assert "| year |" in facts["r_by_month"].value


def test_facts_without_a_trade_are_numbers_alone() -> None:
    facts = trade_facts(a_journal().query("not risk_check_passed"), CATALOGUE.instruments)
    assert facts["trades"] == 0
    assert not any(isinstance(value, dg.MarkdownMetadataValue) for value in facts.values())


def test_each_mode_has_its_numbers() -> None:
    assert mode_facts(a_journal()) == {"replay_trades": 4, "replay_r": 0.5, "replay_expectancy_r": 0.125}
