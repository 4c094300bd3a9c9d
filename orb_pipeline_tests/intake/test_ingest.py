"""`orb ingest`, sentence by sentence, on files made by hand and on real ones."""

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.errors import ConfigurationError, InputError, MissingDataError, StorageError
from orb_pipeline.intake.report import BarChange
from orb_pipeline.settings import Home
from orb_pipeline_tests.data import real_data
from orb_pipeline_tests.intake.house import HEADER, House, bars_file, hour, line

BAD = line("12:00").replace("1900.0", "abc", 1)


def test_good_rows_land_and_bad_ones_are_recorded_with_file_row_reason_and_raw_values(
    house: House, tmp_path: Path
) -> None:
    path = bars_file(tmp_path / "bars.csv", *hour(10), BAD, *hour(13))
    report = house.ingest(path)
    assert (report.read, report.landed, report.rejected, report.batch) == (121, 120, {"not_a_number": 1}, 1)
    row = house.rejected().iloc[0]
    assert (row["source_file"], row["row_number"], row["reason"]) == (str(path), 62, "not_a_number")
    assert json.loads(row["raw"]) == dict(zip(HEADER.split(","), BAD.split(","), strict=True))
    assert (row["instrument"], bool(row["file_landed"])) == ("MGC", True)
    assert len(house.bars()) == 120


def test_a_damaged_line_is_recorded_as_it_stood(house: House, tmp_path: Path) -> None:
    house.ingest(bars_file(tmp_path / "bars.csv", *hour(10), *hour(11), "2023-03-06T12:00"))
    row = house.rejected().iloc[0]
    assert (row["row_number"], row["reason"]) == (122, "wrong_number_of_values")
    assert json.loads(row["raw"]) == {"line": "2023-03-06T12:00"}


def test_bad_values_in_parquet_are_recorded_as_they_stood(house: House, tmp_path: Path) -> None:
    stamps = pd.date_range("2023-03-06 10:00", periods=200, freq="min", tz="UTC")
    bars = pd.DataFrame({"ts_utc": stamps, "open": 1900.0, "high": 1900.0, "low": 1900.0, "close": 1900.0, "volume": 1})
    bars.loc[7, "close"] = float("inf")
    bars.to_parquet(tmp_path / "bars.parquet", index=False)
    house.ingest(tmp_path / "bars.parquet")
    row = house.rejected().iloc[0]
    assert (row["row_number"], row["reason"]) == (8, "not_finite")
    raw = json.loads(row["raw"])
    assert (raw["ts_utc"], raw["close"], raw["open"]) == ("2023-03-06 10:07:00+00:00", "inf", 1900.0)


def test_the_ledger_tells_what_landed_and_from_where(house: House, tmp_path: Path) -> None:
    path = bars_file(tmp_path / "bars.csv", *hour(10), line("10:00", contract="MGCJ3-MGCM3"))
    report = house.ingest(path)
    entry = house.files().iloc[0]
    counts = ("read_rows", "landed_rows", "already_landed_rows", "rejected_rows", "ignored_rows", "replaced_rows")
    assert [int(entry[name]) for name in counts] == [61, 60, 0, 0, 1, 0]
    assert (entry["instrument"], entry["batch"], entry["source_file"]) == ("MGC", 1, str(path))
    assert report.first_ts == entry["first_ts"] == dt.datetime(2023, 3, 6, 10, 0, tzinfo=dt.UTC)
    assert report.last_ts == entry["last_ts"] == dt.datetime(2023, 3, 6, 10, 59, tzinfo=dt.UTC)


def test_bars_land_sorted_by_time_then_contract_in_canonical_codes(house: House, tmp_path: Path) -> None:
    lines = [line("10:01"), line("10:00", contract="MGCM23"), line("10:00", contract="MGCJ3")]
    house.ingest(bars_file(tmp_path / "bars.csv", *lines))
    assert house.rows() == ["10:00 MGCJ23 1900.0 1", "10:00 MGCM23 1900.0 1", "10:01 MGCJ23 1900.0 1"]


