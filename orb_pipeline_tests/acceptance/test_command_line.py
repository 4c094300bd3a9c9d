"""What holds for every command: help, version, exit codes, one paragraph for an error, a clean stdout."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from orb_pipeline import __version__
from orb_pipeline_tests.acceptance.command import ORB, orb

COMMANDS = (
    *("simulate", "ingest", "run", "status", "portfolio", "replay", "walk-forward", "paper", "halt", "resume", "feed"),
    *("alerts", "sql", "waive", "ui"),
)
HEAVY = ("pandas", "dagster", "numba", "pyarrow", "duckdb", "matplotlib", "pydantic")


def test_help_names_every_command(tmp_path: Path) -> None:
    answer = orb(tmp_path, "--help")
    assert answer.code == 0
    for command in COMMANDS:
        assert f"\n  {command} " in answer.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(tmp_path: Path, command: str) -> None:
    answer = orb(tmp_path, command, "--help")
    assert answer.code == 0
    assert answer.out.startswith(f"Usage: orb {command}")


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    script = (
        "import sys; from orb_pipeline.cli import app; "
        f"sys.exit(', '.join(sorted(set({HEAVY}).intersection(sys.modules))))"
    )
    done = subprocess.run([ORB.with_name("python"), "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
    timings = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([ORB, "--help"], capture_output=True, check=True)
        timings.append(time.perf_counter() - start)
    assert min(timings) < 0.5


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    answer = orb(tmp_path, "--version")
    assert (answer.code, answer.out, answer.err) == (0, f"orb {__version__}\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("simulate", "--instrument", "MGC"),
        ("simulate", "--instrument", "MGC", "--start", "yesterday", "--end", "2024-01-31", "--out", "x.parquet"),
        ("simulate", "--instrument", "MGC", "--start", "2024-02-01", "--end", "2024-01-31", "--out", "x.parquet"),
        ("simulate", "--instrument", "SILVER", "--start", "2024-01-01", "--end", "2024-01-31", "--out", "x.parquet"),
        ("simulate", "--instrument", "MGC", "--start", "2024-01-01", "--end", "2024-01-31", "--out", "x.csv"),
        ("ingest", "no-such-file.csv", "--instrument", "MGC"),
        ("ingest", "no-such-file.csv", "--instrument", "SILVER"),
        ("ingest", "no-such-file.csv", "--instrument", "MGC", "--column", "Date"),
        ("run",),
        ("run", "--instrument", "SILVER"),
        ("run", "--to", "no_such_asset"),
        ("sql", "selec 1"),
        ("sql", "select * from no_such_table"),
        ("sql", "drop table waivers"),
        ("sql", "select 1", "--format", "xml"),
        ("sql", "select 1", "--format", "parquet"),
        ("waive", "bars_1m", "no_such_check", "--instrument", "MGC", "--reason", "x", "--until", "2999-01-01"),
        ("waive", "bars_1m", "schema", "--instrument", "MGC", "--reason", "x", "--until", "2001-01-01"),
        ("waive", "bars_1m", "schema", "--account", "25k", "--reason", "x", "--until", "2999-01-01"),
        ("waive", "bars_1m", "schema", "--reason", "x", "--until", "2999-01-01"),
        ("run", "--account", "mine"),
        ("ui", "--port", "0"),
    ],
    ids=" ".join,
)
def test_wrong_usage_and_bad_input_exit_with_2_and_one_paragraph_on_stderr(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    answer = orb(tmp_path, *arguments)
    assert answer.code == 2
    assert answer.out == ""
    assert "Error: " in answer.err
    assert "Traceback" not in answer.err
    paragraph = answer.err[answer.err.index("Error: ") :].strip()
    assert "\n" not in paragraph


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    answer = orb(tmp_path, "--debug", "sql", "select * from no_such_table")
    assert answer.code == 2
    assert "Traceback" in answer.err
    assert "Error: " in answer.err


def test_a_malformed_catalogue_is_named_before_anything_is_done(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "catalogue"
    folder.mkdir(parents=True)
    (folder / "instruments.yaml").write_text("instruments: {MGC: {slippage: -1}}")
    answer = orb(tmp_path / "home", "run")
    assert answer.code == 2
    assert "instruments.MGC.slippage" in answer.err
    assert str(folder / "instruments.yaml") in answer.err


def test_everything_written_lies_under_the_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert orb(home, "sql", "select * from waivers", "--format", "csv").code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_the_home_comes_from_the_environment_where_no_option_names_it(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    done = subprocess.run(
        [ORB, "sql", "select 1 as one", "--format", "csv"],
        cwd=tmp_path,
        env={"ORB_HOME": str(elsewhere), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "one\n1\n"
    assert elsewhere.is_dir()
    assert not (tmp_path / "orb_home").exists()


def test_a_reader_that_stops_early_is_no_error(tmp_path: Path) -> None:
    script = f"set -o pipefail; {ORB} --home {tmp_path} sql 'from range(200000)' --format csv | head -n 2"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "range\n0\n"
    assert done.stderr == ""
