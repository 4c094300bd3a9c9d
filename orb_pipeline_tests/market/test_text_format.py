from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from orb_pipeline.errors import InputError
from orb_pipeline.market.formats import text
from orb_pipeline.market.trading_day import minutes_of
from orb_pipeline_tests.data import real_data
from orb_pipeline_tests.market.files_of_bars import (
    HEADER,
    PRICES,
    contracts,
    lines_at,
    read,
    reasons,
    stamps,
    text_file,
)

AT = "2023-03-06T10:01:00Z"
UTC_MINUTE = ["2023-03-06T10:01"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_recognised(tmp_path: Path, delimiter: str) -> None:
    line, header = (text_.replace(",", delimiter) for text_ in (f"{AT},{PRICES}", HEADER))
    assert stamps(read(text_file(tmp_path / "bars.csv", line, header=header))) == UTC_MINUTE


def test_the_delimiter_can_be_given(tmp_path: Path) -> None:
    line, header = (text_.replace(",", "^") for text_ in (f"{AT},{PRICES}", HEADER))
    path = text_file(tmp_path / "bars.csv", line, header=header)
    assert stamps(read(path, delimiter="^")) == UTC_MINUTE
    with pytest.raises(InputError, match=r"line 1 .* none of the delimiters .*--delimiter"):
        read(path)
    with pytest.raises(InputError, match=r"'\^\^' is not a delimiter"):
        read(path, delimiter="^^")


@pytest.mark.parametrize(
    "header",
    [
        "Timestamp,Open,High,Low,Close,Volume",
        "DATETIME,O,H,L,C,V",
        '"ts","open","high","low","close","vol"',
        "<time>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<TICKVOL>",
        "Date Time, Open Price , High Price,Low Price,Close Price,Total Volume",
        "ts_event,open,high,low,close,volume",
    ],
)
def test_column_names_are_recognised_whatever_their_case_and_dress(tmp_path: Path, header: str) -> None:
    checked = read(text_file(tmp_path / "bars.csv", f"{AT},{PRICES}", header=header))
    assert stamps(checked) == UTC_MINUTE
    bars = checked.bars
    assert [bars.open[0], bars.high[0], bars.low[0], bars.close[0], bars.volume[0]] == [1900, 1901, 1899, 1900.5, 7]


def test_columns_may_stand_in_any_order_beside_others(tmp_path: Path) -> None:
    path = text_file(tmp_path / "bars.csv", f"x,7,1900.5,1899,1901,1900,{AT}", header="note,v,c,l,h,o,ts_utc")
    assert read(path).bars.close.tolist() == [1900.5]


def test_comments_above_the_header_are_passed_over_and_lines_keep_their_numbers(tmp_path: Path) -> None:
    lines = ["# exported by somebody, with care", "#", HEADER, "2023-03-06 10:01," + PRICES, "# end"]
    checked = read(text_file(tmp_path / "bars.csv", *lines, header=None))
    assert stamps(checked) == UTC_MINUTE
    assert reasons(checked) == {5: "wrong_number_of_values"}


@pytest.mark.parametrize("prices", ["1900000000000,1901000000000,1899000000000,1900500000000",
                                    "1900.000000000,1901.000000000,1899.000000000,1900.500000000"])  # fmt: skip
def test_prices_of_databento_are_read_with_a_point_or_in_billionths(tmp_path: Path, prices: str) -> None:
    header = "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol"
    row = f"1457287260000000000,33,1,1234,{prices},7,MGCJ6"
    bars = read(text_file(tmp_path / "bars.csv", row, header=header)).bars
    assert [float(prices[0]) for prices in (bars.open, bars.high, bars.low, bars.close)] == [1900, 1901, 1899, 1900.5]


def test_columns_can_be_given_by_role(tmp_path: Path) -> None:
    path = text_file(tmp_path / "bars.csv", f"{AT},{PRICES}", header="wann,auf,hoch,tief,zu,menge")
    roles = ("stamp", "open", "high", "low", "close", "volume")
    names = ("wann", "auf", "hoch", "tief", "zu", "menge")
    assert stamps(read(path, columns=dict(zip(roles, names, strict=True)))) == UTC_MINUTE
    with pytest.raises(InputError, match=r"no column for stamp, open, .*found \(wann, auf.*--column"):
        read(path)
    with pytest.raises(InputError, match="has no column 'nichts', which was given for open"):
        read(path, columns={"open": "nichts"})
    with pytest.raises(InputError, match="'opne' is not a role"):
        read(path, columns={"opne": "auf"})


def test_a_file_without_volume_is_refused_and_told_what_was_found(tmp_path: Path) -> None:
    path = text_file(tmp_path / "bars.csv", f"{AT},1,1,1,1", header="ts,open,high,low,close")
    with pytest.raises(
        InputError, match=r"no column for volume among the columns found \(ts, open, high, low, close\)"
    ):
        read(path)


def test_date_and_time_may_be_two_columns(tmp_path: Path) -> None:
    path = text_file(tmp_path / "bars.csv", f"2023.03.06,10:01,{PRICES}", header="Date,Time,Open,High,Low,Close,Volume")
    assert stamps(read(path, timezone="UTC")) == UTC_MINUTE


def test_a_contract_column_goes_before_the_symbol_which_stands_in_where_it_is_empty(tmp_path: Path) -> None:
    rows = [f"{AT},{PRICES},MGC,MGCJ3", f"{AT},{PRICES},MGC,", f"{AT},{PRICES},MNQ,"]
    checked = read(text_file(tmp_path / "bars.csv", *rows, header=f"{HEADER},symbol,source_symbol"))
    assert contracts(checked) == ["MGCJ23", "MGC"]
    assert reasons(checked) == {4: "unknown_contract"}


@pytest.mark.parametrize(
    "line",
    [
        "20230306 050100;1900.0;1901.0;1899.0;1900.5;7",  # HistData, New York
        "2023.03.06,05:01,1900.0,1901.0,1899.0,1900.5,7",  # generic ASCII
        "2023/03/06 05:01:00,1900.0,1901.0,1899.0,1900.5,7",
        "20230306,0501,1900.0,1901.0,1899.0,1900.5,7",
    ],
)
def test_the_layouts_without_header_are_known(tmp_path: Path, line: str) -> None:
    path = text_file(tmp_path / "bars.csv", line, header=None)
    checked = read(path, timezone="America/New_York")
    assert (stamps(checked), checked.bars.row_numbers.tolist(), checked.bars.volume.tolist()) == (UTC_MINUTE, [1], [7])


def test_without_a_header_columns_are_named_by_position(tmp_path: Path) -> None:
    path = text_file(tmp_path / "bars.csv", f"GC,{AT},{PRICES}", header=None)
    places = {"stamp": "2", "open": "3", "high": "4", "low": "5", "close": "6", "volume": "7"}
    assert stamps(read(path, header=False, columns=places)) == UTC_MINUTE
    short = text_file(tmp_path / "short.csv", f"{AT},1,2", header=None)
    with pytest.raises(InputError, match="has no header and 3 values a line"):
        read(short)


def test_two_weeks_in_new_york_time_equal_the_utc_bars_of_those_weeks(tmp_path: Path) -> None:
    checked = read(real_data("gold_spot", "new_york_time_2016-03.csv"), "XAUUSD", timezone="America/New_York")
    year = pd.read_parquet(real_data("gold_spot", "2016.parquet"))
    minutes = minutes_of(year["ts_utc"])
    weeks = year[(minutes >= checked.bars.minutes[0]) & (minutes <= checked.bars.minutes[-1])]
    np.testing.assert_array_equal(checked.bars.minutes, minutes_of(weeks["ts_utc"]))
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(checked.bars, name), weeks[name].to_numpy())
    assert checked.read_rows == len(weeks)