def test_more_than_one_per_cent_bad_rows_and_nothing_of_the_file_lands(house: House, tmp_path: Path) -> None:
    path = bars_file(tmp_path / "bars.csv", *hour(10), BAD)
    with pytest.raises(
        InputError, match=r"1 of 61 rows are bad \(1 not_a_number\).*nothing of the file landed"
    ) as caught:
        house.ingest(path)
    assert "row 62 not_a_number" in str(caught.value)
    assert "Expected numbers such as 1234.5" in str(caught.value)
    assert caught.value.exit_code == 2
    assert house.bars().empty
    assert house.files().empty
    assert house.rejected()["file_landed"].tolist() == [False]


def test_exactly_one_per_cent_is_not_more_than_one_per_cent(house: House, tmp_path: Path) -> None:
    path = bars_file(tmp_path / "bars.csv", *hour(10), *hour(11)[:39], BAD)
    assert house.ingest(path).rejected_rows == 1


def test_spreads_are_not_bad_rows(house: House, tmp_path: Path) -> None:
    spreads = [line("10:00", contract="MGCJ3-MGCM3")] * 60
    report = house.ingest(bars_file(tmp_path / "bars.csv", *hour(10), *spreads))
    assert (report.landed, report.ignored, report.rejected) == (60, 60, {})


def test_a_file_of_nothing_but_spreads_is_refused(house: House, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"all 60 rows are spreads.*expected bars of outright contracts of MGC"):
        house.ingest(bars_file(tmp_path / "bars.csv", *[line("10:00", contract="MGCJ3-MGCM3")] * 60))


def test_the_same_file_twice_changes_nothing_and_says_so(house: House, tmp_path: Path) -> None:
    path = bars_file(tmp_path / "bars.csv", *hour(10), BAD, *hour(13))
    house.ingest(path)
    before = house.content()
    report = house.ingest(path)
    assert report.is_unchanged
    assert (report.landed, report.already_landed, report.rejected, report.batch) == (0, 120, {"not_a_number": 1}, None)
    assert report.read == report.landed + report.already_landed + report.ignored + report.rejected_rows
    assert house.content() == before


def test_a_refused_file_offered_again_is_refused_again_and_recorded_once(house: House, tmp_path: Path) -> None:
    path = bars_file(tmp_path / "bars.csv", BAD)
    for _ in range(2):
        with pytest.raises(InputError):
            house.ingest(path)
    assert len(house.rejected()) == 1


def test_bars_that_have_landed_are_counted_and_only_new_ones_land(house: House, tmp_path: Path) -> None:
    house.ingest(bars_file(tmp_path / "first.csv", *hour(10)))
    report = house.ingest(bars_file(tmp_path / "second.csv", *hour(10), *hour(11)))
    assert (report.landed, report.already_landed, report.batch) == (60, 60, 2)
    assert house.rows() == [f"{10 + n // 60}:{n % 60:02d} MGCJ23 1900.0 1" for n in range(120)]


def test_a_file_that_brings_no_new_bar_makes_no_batch_but_its_bad_rows_are_recorded_once(
    house: House, tmp_path: Path
) -> None:
    house.ingest(bars_file(tmp_path / "first.csv", *hour(10), *hour(11)))
    before = house.landed()
    again = bars_file(tmp_path / "second.csv", *hour(10), *hour(11), BAD)
    for _ in range(2):
        report = house.ingest(again)
        assert (report.landed, report.already_landed, report.batch, report.is_unchanged) == (0, 120, None, True)
    assert len(house.rejected()) == 1
    assert house.landed() == dataclasses.replace(before, rejected=1)


def test_a_bar_that_disagrees_with_a_landed_one_is_rejected_and_the_landed_one_stays(
    house: House, tmp_path: Path
) -> None:
    house.ingest(bars_file(tmp_path / "first.csv", *hour(10), *hour(11)))
    conflicting = bars_file(tmp_path / "second.csv", *hour(10), *hour(11)[:-1], line("11:59", 1899.9), *hour(12))
    report = house.ingest(conflicting)
    assert report.rejected == {"conflicts_with_landed_bar": 1}
    assert house.rejected()["row_number"].tolist() == [121]
    assert house.rows()[119] == "11:59 MGCJ23 1900.0 1"
    assert report.landed == 60


def test_only_the_volume_may_disagree(house: House, tmp_path: Path) -> None:
    house.ingest(bars_file(tmp_path / "first.csv", line("10:00", volume=1)))
    with pytest.raises(InputError, match="1 conflicts_with_landed_bar"):
        house.ingest(bars_file(tmp_path / "second.csv", line("10:00", volume=2)))


