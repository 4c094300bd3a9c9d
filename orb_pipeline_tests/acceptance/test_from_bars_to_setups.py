"""The way a user goes: simulate, ingest, run, look; a gate that fails, a waiver, and what scripts read."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from orb_pipeline_tests.acceptance.command import Answer, orb, simulate

ASSETS = ("bars_1m", "trading_days", "daily_features", "orb_outcomes", "experimental_strategies", "validated_setups")
FAILING = "gates: {min_validated_setups: 100000}"
PASSING = "gates: {min_validated_setups: 0}"


@dataclass(frozen=True)
class Journey:
    """A home after simulate, ingest and run, with what each command answered."""

    home: Path
    file: Path
    simulated: Answer
    ingested: Answer
    ran: Answer


def research(home: Path, text: str) -> None:
    folder = home / "catalogue"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "research.yaml").write_text(text)


def count(home: Path, table: str) -> int:
    return int(orb(home, "sql", f"select count(*) as n from {table}", "--format", "csv").csv()[0]["n"])


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Journey:
    home = tmp_path_factory.mktemp("journey") / "home"
    file = home / "demo" / "MGC.parquet"
    research(home, PASSING)
    return Journey(
        home,
        file,
        simulated=simulate(home, file),
        ingested=orb(home, "ingest", file, "--instrument", "MGC"),
        ran=orb(home, "run", "--instrument", "MGC", "--to", "validated_setups"),
    )


@pytest.fixture
def landed_home(journey: Journey, tmp_path: Path) -> Path:
    """A home of its own in which the journey's bars have landed and nothing has been built."""
    home = tmp_path / "home"
    assert orb(home, "ingest", journey.file, "--instrument", "MGC").code == 0
    return home


def test_simulate_says_what_it_wrote(journey: Journey) -> None:
    assert journey.simulated.code == 0
    assert journey.simulated.out == ""
    assert "SIMULATED MGC" in journey.simulated.err
    assert "rows, 2023-12-31 23:00 to 2024-02-29 2" in journey.simulated.err
    assert [path.name for path in journey.file.parent.iterdir()] == ["MGC.parquet"]


def test_the_same_seed_writes_the_same_file(journey: Journey, tmp_path: Path) -> None:
    again = tmp_path / "again.parquet"
    assert simulate(tmp_path, again).code == 0
    assert again.read_bytes() == journey.file.read_bytes()


def test_ingest_counts_what_it_read_and_landed(journey: Journey) -> None:
    assert journey.ingested.code == 0
    assert "SIMULATED" in journey.ingested.out
    assert "read" in journey.ingested.out
    assert "landed" in journey.ingested.out


def test_the_same_file_twice_changes_nothing(journey: Journey) -> None:
    before = count(journey.home, "landed_files")
    answer = orb(journey.home, "ingest", journey.file, "--instrument", "MGC")
    assert answer.code == 0
    assert "No new bars" in answer.out
    assert count(journey.home, "landed_files") == before == 1


def test_run_closes_with_a_table_of_all_assets(journey: Journey) -> None:
    assert journey.ran.code == 0, journey.ran.err
    lines = journey.ran.out.splitlines()
    first = lines.index("MGC  SIMULATED") + 3  # below its head and a line
    table = lines[first : first + len(ASSETS)]
    assert [line.split()[0] for line in table] == list(ASSETS)
    assert all(line.rstrip().endswith("passed") for line in table)


def test_run_writes_a_self_contained_report_and_names_it(journey: Journey) -> None:
    report = journey.home / "reports" / "research-MGC.html"
    assert f"Report: {report}" in journey.ran.err
    page = report.read_text(encoding="utf-8")
    assert "SIMULATED" in page
    assert "<svg" in page
    assert "at_least_one_setup" in page
    for outside in ("http://", "https://", "<script", "<link"):
        assert outside not in page


def test_every_asset_answers_by_its_name(journey: Journey) -> None:
    for asset in ASSETS[:-1]:
        assert count(journey.home, asset) > 0
    assert count(journey.home, "experimental_strategies") == 7020
    assert count(journey.home, "gate_verdicts") >= len(ASSETS)


def test_sql_says_that_the_data_are_simulated_without_touching_stdout(journey: Journey) -> None:
    answer = orb(journey.home, "sql", "select count(*) as n from bars_1m", "--format", "csv")
    assert answer.out.splitlines()[0] == "n"
    assert "SIMULATED data in this home: MGC." in answer.err


def test_status_as_json_is_all_of_stdout(journey: Journey) -> None:
    answer = orb(journey.home, "status", "--json")
    assert answer.code == 0
    assert set(answer.json()) == {"instruments", "accounts", "waivers"}
    (instrument,) = answer.json()["instruments"]
    assert instrument["symbol"] == "MGC"
    assert instrument["landed"]["simulated"] is True
    assert [asset["asset"] for asset in instrument["assets"]] == list(ASSETS)
    assert all(asset["stale"] is None for asset in instrument["assets"])


def test_status_for_people_labels_simulated_data(journey: Journey) -> None:
    answer = orb(journey.home, "status")
    assert answer.code == 0
    assert "MGC  SIMULATED" in answer.out
    assert "up to date" in answer.out


def test_an_empty_home_has_a_status_and_a_next_step(tmp_path: Path) -> None:
    answer = orb(tmp_path / "home", "status")
    assert answer.code == 0
    assert "orb ingest" in answer.err
    assert orb(tmp_path / "home", "status", "--json").json()["instruments"] == []


