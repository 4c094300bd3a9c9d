import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orb_pipeline.market.contracts import (
    IGNORED,
    MONTH_LETTERS,
    UNKNOWN,
    ContractBook,
    expiry_of,
    is_spread,
    parse_contract,
)


def minutes(*stamps: str) -> np.ndarray:
    return np.array([np.datetime64(stamp, "m").astype(np.int64) for stamp in stamps])


def resolved(codes: list[str | None], stamps: list[str], symbol: str = "GC", prefix: str | None = "GC") -> list:
    """Names of the contracts the codes resolve to; IGNORED and UNKNOWN as they are."""
    book = ContractBook(symbol, prefix)
    numbers = book.resolve(pa.array(codes, pa.string()), minutes(*stamps)).tolist()
    return [book.names[number] if number >= 0 else number for number in numbers]


@pytest.mark.parametrize("code", ["GCZ3", "GCZ13", "GCZ2013"])
def test_a_code_with_one_two_or_four_digits_of_the_year_names_the_same_contract(code: str) -> None:
    contract = parse_contract(code, "GC", 2013, 10)
    assert contract is not None
    assert (contract.code, contract.expiry) == ("GCZ13", dt.date(2013, 12, 1))


@pytest.mark.parametrize(
    ("code", "year", "month", "canonical"),
    [
        ("MGCZ3", 2013, 12, "MGCZ13"),  # its own month has not passed
        ("MGCX3", 2013, 12, "MGCX23"),  # November has
        ("MGCZ3", 2014, 1, "MGCZ23"),
        ("MGCG0", 2019, 12, "MGCG20"),
        ("MGCZ9", 2010, 1, "MGCZ19"),
    ],
)
def test_a_one_digit_year_is_the_first_that_has_not_expired(code: str, year: int, month: int, canonical: str) -> None:
    contract = parse_contract(code, "MGC", year, month)
    assert contract is not None
    assert contract.code == canonical


@given(
    letter=st.sampled_from(MONTH_LETTERS),
    digit=st.integers(0, 9),
    year=st.integers(2001, 2050),
    month=st.integers(1, 12),
)
def test_every_one_digit_year_lies_in_the_ten_years_from_the_bar_on(
    letter: str, digit: int, year: int, month: int
) -> None:
    contract = parse_contract(f"ES{letter}{digit}", "ES", year, month)
    assert contract is not None
    assert contract.expiry.year % 10 == digit
    assert dt.date(year, month, 1) <= contract.expiry < dt.date(year + 10, month, 1)


@pytest.mark.parametrize("code", ["ESZ3", "MGCZ3", "GC", "GCA3", "GCZ", "GCZ123", "GC.FUT", "GC.c.0", "", "gold"])
def test_a_code_of_another_root_or_no_code_names_no_contract(code: str) -> None:
    assert parse_contract(code, "GC", 2013, 10) is None


@pytest.mark.parametrize("code", ["GCZ3-GCG4", "GCZ13-G14", "GC:BF Z3-G4-J4", "UD:1V: GT 2412"])
def test_a_spread_is_ignored(code: str) -> None:
    assert is_spread(code)
    assert resolved([code], ["2013-10-07"]) == [IGNORED]


@pytest.mark.parametrize("code", ["COMEX:GC1!", "COMEX:GCZ2013", "GC Z3", "GC-Z3", "GC-USD", "GC Dec 13"])
def test_what_is_neither_an_outright_nor_a_spread_is_unknown_rather_than_ignored(code: str) -> None:
    assert resolved([code], ["2013-10-07"]) == [UNKNOWN]


def test_a_file_of_ten_years_holds_one_one_digit_code_twice() -> None:
    codes = ["GCZ3", "GCZ3", "GCZ13", "GCZ3-GCG4", "ESZ3", None]
    stamps = ["2013-10-07", "2014-10-07", "2014-10-07", "2013-10-07", "2013-10-07", "2013-10-07"]
    assert resolved(codes, stamps) == ["GCZ13", "GCZ23", "GCZ13", IGNORED, UNKNOWN, UNKNOWN]


def test_a_series_without_contract_codes_goes_by_its_symbol() -> None:
    book = ContractBook("XAUUSD", None)
    assert book.resolve(None, minutes("2013-10-07", "2013-10-08")).tolist() == [0, 0]
    assert book.names == ["XAUUSD"]
    assert resolved(["GC", "GCZ3"], ["2013-10-07"] * 2) == ["GC", "GCZ13"]


def test_spot_goes_by_its_symbol_however_it_is_punctuated() -> None:
    codes = ["XAUUSD", "XAU/USD", "xauusd", "EURUSD"]
    assert resolved(codes, ["2013-10-07"] * 4, "XAUUSD", None) == ["XAUUSD", "XAUUSD", "XAUUSD", UNKNOWN]


def test_an_undated_series_expires_last() -> None:
    assert expiry_of("GC", "GC") > expiry_of("GCZ69", "GC")
    assert expiry_of("GCZ13", "GC") == dt.date(2013, 12, 1)
    assert expiry_of("ESZ99", "ES") == dt.date(1999, 12, 1)