def test_replace_lets_the_new_bar_win_and_says_what_changed(house: House, tmp_path: Path) -> None:
    house.ingest(bars_file(tmp_path / "first.csv", *hour(10)))
    new = bars_file(tmp_path / "second.csv", line("10:05", 1899.9), line("10:07", 1901.1, 9), line("10:08"))
    report = house.ingest(new, replace=True)
    assert (report.landed, report.replaced, report.already_landed, report.rejected) == (2, 2, 1, {})
    assert report.changed_days == {dt.date(2023, 3, 6): 2}
    assert [str(change) for change in report.changes] == [
        "2023-03-06 10:05 UTC MGCJ23: 1900 1910 1890 1900 volume 1 -> 1900 1910 1890 1899.9 volume 1",
        "2023-03-06 10:07 UTC MGCJ23: 1900 1910 1890 1900 volume 1 -> 1900 1910 1890 1901.1 volume 9",
    ]
    rows = house.rows()
    assert len(rows) == 60
    assert (rows[5], rows[7]) == ("10:05 MGCJ23 1899.9 1", "10:07 MGCJ23 1901.1 9")


def test_changed_prices_are_told_to_the_last_tick() -> None:
    before, after = (18000.25, 18001.5, 17999.75, 18000.5), (18000.25, 18001.5, 17999.75, 18000.75)
    change = BarChange(dt.datetime(2023, 3, 6, 10, tzinfo=dt.UTC), "MNQH23", before, 1, after, 1)
    assert "17999.75 18000.5 volume 1 -> 18000.25 18001.5 17999.75 18000.75 volume 1" in str(change)


def test_replacing_twice_changes_nothing_more_and_the_first_file_can_win_back(house: House, tmp_path: Path) -> None:
    first = bars_file(tmp_path / "first.csv", line("10:00", 1900.0))
    second = bars_file(tmp_path / "second.csv", line("10:00", 1905.0))
    house.ingest(first)
    house.ingest(second, replace=True)
    before = house.content()
    assert house.ingest(second, replace=True).is_unchanged
    assert house.content() == before
    house.ingest(first, replace=True)
    assert house.rows() == ["10:00 MGCJ23 1900.0 1"]


def test_the_changes_shown_are_those_of_the_first_rows_even_where_a_file_is_not_in_order(
    house: House, tmp_path: Path
) -> None:
    house.ingest(bars_file(tmp_path / "first.csv", *hour(10)))
    report = house.ingest(bars_file(tmp_path / "new.csv", *reversed(hour(10, close=1901.0))), replace=True)
    assert report.replaced == 60
    assert [f"{change.ts_utc:%H:%M}" for change in report.changes] == [f"10:{minute}" for minute in range(59, 49, -1)]
    assert {change.old[3] for change in report.changes} == {1900.0}


@pytest.mark.parametrize("content", [None, b"damaged"])
def test_a_batch_that_is_gone_or_damaged_is_missed_and_no_file_passes_for_landed(
    house: House, tmp_path: Path, content: bytes | None
) -> None:
    path = bars_file(tmp_path / "first.csv", *hour(10))
    house.ingest(path)
    (batch,) = house.home.root.glob("lake/landed_bars/*/*.parquet")
    batch.unlink() if content is None else batch.write_bytes(content)
    for again in (path, bars_file(tmp_path / "second.csv", *hour(10), *hour(11))):
        with pytest.raises(MissingDataError, match=r"batch-00001\.parquet, where .*first\.csv landed, is missing"):
            house.ingest(again)


def test_a_home_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = bars_file(tmp_path / "bars.csv", *hour(10))
    with pytest.raises(StorageError, match=r"bars\.csv is no folder to keep bars in \(Not a directory\)"):
        House(Home.at(path)).ingest(path)


def test_an_unknown_instrument_is_refused(house: House, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"Unknown instrument 'GOLD'. Known: "):
        house.ingest(bars_file(tmp_path / "bars.csv", line("10:00")), "GOLD")