def test_run_stops_after_the_asset_it_is_told(landed_home: Path) -> None:
    answer = orb(landed_home, "run", "--to", "trading_days")
    assert answer.code == 0
    assert count(landed_home, "trading_days") > 0
    assert count(landed_home, "orb_outcomes") == 0
    assert "Report:" not in answer.err


def test_a_gate_that_fails_exits_with_1_and_its_message_until_it_is_waived_in_writing(
    journey: Journey, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(journey.home, home)
    research(home, FAILING)

    failed = orb(home, "run", "--instrument", "MGC", "--to", "validated_setups")
    assert failed.code == 1
    assert "at_least_one_setup FAILED" in failed.out
    assert "Error: Gate validated_setups/at_least_one_setup of MGC does not hold" in failed.err
    assert "100,000" in failed.err or "100000" in failed.err

    until = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=7)
    waived = orb(
        home,
        "waive",
        "validated_setups",
        "at_least_one_setup",
        "--instrument",
        "MGC",
        "--reason",
        "a short simulation",
        "--until",
        str(until),
    )
    assert waived.code == 0, waived.err

    passed = orb(home, "run", "--instrument", "MGC", "--to", "validated_setups")
    assert passed.code == 0, passed.err
    assert "at_least_one_setup waived" in passed.out
    assert "a short simulation" in passed.err
    assert "a short simulation" in orb(home, "status").out
    assert "a short simulation" in (home / "reports" / "research-MGC.html").read_text()
    (row,) = orb(home, "sql", "select * from waivers", "--format", "csv").csv()
    assert (row["reason"], row["until"]) == ("a short simulation", str(until))


BARS = [
    "timestamp,open,high,low,close,volume",
    *(f"2024-03-05T{minute // 60:02d}:{minute % 60:02d}:00Z,2000.0,2000.5,1999.5,2000.1,5" for minute in range(300)),
]


def written(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_bad_row_is_counted_by_reason_and_kept_with_its_values(tmp_path: Path) -> None:
    file = written(tmp_path / "bars.csv", [*BARS, "2024-03-05T06:00:00Z,2000.0,1999.0,1999.0,2000.1,5"])
    answer = orb(tmp_path / "home", "ingest", file, "--instrument", "MGC")
    assert answer.code == 0
    assert "rejected: high_below_open_or_close" in answer.out
    (row,) = orb(tmp_path / "home", "sql", "select * from rejected_bars", "--format", "csv").csv()
    assert row["row_number"] == str(len(BARS) + 1)
    assert row["reason"] == "high_below_open_or_close"
    assert "1999.0" in row["raw"]


def test_of_several_files_each_lands_whole_or_not_at_all(tmp_path: Path) -> None:
    good = written(tmp_path / "good.csv", BARS)
    bad = written(tmp_path / "bad.csv", [BARS[0], "2024-03-06T00:00:00Z,2000.0,1999.0,1999.0,2000.1,5"])
    answer = orb(tmp_path / "home", "ingest", bad, good, "--instrument", "MGC")
    assert answer.code == 2
    assert "bad.csv" in answer.err
    assert "1 of 2 files refused, nothing of them landed; the other 1 did." in answer.err
    (row,) = orb(tmp_path / "home", "sql", "select source_file, landed_rows from landed_files", "--format", "csv").csv()
    assert row["source_file"].endswith("good.csv")
    assert row["landed_rows"] == "300"


def test_columns_and_delimiter_can_be_named(tmp_path: Path) -> None:
    lines = ["Wann;O;H;L;C;V", *(line.replace(",", ";") for line in BARS[1:])]
    file = written(tmp_path / "bars.csv", lines)
    answer = orb(
        tmp_path / "home", "ingest", file, "--instrument", "MGC", "--delimiter", ";", "--column", "ts=Wann", "--header"
    )
    assert answer.code == 0, answer.err
    assert count(tmp_path / "home", "landed_files") == 1


def test_naive_stamps_need_a_zone(tmp_path: Path) -> None:
    file = written(tmp_path / "bars.csv", [line.replace("Z,", ",") for line in BARS])
    refused = orb(tmp_path / "home", "ingest", file, "--instrument", "MGC")
    assert refused.code == 2
    assert "--timezone" in refused.err
    assert orb(tmp_path / "home", "ingest", file, "--instrument", "MGC", "--timezone", "America/New_York").code == 0
    query = "select min(first_ts) as first from landed_files"
    answer = orb(tmp_path / "home", "sql", query, "--format", "csv")
    assert answer.csv() == [{"first": "2024-03-05T05:00:00+00:00"}]


def test_a_conflicting_bar_is_rejected_unless_it_may_replace(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert orb(home, "ingest", written(tmp_path / "a.csv", BARS), "--instrument", "MGC").code == 0
    changed = written(tmp_path / "b.csv", [*BARS[:-1], BARS[-1].replace("2000.1", "2000.2")])
    conflict = orb(home, "ingest", changed, "--instrument", "MGC")
    assert conflict.code == 0
    assert "rejected: conflicts_with_landed_bar" in conflict.out
    assert "1 rows disagree with bars that have landed, which stay; with --replace the rows win." in conflict.err
    assert "1 rejected" in orb(home, "status").out
    replaced = orb(home, "ingest", changed, "--instrument", "MGC", "--replace")
    assert replaced.code == 0
    assert "1 landed bars replaced on 1 trading days: 2024-03-05" in replaced.out
