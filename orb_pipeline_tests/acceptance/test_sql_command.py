"""`orb sql` as scripts use it: CSV with a header, JSON, Parquet, and nothing else on stdout."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from orb_pipeline_tests.acceptance.command import orb, simulate

QUERY = (
    "select timestamptz '2024-03-04 23:00:00+00' as at, date '2024-03-05' as day, 1.5 as price, null as nothing, "
    "'a, \"b\"' as text, true as flag, [1, 2] as list, 'nan'::double as nan, 12::hugeint as big"
)


def test_csv_has_a_header_line_and_iso_times(tmp_path: Path) -> None:
    answer = orb(tmp_path, "sql", QUERY, "--format", "csv")
    assert answer.err == ""
    assert answer.out.startswith("at,day,price,nothing,text,flag,list,nan,big\n2024-03-04T23:00:00+00:00,2024-03-05,")
    assert answer.csv() == [
        {
            "at": "2024-03-04T23:00:00+00:00",
            "day": "2024-03-05",
            "price": "1.5",
            "nothing": "",
            "text": 'a, "b"',
            "flag": "true",
            "list": "[1, 2]",
            "nan": "",
            "big": "12",
        }
    ]


def test_csv_of_no_rows_is_the_header_line(tmp_path: Path) -> None:
    answer = orb(tmp_path, "sql", "select ts_utc, close from bars_1m", "--format", "csv")
    assert answer.out == "ts_utc,close\n"


def test_json_is_a_list_of_objects(tmp_path: Path) -> None:
    assert orb(tmp_path, "sql", QUERY, "--format", "json").json() == [
        {
            "at": "2024-03-04T23:00:00+00:00",
            "day": "2024-03-05",
            "price": 1.5,
            "nothing": None,
            "text": 'a, "b"',
            "flag": True,
            "list": [1, 2],
            "nan": None,
            "big": 12,
        }
    ]


def test_json_of_no_rows_is_an_empty_list(tmp_path: Path) -> None:
    assert orb(tmp_path, "sql", "select * from bars_1m", "--format", "json").json() == []


def test_a_note_for_people_goes_to_stderr(tmp_path: Path) -> None:
    file = tmp_path / "day.parquet"
    simulate(tmp_path, file, start="2024-01-02", end="2024-01-03")
    orb(tmp_path, "ingest", file, "--instrument", "MGC")
    answer = orb(tmp_path, "sql", "select strategy_id from monitor_alerts", "--format", "csv")
    assert answer.out == "strategy_id\n"
    assert "SIMULATED data in this home: MGC." in answer.err


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_the_ending_of_the_file_chooses_the_format(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"rows.{ending}"
    answer = orb(tmp_path, "sql", "select 1 as one", "--out", file)
    assert (answer.code, answer.out) == (0, "")
    assert str(file) in answer.err
    match ending:
        case "csv":
            assert file.read_text() == "one\n1\n"
        case "json":
            assert json.loads(file.read_text()) == [{"one": 1}]
        case _:
            assert pq.read_table(file).to_pylist() == [{"one": 1}]


def test_a_failed_query_leaves_an_earlier_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("kept")
    assert orb(tmp_path, "sql", "select nope", "--out", file).code == 2
    assert file.read_text() == "kept"


def test_a_folder_that_cannot_be_written_is_one_paragraph(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = orb(tmp_path, "sql", "select 1", "--out", tmp_path / "file" / "rows.csv")
    assert answer.code == 2
    assert "could not be written" in answer.err


def test_a_table_for_people_is_not_cut_away_from_a_terminal(tmp_path: Path) -> None:
    text = "x" * 300
    assert text in orb(tmp_path, "sql", f"select '{text}' as text").out