def test_a_file_without_bars_is_refused(house: House, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no bars"):
        house.ingest(bars_file(tmp_path / "bars.csv"))


def test_simulated_bars_are_known_as_such_and_mixing_them_with_real_ones_is_warned_of(
    house: House, tmp_path: Path
) -> None:
    simulated = tmp_path / "simulated.csv"
    simulated.write_text(f"{HEADER},simulated\n{line('10:00')},true\n", encoding="utf-8")
    report = house.ingest(simulated)
    assert (report.simulated, report.warnings) == (True, ())
    landed = house.landed()
    assert landed is not None
    assert landed.simulated
    report = house.ingest(bars_file(tmp_path / "real.csv", line("11:00")))
    assert "MGC now holds SIMULATED AND REAL bars" in report.warnings[0]
    assert house.landed("GC") is None


def test_progress_is_told_the_rows_read(house: House, tmp_path: Path) -> None:
    from orb_pipeline.intake.ingest import ingest_file
    from orb_pipeline_tests.intake.house import CATALOGUE, NOW

    told: list[int] = []
    path = bars_file(tmp_path / "bars.csv", *hour(10))
    ingest_file(house.home, CATALOGUE, path, "MGC", now=NOW, progress=told.append)
    assert told == [60]


def test_two_weeks_in_new_york_time_are_the_bars_that_landed_from_the_utc_file(house: House) -> None:
    house.ingest(real_data("gold_spot", "2016.parquet"), "XAUUSD")
    weeks = real_data("gold_spot", "new_york_time_2016-03.csv")
    report = house.ingest(weeks, "XAUUSD", timezone="America/New_York")
    assert (report.landed, report.already_landed, report.rejected) == (0, 13_774, {})


def test_read_in_the_wrong_zone_it_conflicts_and_nothing_lands(house: House) -> None:
    house.ingest(real_data("gold_spot", "2016.parquet"), "XAUUSD")
    before = len(house.bars("XAUUSD"))
    with pytest.raises(InputError, match="conflicts_with_landed_bar"):
        house.ingest(real_data("gold_spot", "new_york_time_2016-03.csv"), "XAUUSD", timezone="UTC")
    assert len(house.bars("XAUUSD")) == before


def test_real_futures_land_with_every_outright_contract(house: House) -> None:
    path = real_data("comex_gc", "2013-10.parquet")
    report = house.ingest(path, "GC")
    assert (report.read, report.landed, report.ignored, report.rejected) == (7_965, 7_965, 0, {})
    bars = house.bars("GC").astype({"symbol": "str", "source_symbol": "str"})
    expected = pd.read_parquet(path).sort_values(["ts_utc", "source_symbol"], ignore_index=True)
    pd.testing.assert_frame_equal(bars, expected)


def test_a_file_of_another_instrument_is_refused_by_its_contract_codes(house: House) -> None:
    with pytest.raises(InputError, match=r"7965 of 7965 rows are bad \(7965 unknown_contract"):
        house.ingest(real_data("comex_gc", "2013-10.parquet"), "MGC")


FILE = st.lists(st.tuples(st.integers(0, 5), st.sampled_from([1899.0, 1900.0]), st.sampled_from(["MGCJ3", "MGCM3"])))


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(FILE.filter(bool), st.booleans()), min_size=1, max_size=4))
def test_every_history_of_files_leaves_what_a_plain_dictionary_would(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[list[tuple[int, float, str]], bool]]
) -> None:
    """A file's own first row stands, landed bars stand unless replaced, a refused file changes nothing."""
    folder = tmp_path_factory.mktemp("history")
    house = House(Home.at(folder / "home"))
    model: dict[tuple[int, str], float] = {}
    for index, (rows, replace) in enumerate(files):
        lines = [line(f"10:{minute:02d}", close, contract=code) for minute, close, code in rows]
        path = bars_file(folder / f"{index}.csv", *lines)
        own: dict[tuple[int, str], float] = {}
        bad = 0
        for minute, close, code in rows:
            bad += (minute, code) in own
            own.setdefault((minute, code), close)
        conflicts = {key for key, close in own.items() if model.get(key, close) != close}
        if bad + (0 if replace else len(conflicts)) > 0.01 * len(rows):
            with pytest.raises(InputError):
                house.ingest(path, replace=replace)
            continue
        report = house.ingest(path, replace=replace)
        assert report.read == report.landed + report.already_landed + report.ignored + report.rejected_rows
        model |= own
    expected = [f"10:{minute:02d} {code[:-1]}23 {close} 1" for (minute, code), close in sorted(model.items())]
    assert house.rows() == expected
