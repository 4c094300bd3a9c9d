"""One test for each reason a row is refused, in the order of the checks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.errors import InputError
from orb_pipeline.market.formats import text
from orb_pipeline.market.ticks import to_prices
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

T = "2023-03-06T10:{:02d}:00Z"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("yesterday,1900,1901,1899,1900,7", "unreadable_stamp"),
        ("2023-02-30T10:00:00Z,1900,1901,1899,1900,7", "unreadable_stamp"),
        ("2023-03-06T10:00:00,1900,1901,1899,1900,7", "unreadable_stamp"),  # the file's other stamps carry a zone
        (",1900,1901,1899,1900,7", "unreadable_stamp"),
        ("2023-03-06T10:00:30Z,1900,1901,1899,1900,7", "not_a_whole_minute"),
        ("2023-03-06T10:00:00.000000001Z,1900,1901,1899,1900,7", "not_a_whole_minute"),
        ("2023-03-06T10:00:00Z,abc,1901,1899,1900,7", "not_a_number"),
        ("2023-03-06T10:00:00Z,1900,,1899,1900,7", "not_a_number"),
        ("2023-03-06T10:00:00Z,1900,nan,1899,1900,7", "not_a_number"),
        ("2023-03-06T10:00:00Z,1900,1901,1899,1900,", "not_a_number"),
        ("2023-03-06T10:00:00Z,1900,inf,1899,1900,7", "not_finite"),
        ("2023-03-06T10:00:00Z,1900,1901,-inf,1900,7", "not_finite"),
        ("2023-03-06T10:00:00Z,0,1901,0,1900,7", "not_positive"),
        ("2023-03-06T10:00:00Z,1900,1901,-1899,1900,7", "not_positive"),
        ("2023-03-06T10:00:00Z,1900.05,1901,1899,1900,7", "off_tick_grid"),
        ("2023-03-06T10:00:00Z,1900,1e300,1899,1900,7", "off_tick_grid"),
        ("2023-03-06T10:00:00Z,1900,1899.9,1899,1899.5,7", "high_below_open_or_close"),
        ("2023-03-06T10:00:00Z,1900,1901,1899,1901.1,7", "high_below_open_or_close"),
        ("2023-03-06T10:00:00Z,1900,1901,1900.1,1900.5,7", "low_above_open_or_close"),
        ("2023-03-06T10:00:00Z,1900,1901,1899,1900,-1", "negative_volume"),
        ("2023-03-06T10:00:00Z,1900,1901,1899,1900,1.5", "fractional_volume"),
        ("2023-03-06T10:00:00Z,1900,1901,1899,1900,9007199254740993", "fractional_volume"),  # 2^53 + 1
        ("2023-03-06T10:00:00Z,1900,1901,1899,1900", "wrong_number_of_values"),
        ("2023-03-06T10:00:00Z,1900,1901,1899,1900,7,8", "wrong_number_of_values"),
        ("2023-03-06T10:00:00Z,nan,inf,-1,1900,0.5", "not_a_number"),  # the first failing check is recorded
    ],
)
def test_a_bad_row_is_refused_with_the_first_reason_it_fails_and_the_others_are_bars(
    tmp_path: Path, line: str, reason: str
) -> None:
    good = lines_at([T.format(1), T.format(2)])
    checked = read(text_file(tmp_path / "bars.csv", good[0], line, good[1]))
    assert reasons(checked) == {3: reason}
    assert stamps(checked) == ["2023-03-06T10:01", "2023-03-06T10:02"]


def test_of_a_repeated_minute_the_first_row_stands(tmp_path: Path) -> None:
    rows = [f"{T.format(1)},1900,1901,1899,1900,{volume}" for volume in (1, 2, 3)]
    checked = read(text_file(tmp_path / "bars.csv", *rows))
    assert reasons(checked) == {3: "repeated_minute", 4: "repeated_minute"}
    assert checked.bars.volume.tolist() == [1]


def test_a_bad_row_does_not_take_the_minute_from_a_good_one(tmp_path: Path) -> None:
    checked = read(text_file(tmp_path / "bars.csv", f"{T.format(1)},x,1901,1899,1900,7", *lines_at([T.format(1)])))
    assert reasons(checked) == {2: "not_a_number"}
    assert len(checked.bars) == 1


def test_a_minute_is_repeated_however_far_apart_its_rows_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "BLOCK_BYTES", 100)
    rows = lines_at([T.format(minute) for minute in (5, *range(30), 5)])
    assert reasons(read(text_file(tmp_path / "bars.csv", *rows))) == {8: "repeated_minute", 33: "repeated_minute"}


def test_two_contracts_may_share_a_minute_and_spreads_are_ignored_whatever_they_hold(tmp_path: Path) -> None:
    rows = [f"{T.format(1)},{PRICES},{code}" for code in ("MGCJ3", "MGCM3", "MGCJ23", "ESM3")]
    spread = f"{T.format(1)},-0.15,-0.1,-0.2,-0.15,7,MGCJ3-MGCM3"
    checked = read(text_file(tmp_path / "bars.csv", *rows, spread, header=f"{HEADER},contract"))
    assert contracts(checked) == ["MGCJ23", "MGCM23"]
    assert reasons(checked) == {4: "repeated_minute", 5: "unknown_contract"}
    assert (checked.read_rows, checked.ignored_rows) == (5, 1)


def test_prices_become_the_doubles_nearest_to_their_ticks(tmp_path: Path) -> None:
    checked = read(text_file(tmp_path / "bars.csv", f"{T.format(1)},1900.10000001,1901,1899,1900.1,7.0"))
    assert checked.bars.open.tolist() == [1900.1]
    assert checked.bars.volume.tolist() == [7]


def test_prices_given_as_text_or_decimals_in_parquet_are_read_like_numbers(tmp_path: Path) -> None:
    stamp = pa.array([pd.Timestamp("2023-03-06 10:01", tz="UTC")] * 1)
    columns = {name: pa.array(["1900.1"]) for name in ("open", "high", "low")}
    close = pa.array(["1900.1"]).cast(pa.decimal128(10, 2))
    pq.write_table(pa.table({"ts": stamp, **columns, "close": close, "volume": [3]}), tmp_path / "bars.parquet")
    checked = read(tmp_path / "bars.parquet")
    assert [checked.bars.open[0], checked.bars.close[0]] == [1900.1, 1900.1]


@pytest.mark.parametrize("codes", [pa.array(["MGCJ3"]), pa.array([b"MGCJ3"]), pa.array(["MGCJ3"]).dictionary_encode()])
def test_contract_codes_in_parquet_are_read_from_every_type_of_text(tmp_path: Path, codes: pa.Array) -> None:
    assert contracts(read(one_bar_in_parquet(tmp_path, codes))) == ["MGCJ23"]


@pytest.mark.parametrize("codes", [pa.array([["MGCJ3"]]), pa.array([b"\xff"])])
def test_a_contract_column_that_cannot_be_text_is_an_error_that_names_it(tmp_path: Path, codes: pa.Array) -> None:
    with pytest.raises(InputError, match=r"Column symbol holds .*; expected text"):
        read(one_bar_in_parquet(tmp_path, codes))


def test_numbers_for_contract_codes_name_no_contract(tmp_path: Path) -> None:
    assert reasons(read(one_bar_in_parquet(tmp_path, pa.array([7])))) == {1: "unknown_contract"}


def one_bar_in_parquet(folder: Path, codes: pa.Array) -> Path:
    bar = {"ts_utc": ["2023-03-06 10:00"], "open": [1900.0], "high": [1900.0], "low": [1900.0], "close": [1900.0]}
    pq.write_table(pa.table({**bar, "volume": [7], "symbol": codes}), folder / "bars.parquet")
    return folder / "bars.parquet"


def test_a_price_column_that_cannot_hold_numbers_is_an_error_that_names_it(tmp_path: Path) -> None:
    stamp = pa.array([pd.Timestamp("2023-03-06 10:01", tz="UTC")])
    prices = {name: pa.array([1900.0]) for name in ("high", "low", "close")}
    pq.write_table(pa.table({"ts": stamp, "open": stamp, **prices, "volume": [3]}), tmp_path / "bars.parquet")
    with pytest.raises(InputError, match="Column open holds timestamp"):
        read(tmp_path / "bars.parquet")


VALUE = st.sampled_from(["1900", "1900.1", "1900.05", "abc", "", "inf", "nan", "-3", "0", "7", "1.5", "1e300"])
STAMP = st.sampled_from([T.format(1), T.format(2), "2023-03-06T10:00:30Z", "never", ""])
CODE = st.sampled_from(["MGCJ3", "MGCM3", "MGCJ3-MGCM3", "ESM3", ""])
ROW = st.tuples(STAMP, VALUE, VALUE, VALUE, VALUE, VALUE, CODE).map(",".join)
LINE = st.one_of(ROW, st.just("1,2"), st.just(""), st.just(f"{T.format(3)},{PRICES},MGCJ3"))


@settings(max_examples=150, deadline=None)
@given(st.lists(LINE, min_size=1, max_size=12))
def test_every_row_is_exactly_one_of_bar_ignored_and_refused(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "bars.csv"
    text_file(path, f"{T.format(59)},{PRICES},MGCJ3", *lines, header=f"{HEADER},contract")
    checked = read(path)
    numbers = [*checked.bars.row_numbers.tolist(), *reasons(checked)]
    assert len(set(numbers)) == len(numbers)
    assert len(numbers) + checked.ignored_rows == checked.read_rows == 1 + sum(bool(line) for line in lines)
    expected = {number for number, line in enumerate(lines, start=3) if line and "-MGC" not in line} | {2}
    assert set(numbers) == expected
    bars = checked.bars
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.low > 0).all()
    assert (bars.volume >= 0).all()


@given(st.integers(1, 10**7), st.sampled_from(["0.10", "0.25", "0.001"]))
def test_every_price_written_in_decimal_reads_as_the_double_it_is_landed_as(ticks: int, tick: str) -> None:
    from decimal import Decimal

    written = str(ticks * Decimal(tick))
    assert to_prices([ticks], Decimal(tick))[0] == float(written)
