"""Stamps: layouts, zones given or explicit, and nights on which clocks change."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.errors import InputError
from orb_pipeline.market.bars import CheckedFile
from orb_pipeline.market.formats import text
from orb_pipeline_tests.market.files_of_bars import HEADER, PRICES, lines_at, read, reasons, stamps, text_file

LOCAL = HEADER.replace("ts_utc", "time")


def read_times(tmp_path: Path, *times: str, header: str = LOCAL, **options: object) -> CheckedFile:
    return read(text_file(tmp_path / "bars.csv", *lines_at(times), header=header), **options)


@pytest.mark.parametrize(
    "stamp",
    [
        "2016-03-06T18:01:00Z",
        "2016-03-06 18:01Z",
        "2016-03-06 13:01:00-05:00",
        "2016-03-06T13:01:00.000-0500",
        "2016-03-06 18:01:00.000000000+00:00",
        "1457287260",
        "1457287260000",
        "1457287260000000",
        "1457287260000000000",
    ],
)
def test_a_stamp_that_names_an_instant_needs_no_zone(tmp_path: Path, stamp: str) -> None:
    assert stamps(read_times(tmp_path, stamp)) == ["2016-03-06T18:01"]


@pytest.mark.parametrize(
    "stamp",
    ["2016-03-06 18:01", "2016-03-06T18:01:00", "2016.03.06 18:01", "2016/03/06 18:01:00.000", "20160306 180100",
     "201603061801", "20160306180100", "20160306 18:01", "2016/3/6 18:01:00.0", "2016-3-6 18:01", "06.03.2016 18:01",
     "6.3.2016 18:01:00.000"],
)  # fmt: skip
def test_a_local_stamp_is_read_in_the_zone_given(tmp_path: Path, stamp: str) -> None:
    assert stamps(read_times(tmp_path, stamp, timezone="America/New_York")) == ["2016-03-06T23:01"]
    assert stamps(read_times(tmp_path, stamp, timezone="UTC")) == ["2016-03-06T18:01"]
    assert stamps(read_times(tmp_path, stamp, timezone="Etc/GMT+5")) == ["2016-03-06T23:01"]
    assert stamps(read_times(tmp_path, stamp, timezone="+10:00")) == ["2016-03-06T08:01"]


def test_a_stamp_without_zone_is_refused_where_none_is_given(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"bars.csv: row 2: stamp '2016-03-06 18:01' has no time zone.*--timezone"):
        read_times(tmp_path, "2016-03-06 18:01")


def test_a_column_called_ts_utc_is_utc(tmp_path: Path) -> None:
    assert stamps(read_times(tmp_path, "2016-03-06 18:01", header=HEADER)) == ["2016-03-06T18:01"]
    with pytest.raises(InputError, match="column ts_utc says UTC and --timezone says America/New_York"):
        read_times(tmp_path, "2016-03-06 18:01", header=HEADER, timezone="America/New_York")


def test_a_zone_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'Mars/Olympus' is not a time zone"):
        read_times(tmp_path, "2016-03-06 18:01", timezone="Mars/Olympus")


@pytest.mark.parametrize("stamp", ["03/06/2016 18:01", "13/06/2016 18:01", "6 March 2016", "2016-03-06"])
def test_a_layout_that_is_not_known_is_refused_and_the_known_ones_named(tmp_path: Path, stamp: str) -> None:
    with pytest.raises(InputError, match=rf"row 2: '{stamp}' .* is not a stamp in a known layout. Expected 2016-03-06"):
        read_times(tmp_path, stamp, timezone="UTC")


def test_months_days_and_hours_of_one_digit_and_of_two_may_follow_one_another(tmp_path: Path) -> None:
    times = "2016/12/31 9:59", "2017/1/1 10:00", "2017/1/10 0:00"
    checked = read_times(tmp_path, *times, timezone="UTC")
    assert stamps(checked) == ["2016-12-31T09:59", "2017-01-01T10:00", "2017-01-10T00:00"]


@pytest.mark.parametrize(
    ("stamp_format", "stamp"),
    [
        ("%m/%d/%Y %I:%M %p", "3/6/2016 6:01 PM"),
        ("%d/%m/%Y %H:%M", "06/03/2016 18:01"),
        ("%d/%m/%y %H:%M:%S", "06/03/16 18:01:00"),
        ("%d %b %Y %H:%M", "06 Mar 2016 18:01"),
        ("%Y%m%d%H%M", "201603061801"),
        ("%m/%d/%Y %H:%M %z", "03/06/2016 13:01 -0500"),
    ],
)
def test_stamps_are_read_in_the_format_given(tmp_path: Path, stamp_format: str, stamp: str) -> None:
    zone = None if "%z" in stamp_format else "UTC"
    checked = read_times(tmp_path, stamp, "?", "", timezone=zone, stamp_format=stamp_format)
    assert (stamps(checked), reasons(checked)) == (["2016-03-06T18:01"], {3: "unreadable_stamp", 4: "unreadable_stamp"})


def test_a_stamp_that_is_not_in_the_format_given_is_refused_rather_than_guessed(tmp_path: Path) -> None:
    days = read_times(tmp_path, "03/13/2016 18:01", "13/03/2016 18:01", timezone="UTC", stamp_format="%m/%d/%Y %H:%M")
    assert (stamps(days), reasons(days)) == (["2016-03-13T18:01"], {3: "unreadable_stamp"})
    hours = read_times(tmp_path, "20160306 0130", "20160306 130", timezone="UTC", stamp_format="%Y%m%d %H%M")
    assert (stamps(hours), reasons(hours)) == (["2016-03-06T01:30"], {3: "unreadable_stamp"})


def test_a_format_given_still_needs_a_zone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no time zone"):
        read_times(tmp_path, "03/13/2016 18:01", stamp_format="%m/%d/%Y %H:%M")


@pytest.mark.parametrize(
    "stamp_format", ["%d/%m/%Y", "%H:%M", "%d/%m/%Y %I:%M", "%d/%m/%Y %H:%M %Q", "dd/mm/yyyy", "%"]
)
def test_a_format_without_date_or_time_of_day_is_refused(tmp_path: Path, stamp_format: str) -> None:
    with pytest.raises(InputError, match=r"is not a format of stamps\. Expected year"):
        read_times(tmp_path, "13/03/2016 18:01", timezone="UTC", stamp_format=stamp_format)


def test_gmt_time_needs_no_zone(tmp_path: Path) -> None:
    times = read_times(tmp_path, "13.03.2016 18:01:00.000", header="Gmt time,Open,High,Low,Close,Volume")
    assert stamps(times) == ["2016-03-13T18:01"]


def test_one_damaged_stamp_at_the_top_does_not_hide_the_layout(tmp_path: Path) -> None:
    checked = read_times(tmp_path, "?", "2016-03-06 18:01", timezone="UTC")
    assert (stamps(checked), reasons(checked)) == (["2016-03-06T18:01"], {2: "unreadable_stamp"})


@pytest.mark.parametrize("stamp", ["9999-12-31 23:00", "0001-01-01 00:00", "1969-12-31 00:00"])
def test_a_stamp_of_no_market_s_time_is_refused(tmp_path: Path, stamp: str) -> None:
    for zone in ("America/New_York", "UTC"):
        assert reasons(read_times(tmp_path, "2016-03-06 18:01", stamp, timezone=zone)) == {3: "unreadable_stamp"}


def test_offsets_that_change_within_a_file_are_each_followed(tmp_path: Path) -> None:
    checked = read_times(tmp_path, "2016-11-06T01:30:00-04:00", "2016-11-06T01:30:00-05:00")
    assert stamps(checked) == ["2016-11-06T05:30", "2016-11-06T06:30"]


def test_local_times_follow_the_clocks_forward_and_a_skipped_time_is_refused(tmp_path: Path) -> None:
    times = ["2016-03-13 01:59", "2016-03-13 02:30", "2016-03-13 03:00"]
    checked = read_times(tmp_path, *times, timezone="America/New_York")
    assert stamps(checked) == ["2016-03-13T06:59", "2016-03-13T07:00"]
    assert reasons(checked) == {3: "nonexistent_local_time"}


BACK = ["2016-11-06 00:59", "2016-11-06 01:00", "2016-11-06 01:59", "2016-11-06 01:00", "2016-11-06 01:59",
        "2016-11-06 02:00"]  # fmt: skip
BACK_UTC = ["2016-11-06T04:59", "2016-11-06T05:00", "2016-11-06T05:59", "2016-11-06T06:00", "2016-11-06T06:59",
            "2016-11-06T07:00"]  # fmt: skip


def test_a_repeated_hour_is_told_by_the_order_of_rows_when_the_file_runs_through_it_twice(tmp_path: Path) -> None:
    assert stamps(read_times(tmp_path, *BACK, timezone="America/New_York")) == BACK_UTC


def test_it_is_told_even_where_the_two_passes_lie_in_different_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "BLOCK_BYTES", 60)
    assert stamps(read_times(tmp_path, *BACK, timezone="America/New_York")) == BACK_UTC


def test_it_is_told_for_each_contract_of_a_file(tmp_path: Path) -> None:
    by_contract = [f"{time},{PRICES},{code}" for code in ("MGCZ6", "MGCG7") for time in BACK]
    by_time = [f"{time},{PRICES},{code}" for time in BACK for code in ("MGCZ6", "MGCG7")]
    for rows in (by_contract, by_time):
        checked = read(text_file(tmp_path / "bars.csv", *rows, header=f"{LOCAL},contract"), timezone="America/New_York")
        assert sorted(stamps(checked)) == sorted(BACK_UTC * 2)


@pytest.mark.parametrize(
    "hour",
    [
        ["2016-11-06 01:00", "2016-11-06 01:30"],  # one pass: which?
        [
            "2016-11-06 03:40",
            "2016-11-06 03:30",
            "2016-11-06 01:30",
            "2016-11-06 01:00",
            "2016-11-06 00:00",
        ],  # reversed
        ["2016-11-06 01:00", "2016-11-06 01:00", "2016-11-06 01:01", "2016-11-06 01:01"],  # sorted by local time
        ["2016-11-06 01:10", "2016-11-06 01:05", "2016-11-06 01:20", "2016-11-06 01:15"],  # in no order
    ],
)
def test_otherwise_a_repeated_time_is_refused_as_ambiguous(tmp_path: Path, hour: list[str]) -> None:
    checked = read_times(tmp_path, *hour, "2016-11-06 03:00", timezone="America/New_York")
    rows = [row for row, time in enumerate(hour, start=2) if " 01:" in time]
    assert reasons(checked) == dict.fromkeys(rows, "ambiguous_local_time")


def parquet_of(path: Path, stamp: pa.Array, name: str = "ts") -> Path:
    prices = {column: pa.array([1900.0] * len(stamp)) for column in ("open", "high", "low", "close")}
    pq.write_table(pa.table({name: stamp, **prices, "volume": pa.array([1] * len(stamp))}), path)
    return path


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_parquet_times_with_a_zone_are_instants_in_every_unit(tmp_path: Path, unit: str) -> None:
    stamp = pa.array([pd.Timestamp("2016-03-06 13:01", tz="America/New_York")]).cast(
        pa.timestamp(unit, tz="America/New_York")
    )
    assert stamps(read(parquet_of(tmp_path / "bars.parquet", stamp))) == ["2016-03-06T18:01"]


def test_parquet_times_without_a_zone_need_one_unless_their_column_says_utc(tmp_path: Path) -> None:
    stamp = pa.array([pd.Timestamp("2016-03-06 18:01"), None])
    path = parquet_of(tmp_path / "bars.parquet", stamp)
    with pytest.raises(InputError, match=r"row 1: stamp '2016-03-06 18:01:00' has no time zone"):
        read(path)
    checked = read(path, timezone="America/New_York")
    assert (stamps(checked), reasons(checked)) == (["2016-03-06T23:01"], {2: "unreadable_stamp"})
    assert stamps(read(parquet_of(path, stamp, "ts_utc"))) == ["2016-03-06T18:01"]


def test_parquet_stamps_may_be_counts_or_text(tmp_path: Path) -> None:
    for stamp in (pa.array([1457287260]), pa.array(["2016-03-06T18:01Z"]).dictionary_encode()):
        assert stamps(read(parquet_of(tmp_path / "bars.parquet", stamp))) == ["2016-03-06T18:01"]


ZONES = ["America/New_York", "Europe/London", "Australia/Lord_Howe", "Australia/Brisbane", "Asia/Kathmandu"]


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    start=st.sampled_from(["2016-03-13", "2016-11-06", "2016-03-27", "2016-10-30", "2016-04-02", "2016-10-01"]),
    step=st.sampled_from([1, 7, 15]),
)
def test_every_minute_of_a_night_written_in_order_in_local_time_comes_back(
    tmp_path_factory: pytest.TempPathFactory, zone: str, start: str, step: int
) -> None:
    night = pd.date_range(start, periods=36 * 60 // step, freq=f"{step}min", tz="UTC")
    local = night.tz_convert(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
    checked = read_times(tmp_path_factory.mktemp("night"), *local, timezone=zone)
    assert stamps(checked) == night.strftime("%Y-%m-%dT%H:%M").tolist()