def test_row_numbers_are_line_numbers_blank_and_damaged_lines_included(tmp_path: Path) -> None:
    rows = lines_at(["2023-03-06T10:01:00Z", "", "2023-03-06T10:02:00Z"])
    rows[1] = ""
    path = text_file(
        tmp_path / "bars.csv", *rows, "damaged", "", *lines_at(["2023-03-06T10:03:00Z", "bad"]), end="\r\n"
    )
    checked = read(path)
    assert checked.bars.row_numbers.tolist() == [2, 4, 7]
    assert reasons(checked) == {5: "wrong_number_of_values", 8: "unreadable_stamp"}


def test_row_numbers_run_on_from_block_to_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = [f"2023-03-06T{hour:02d}:{minute:02d}:00Z" for hour in range(3) for minute in range(60)]
    lines = lines_at(times)
    lines[100] = ""
    path = text_file(tmp_path / "bars.csv", *lines)
    whole = read(path)
    monkeypatch.setattr(text, "BLOCK_BYTES", 256)
    pieces = read(path)
    assert pieces.bars.row_numbers.tolist() == whole.bars.row_numbers.tolist()
    assert len(whole.bars) == 179


def test_a_byte_order_mark_quotes_and_a_missing_last_newline_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(b'\xef\xbb\xbf"ts_utc","open","high","low","close","volume"\n"' + AT.encode() + b'",1,1,1,1,"7"')
    assert stamps(read(path)) == UTC_MINUTE


def test_a_byte_that_is_no_utf_8_spoils_its_own_row_only(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(f"{HEADER}\n{AT},{PRICES}\n2023-03-06T10:02:00Z,19\xff0,1,1,1,1\n".encode("latin-1"))
    checked = read(path)
    assert (stamps(checked), reasons(checked)) == (UTC_MINUTE, {3: "not_a_number"})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bars.csv", b"", "is empty"),
        ("bars.csv", b"\n \n", "nothing but blank lines"),
        ("bars.csv", "ts,open".encode("utf-16"), "is UTF-16"),
        ("bars.csv", b"\x01\x02\xff\xfe\n", "none of the delimiters"),
        ("bars.csv", "ts,open\n".encode("utf-16-le"), "it is UTF-16, or no text"),
        ("bars.csv", b"ts,open\r2016,1\r", "lines end in CR alone"),
        ("bars.csv", b"ts,open,open,high,low,close,volume\n", "names column 'open' twice"),
        ("bars.parquet", b"this is not parquet", "cannot be read as Parquet"),
        ("bars.parquet", b"", "is empty"),
        ("bars.xlsx", b"x", r"files ending in '.xlsx' are not known. Known: .csv, .txt, .tsv, .parquet"),
        ("bars", b"x", "files ending in 'nothing' are not known"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_a_clear_sentence(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.csv is not a file"):
        read(tmp_path / "none.csv")
