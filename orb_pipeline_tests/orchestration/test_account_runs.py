"""One account over real setups, from portfolio to journal: built, built again, stopped by a gate, let through."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.orchestration.assets import all_assets
from orb_pipeline.orchestration.gates import ACCOUNT_ASSETS, gates_of
from orb_pipeline.orchestration.instance import open_instance
from orb_pipeline.orchestration.resources import resources
from orb_pipeline.orchestration.scope import ACCOUNT_TAG
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.portfolio.model import Portfolio
from orb_pipeline.settings import Home
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.orchestration.conftest import override, statuses, waive

JOURNAL = "select * from trade_journal where account = ? order by mode, trading_day, strategy_id"
UP_TO_REPLAY = ("portfolio", "replay_results")


def build(home: Home, *assets: str, account: str = "25k") -> str:
    """Run assets of an account alone, as Dagster's own page can; the failure, '' where they were built."""
    catalogue = load_catalogue(home.catalogue)
    with open_instance(home) as instance:
        result = dg.materialize(
            all_assets(catalogue),
            selection=list(assets or ACCOUNT_ASSETS),
            instance=instance,
            resources=resources(Workshop(home, catalogue)),
            tags={ACCOUNT_TAG: account},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
    failures = [event for event in result.all_events if event.is_step_failure]
    return str(failures[0].step_failure_data.error) if failures else ""


def journal(home: Home, account: str = "25k") -> pd.DataFrame:
    return Warehouse(home.warehouse).frame(JOURNAL, [account])


def contents(home: Home, account: str = "25k") -> list[tuple[str, str]]:
    """The latest content of each asset, and of the trades beside the replay."""
    query = "select asset, content_hash from asset_builds where instrument = ? order by built_at"
    builds = Warehouse(home.warehouse).frame(query, [account])
    latest: dict[str, str] = dict(zip(builds["asset"], builds["content_hash"], strict=True))
    trades = Lake(home.lake_url).snapshot("replay_trades", account).content_hash
    return [*sorted(latest.items()), ("replay_trades", trades)]


def facts_of(home: Home, asset: str) -> dict[str, Any]:
    with open_instance(home) as instance:
        event: Any = instance.get_latest_materialization_event(dg.AssetKey(asset))
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


@pytest.fixture(scope="module")
def made(homes: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Real setups of three months of gold, too few to walk forward, which is waived; the account is built."""
    root = tmp_path_factory.mktemp("account") / "home"
    shutil.copytree(homes("built"), root, ignore=shutil.ignore_patterns("dagster"))
    home = Home.at(root)
    waive(home, "walk_forward", "no_degradation")
    assert build(home) == ""
    return home


@pytest.fixture
def account_home(made: Home, home: Home) -> Home:
    """A copy of it to change."""
    shutil.copytree(made.root, home.root, ignore=shutil.ignore_patterns("dagster"))
    return home


def test_every_gate_was_asked_of_what_is_stored_and_holds_or_is_waived(made: Home) -> None:
    for asset, status in statuses(made).items():
        assert [gate.check for gate in status.gates] == [gate.check for gate in gates_of(asset)]
        assert status.stale is None
        waived = {"no_degradation"} if asset == "walk_forward" else set()
        assert {gate.check for gate in status.gates if gate.state != "passed"} == waived
    assert [waiver.check for waiver in statuses(made)["trade_journal"].waivers] == ["no_degradation"]


def test_the_replays_facts_are_those_of_its_trades(made: Home) -> None:
    facts, rows = facts_of(made, "replay_results"), journal(made)
    assert facts["replay_hash"] == Lake(made.lake_url).snapshot("replay_trades", "25k").content_hash
    assert (facts["days"], facts["bars"]) == (70, 90_000)
    assert facts["pnl_r"] == pytest.approx(rows["pnl_r"].sum())
    assert facts["pnl_dollars"] == pytest.approx(rows["pnl_dollars"].sum())
    assert (facts["trades"], facts["refused"]) == (rows["risk_check_passed"].sum(), (~rows["risk_check_passed"]).sum())
    assert facts["expectancy_r"] == pytest.approx(rows["pnl_r"].mean())
    assert "data:image/png;base64" in facts["excursions"]
    assert facts_of(made, "trade_journal")["replay_trades"] == facts["trades"]
    assert "data:image/png;base64" in facts["equity"]
    assert "position_size" in facts["limits"]
    assert facts_of(made, "trade_journal")["days_written"] == rows["trading_day"].nunique()


def test_the_portfolios_document_is_whole_and_names_who_is_left_out(made: Home) -> None:
    document = json.loads((made.reports / "portfolio.json").read_text(encoding="utf-8"))
    portfolio = Portfolio.from_dict(document["portfolio"])
    stored = Warehouse(made.warehouse).frame("select strategy_id from portfolio_strategies order by position")
    assert [strategy.strategy_id for strategy in portfolio.strategies] == stored["strategy_id"].tolist()
    assert (document["account"], document["instruments"]) == ("25k", ["XAUUSD"])
    assert document["left_out"] == {"GC": "bars_1m of GC has not been built. Build it: `orb run --instrument GC`."}
    matrix = pd.DataFrame(document["correlations"]["matrix"])
    assert matrix.equals(matrix.T)
    candidates = Warehouse(made.warehouse).frame("select taken, reason from portfolio_candidates")
    assert (candidates["reason"].isna() == candidates["taken"]).all()


def test_built_again_it_is_the_same_to_the_last_bit_and_the_journal_keeps_its_numbers(account_home: Home) -> None:
    before, rows = contents(account_home), journal(account_home)
    assert build(account_home) == ""
    assert contents(account_home) == before
    pd.testing.assert_frame_equal(journal(account_home), rows)
    facts = facts_of(account_home, "trade_journal")
    assert (facts["days_written"], facts["dagster/row_count"]) == (0, len(rows))


def test_a_day_of_the_journal_that_was_tampered_with_is_seen_and_written_anew_alone(account_home: Home) -> None:
    rows = journal(account_home)
    day = rows["trading_day"].iloc[100]
    with Warehouse(account_home.warehouse).transaction() as connection:
        connection.execute("update trade_journal set pnl_r = pnl_r + 1 where trading_day = ?", [day.date()])
    assert {gate.state for gate in statuses(account_home)["trade_journal"].gates} == {"never judged"}
    assert build(account_home, "trade_journal") == ""
    assert facts_of(account_home, "trade_journal")["days_written"] == 1
    mended = journal(account_home)
    assert mended["pnl_r"].equals(rows["pnl_r"])
    assert ((mended["journal_id"] != rows["journal_id"]) == (rows["trading_day"] == day)).all()


def test_a_second_account_leaves_the_first_ones_rows_alone(account_home: Home) -> None:
    before, rows = contents(account_home), journal(account_home)
    waive(account_home, "walk_forward", "no_degradation", "50k")
    assert build(account_home, account="50k") == ""
    assert contents(account_home) == before
    pd.testing.assert_frame_equal(journal(account_home), rows)
    other = journal(account_home, "50k")
    assert len(other) > 100
    assert set(other["journal_id"]).isdisjoint(rows["journal_id"])


def test_other_modes_of_the_journal_are_not_the_assets_to_touch(account_home: Home) -> None:
    with Warehouse(account_home.warehouse).transaction() as connection:
        connection.execute(
            "insert into trade_journal by name "
            "select * exclude (journal_id) replace ('paper' as mode) from trade_journal"
        )
    assert {gate.state for gate in statuses(account_home)["trade_journal"].gates} == {"passed"}
    assert build(account_home, "trade_journal") == ""
    counts = journal(account_home)["mode"].value_counts()
    assert counts["paper"] == counts["replay"]


def test_a_gate_of_the_research_that_no_longer_holds_stops_the_account_with_its_message(account_home: Home) -> None:
    with Warehouse(account_home.warehouse).transaction() as connection:
        connection.execute(
            "update gate_verdicts set passed = false, message = 'an outcome was made up' "
            "where asset = 'orb_outcomes' and check_name = 'matches_reference'"
        )
    failure = build(account_home)
    assert "No instrument's research holds, so that account 25k has nothing to choose from." in failure
    assert "Gate orb_outcomes/matches_reference of XAUUSD does not hold: an outcome was made up" in failure
    replay = build(account_home, "replay_results")
    assert "Gate orb_outcomes/matches_reference of XAUUSD does not hold: an outcome was made up" in replay
    assert statuses(account_home)["replay_results"].blocked == "orb_outcomes/matches_reference of XAUUSD"


def test_an_outcome_that_is_not_the_one_that_was_judged_stops_the_account(account_home: Home) -> None:
    lake = Lake(account_home.lake_url)
    outcomes = lake.read("orb_outcomes", "XAUUSD")
    lake.write("orb_outcomes", "XAUUSD", outcomes.assign(pnl_r=outcomes["pnl_r"] + 1.0))
    assert "has never judged the data as it is now" in build(account_home, *UP_TO_REPLAY)


def test_a_portfolio_that_is_too_small_stops_until_it_is_waived_and_then_shows_it_downstream(
    account_home: Home,
) -> None:
    override(account_home, "portfolio.yaml", "gates: {min_strategies: 6}")
    build(account_home)
    status = statuses(account_home)
    assert {gate.check: gate.state for gate in status["portfolio"].gates}["diversified"] == "failed"
    refusal = build(account_home, "replay_results")
    assert "Gate portfolio/diversified of 25k does not hold: 5 strategies with 2 entry models (E1, E3) of" in refusal
    assert "expected at least 6 strategies and 2 entry models. Not taken: " in refusal
    assert "`orb portfolio --account 25k --why` tells of each." in refusal
    assert "`orb waive portfolio diversified --account 25k --reason TEXT --until DATE`" in refusal
    waive(account_home, "portfolio", "diversified")
    assert build(account_home, "replay_results", "walk_forward", "trade_journal") == ""
    waivers = [waiver.check for waiver in statuses(account_home)["trade_journal"].waivers]
    assert sorted(waivers) == ["diversified", "no_degradation"]


def test_an_account_for_which_no_setup_suits_ends_with_a_report_and_not_with_a_crash(account_home: Home) -> None:
    override(
        account_home,
        "portfolio.yaml",
        "{selection: {min_expectancy_r: 99}, gates: {min_strategies: 0, min_entry_models: 0}}",
    )
    build(account_home)
    status = statuses(account_home)
    assert {gate.state for gate in status["portfolio"].gates} == {"passed"}
    assert status["portfolio"].rows == 0
    refusal = build(account_home, "walk_forward")
    assert "Gate replay_results/parity of 25k does not hold: 0 cases were compared" in refusal
