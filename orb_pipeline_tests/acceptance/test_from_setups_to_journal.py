"""On three months of real gold, as a user types it: from setups to the journal, what was chosen, what was replayed."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.orchestration.gates import ACCOUNT_ASSETS
from orb_pipeline.portfolio.candidates import Reason
from orb_pipeline.portfolio.model import Portfolio
from orb_pipeline_tests.acceptance.command import Answer, orb
from orb_pipeline_tests.data import real_data

UNTIL = str(dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30))
BUILDS = "select asset, instrument, content_hash, inputs, run_id from asset_builds order by built_at, asset"
JOURNAL = "select * from trade_journal where account = '25k' order by mode, trading_day, strategy_id"


def waive(home: Path, asset: str, check: str, reason: str, account: str = "25k") -> Answer:
    return orb(home, "waive", asset, check, "--account", account, "--reason", reason, "--until", UNTIL)


def rows(home: Path, query: str) -> list[dict[str, str]]:
    answer = orb(home, "sql", query, "--format", "csv")
    assert answer.code == 0, answer.err
    return answer.csv()


@dataclass(frozen=True)
class Journey:
    """A home after ingest and run, and what `orb run` and the JSON of the portfolio answered."""

    home: Path
    ran: Answer
    portfolio: Answer


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Journey:
    """Three months are too short to walk forward, which is passed over in writing."""
    home = tmp_path_factory.mktemp("journey") / "home"
    files = [real_data("gold_spot_recent", f"{year}.parquet") for year in (2025, 2026)]
    assert orb(home, "ingest", *files, "--instrument", "XAUUSD").code == 0
    assert waive(home, "walk_forward", "no_degradation", "three months of bars").code == 0
    ran = orb(home, "run")
    return Journey(home, ran, orb(home, "portfolio", "--json", "--why"))


def test_run_goes_through_to_the_journal(journey: Journey) -> None:
    assert journey.ran.code == 0, journey.ran.err
    assert "Error" not in journey.ran.err
    lines = journey.ran.out.splitlines()
    of_account = lines[lines.index("25k") :]
    assert [line.split()[0] for line in of_account[-len(ACCOUNT_ASSETS) :]] == list(ACCOUNT_ASSETS)
    gates = {line.split()[0]: line.rstrip().split("  ")[-1].strip() for line in of_account[-len(ACCOUNT_ASSETS) :]}
    assert gates == {
        "portfolio": "4 passed",
        "replay_results": "2 passed",
        "walk_forward": "no_degradation waived",
        "trade_journal": "3 passed",
        "monitor_alerts": "2 passed",
    }
    assert "Waived until" in journey.ran.err
    assert "three months of bars" in journey.ran.err


def test_the_journal_is_whole_and_adds_up_to_the_replay(journey: Journey) -> None:
    query = """
        with journal as (select * from trade_journal where mode = 'replay' and account = '25k')
        select count(*) as entries, count(distinct (trading_day, strategy_id)) as keys,
               count(*) filter (risk_check_passed) as trades, count(exit_ts) as exits,
               count(*) filter (risk_check_passed <> (outcome is not null)) as torn,
               round(sum(pnl_r) - (select sum(pnl_r) from replay_results), 9) as apart_r,
               round(sum(pnl_dollars) - (select sum(pnl_dollars) from replay_results), 6) as apart_dollars,
               (select sum(trades)::int from replay_results) as replayed,
               (select sum(rejections)::int from replay_results) as refused,
               bool_or(simulated) as simulated
        from journal
    """
    (found,) = rows(journey.home, query)
    assert int(found["entries"]) == int(found["keys"]) == int(found["replayed"]) + int(found["refused"])
    assert int(found["trades"]) == int(found["exits"]) == int(found["replayed"]) > 100
    assert (found["torn"], float(found["apart_r"]), float(found["apart_dollars"])) == ("0", 0.0, 0.0)
    assert found["simulated"].lower() == "false"


def test_the_parity_gate_compared_the_portfolio_and_a_sample_of_500(journey: Journey) -> None:
    query = "select message, passed from gate_verdicts where asset = 'replay_results' and check_name = 'parity'"
    (found,) = rows(journey.home, query)
    assert found["passed"].lower() == "true"
    counted = re.search(r"\((\d+) strategies of the portfolio and (\d+) sampled ones on 70 days", found["message"])
    assert counted is not None
    assert int(counted[1]) + int(counted[2]) >= 500
    assert found["message"].endswith("all are equal.")


def test_status_shows_the_account_and_what_is_passed_over(journey: Journey) -> None:
    status = orb(journey.home, "status", "--json").json()
    (account,) = status["accounts"]
    assert account["account"] == "25k"
    assert [asset["asset"] for asset in account["assets"]] == list(ACCOUNT_ASSETS)
    assert all(asset["stale"] is None and asset["blocked"] is None for asset in account["assets"])
    assert [waiver["reason"] for waiver in status["waivers"]] == ["three months of bars"]


# orb portfolio.


def test_the_portfolio_as_json_is_all_of_stdout_and_what_the_report_holds(journey: Journey) -> None:
    assert journey.portfolio.code == 0
    document = journey.portfolio.json()
    candidates = document.pop("candidates")
    text = (journey.home / "reports" / "portfolio.json").read_text(encoding="utf-8")
    assert document == json.loads(text)
    assert text.endswith("}\n")
    portfolio = Portfolio.from_dict(document["portfolio"])
    assert portfolio.to_dict() == document["portfolio"]
    assert portfolio.account_equity == load_catalogue().account("25k").equity
    members = [strategy.strategy_id for strategy in portfolio.strategies]
    assert len(members) >= 5
    stored = rows(journey.home, "select strategy_id from portfolio_strategies order by position")
    assert [row["strategy_id"] for row in stored] == members
    assert [row["strategy_id"] for row in candidates if row["taken"]] == members
    assert document["correlations"]["strategies"] == members


def test_every_setup_that_was_not_taken_has_a_reason_and_the_member_it_clashed_with(journey: Journey) -> None:
    document = journey.portfolio.json()
    (counted,) = rows(journey.home, "select count(*) as setups from validated_setups where status = 'active'")
    assert len(document["candidates"]) == int(counted["setups"])
    fallen = [row for row in document["candidates"] if not row["taken"]]
    members = {row["strategy_id"] for row in document["portfolio"]["strategies"]}
    assert {row["reason"] for row in fallen} <= {str(reason.value) for reason in Reason}
    assert all((row["clashes_with"] in members) == ("correlation" in row["reason"]) for row in fallen)
    assert sum(document["not_taken"].values()) == len(fallen)


def test_the_portfolio_for_people_shows_members_sizes_and_capital(journey: Journey) -> None:
    answer = orb(journey.home, "portfolio")
    assert answer.code == 0
    document = journey.portfolio.json()
    for strategy in document["portfolio"]["strategies"]:
        assert strategy["strategy_id"] in answer.out
    setups = len(document["candidates"])
    assert f"{len(document['portfolio']['strategies'])} of {setups:,} active setups; not taken: " in answer.out
    for figure in ("contracts", "total weight", "expected trades a day", "risk of ruin", "margin"):
        assert figure in answer.out
    assert "A rehearsal" not in answer.err, "it is the one that is built"


def test_why_tells_of_each_setup_in_a_line(journey: Journey) -> None:
    answer = orb(journey.home, "portfolio", "--why")
    assert answer.code == 0
    fallen = [row for row in journey.portfolio.json()["candidates"] if not row["taken"]]
    listed = [line.split()[1] for line in answer.out.splitlines() if re.match(r"\s*[\d,]+\s+XAUUSD_", line)]
    assert listed == [row["strategy_id"] for row in fallen]


def test_another_accounts_portfolio_is_a_rehearsal_on_its_own_terms(journey: Journey) -> None:
    answer = orb(journey.home, "portfolio", "--account", "prop_50k_trailing")
    assert answer.code == 0
    assert "trailing drawdown 2,000 $, daily loss 1,000 $" in answer.out
    assert "generic example, no firm's rules; verified by nobody" in answer.out
    assert "not allowed: signals only" in answer.out
    assert (
        "A rehearsal: not the portfolio that is built. `orb run --account prop_50k_trailing` builds it." in answer.err
    )


# orb replay.


def test_a_replay_shows_parity_results_and_limits_and_writes_nothing(journey: Journey) -> None:
    before = rows(journey.home, BUILDS), rows(journey.home, JOURNAL)
    answer = orb(journey.home, "replay")
    assert answer.code == 0, answer.err
    assert "100.0000% equal to the backtest." in answer.out
    refused = [row for row in before[1] if row["risk_check"]]
    traded = len(before[1]) - len(refused)
    assert re.search(rf"^trades\s+{traded}\s*$", answer.out, re.MULTILINE)
    assert re.search(rf"^refused entries\s+{len(refused)}\s*$", answer.out, re.MULTILINE)
    for check in {row["risk_check"] for row in refused}:
        assert re.search(rf"^{check}\s.*(saved|cost) [\d.]+\s*$", answer.out, re.MULTILINE)
    assert (rows(journey.home, BUILDS), rows(journey.home, JOURNAL)) == before


def test_a_replay_without_risk_is_parity_alone_over_the_days_that_are_named(journey: Journey) -> None:
    answer = orb(journey.home, "replay", "--no-risk", "--sample", "0", "--start", "2026-02-02", "--end", "2026-02-27")
    assert answer.code == 0
    assert re.search(r"Parity: 5 strategies on 20 days, \d+ trades .*; 100\.0000% equal", answer.out)
    assert "equity" not in answer.out
    assert "refused" not in answer.out


def test_a_replay_of_no_day_is_wrong_input_and_names_the_days_there_are(journey: Journey) -> None:
    answer = orb(journey.home, "replay", "--no-risk", "--sample", "0", "--start", "2031-01-01")
    assert answer.code == 2
    assert "there are days from 2025-12-19 to 2026-03-25" in answer.err
    assert "equal" not in answer.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("portfolio", "--account", "mine"), "Unknown account 'mine'. Known: 25k, 50k, 100k, prop_50k_trailing"),
        (("replay", "--account", "mine"), "Unknown account 'mine'. Known: 25k, 50k, 100k, prop_50k_trailing"),
        (("run", "--account", "mine"), "Unknown account 'mine'. Known: 25k, 50k, 100k, prop_50k_trailing"),
        (("replay", "--instrument", "GOLD"), "Unknown instrument 'GOLD'. Known: "),
        (("replay", "--start", "2026-02-02", "--end", "2026-02-01"), "--end 2026-02-01 is before --start 2026-02-02."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_meant_is_refused_with_what_can(
    journey: Journey, arguments: tuple[str, ...], message: str
) -> None:
    answer = orb(journey.home, *arguments)
    assert answer.code == 2
    assert answer.out == ""
    assert message in answer.err
    assert "Traceback" not in answer.err


# A second account, whose portfolio is too small for what its home asks.


@dataclass(frozen=True)
class Second:
    """A copy of the home that asks for six strategies, which is waived for the account that then is run."""

    home: Path
    before: list[dict[str, str]]
    waived: Answer
    ran: Answer


@pytest.fixture(scope="module")
def second(journey: Journey, tmp_path_factory: pytest.TempPathFactory) -> Second:
    home = tmp_path_factory.mktemp("second") / "home"
    shutil.copytree(journey.home, home)
    (home / "catalogue").mkdir(exist_ok=True)
    (home / "catalogue" / "portfolio.yaml").write_text("gates: {min_strategies: 6}")
    assert waive(home, "walk_forward", "no_degradation", "three months of bars", "50k").code == 0
    waived = waive(home, "portfolio", "diversified", "five will do", "50k")
    return Second(home, rows(home, JOURNAL), waived, orb(home, "run", "--account", "50k"))


def test_a_second_account_is_built_and_the_journal_of_the_first_stays_as_it_is(second: Second) -> None:
    assert second.ran.code == 0, second.ran.err
    assert "50k" in second.ran.out.splitlines()
    assert "25k" not in second.ran.out.splitlines()
    assert rows(second.home, JOURNAL) == second.before
    counts = rows(second.home, "select account, count(*) as n from trade_journal group by account order by account")
    assert {row["account"]: int(row["n"]) > 100 for row in counts} == {"25k": True, "50k": True}


def test_a_portfolio_that_is_too_small_goes_through_by_a_waiver_that_shows(second: Second) -> None:
    assert second.waived.code == 0
    assert "portfolio/diversified of 50k is passed over until" in second.waived.err
    assert "It takes effect with the next `orb run --account 50k`." in second.waived.err
    assert "diversified waived" in second.ran.out
    assert "five will do" in second.ran.err
    status = orb(second.home, "status")
    assert "diversified waived" in status.out
    assert "five will do" in status.out
    first, other = orb(second.home, "status", "--json").json()["accounts"]
    assert (first["account"], other["account"]) == ("25k", "50k")
    assert all(asset["stale"] is None and asset["blocked"] is None for asset in other["assets"])
    assert first["assets"][0]["stale"] == "the catalogue has changed since", "it was not asked for six strategies"
