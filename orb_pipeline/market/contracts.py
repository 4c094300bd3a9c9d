"""Futures contract codes: a prefix, a month letter and a year of one, two or four digits (GCZ3, GCZ13, GCZ2013).

A ten-year file holds MGCZ3 twice, so everything past the source file uses the canonical code, whose year has two
digits (MGCZ13, MGCZ23). Spreads are recognised and ignored; a series without contract codes goes by its symbol.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from orb_pipeline.market.trading_day import Int64Array

IGNORED = -1  # a spread or another thing that is no outright contract
UNKNOWN = -2  # not a code of this instrument

MONTH_LETTERS = "FGHJKMNQUVXZ"
_MONTHS = {letter: month for month, letter in enumerate(MONTH_LETTERS, start=1)}
_CODE = re.compile(rf"(?P<letter>[{MONTH_LETTERS}])(?P<year>\d{{1,2}}|(?:19|20)\d\d)")
_CANONICAL = re.compile(rf"[A-Z0-9]+?(?P<letter>[{MONTH_LETTERS}])(?P<year>\d\d)")
_LEG = rf"[A-Z0-9]*[{MONTH_LETTERS}]\d{{1,4}}"
_SPREAD = re.compile(rf"{_LEG}(?:-{_LEG})+|[A-Z0-9]+:[A-Z0-9]+:? .+")  # between its legs, or with a kind of its own
_FIRST_CENTURY_YEAR = 70  # a two-digit year below this is 20xx: minute bars are younger than 1970

Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True, order=True)
class Contract:
    """An outright futures contract.

    Attributes:
        expiry: the first day of its delivery month.
        code: canonical code, with a two-digit year.
    """

    expiry: dt.date
    code: str


def is_spread(code: str) -> bool:
    """Whether the code names a combination of contracts (GCZ3-GCG4, GC:BF Z3-G4-J4)."""
    return _SPREAD.fullmatch(code) is not None


def parse_contract(code: str, prefix: str, year: int, month: int) -> Contract | None:
    """The outright contract `code` names in a bar of `year` and `month`; None where it names none of `prefix`.

    A one-digit year is the first year with that digit in which the contract has not expired before the bar's month.
    """
    match = _CODE.fullmatch(code.removeprefix(prefix)) if code.startswith(prefix) else None
    if match is None:
        return None
    letter, digits = match["letter"], match["year"]
    expiry_month = _MONTHS[letter]
    if len(digits) > 1:
        expiry_year = _four_digits(int(digits) % 100)
    else:
        first = year if expiry_month >= month else year + 1
        expiry_year = first + (int(digits) - first) % 10
    return Contract(dt.date(expiry_year, expiry_month, 1), f"{prefix}{letter}{expiry_year % 100:02d}")


def expiry_of(canonical: str, symbol: str) -> dt.date:
    """First day of a canonical code's delivery month; an undated series (the symbol itself) expires last."""
    match = None if canonical == symbol else _CANONICAL.fullmatch(canonical)
    if match is None:
        return dt.date.max
    return dt.date(_four_digits(int(match["year"])), _MONTHS[match["letter"]], 1)


def _four_digits(year: int) -> int:
    return 2000 + year if year < _FIRST_CENTURY_YEAR else 1900 + year


class ContractBook:
    """The canonical codes met in a file, numbered in order of appearance.

    Args:
        symbol: the instrument.
        prefix: root of its contract codes; None where it has none (spot).
    """

    def __init__(self, symbol: str, prefix: str | None) -> None:
        self._symbol = symbol
        self._prefix = prefix
        self._numbers: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        """Canonical codes; a contract's number is its position."""
        return list(self._numbers)

    def number(self, name: str) -> int:
        """The number of a canonical code, which is entered when it is new."""
        return self._numbers.setdefault(name, len(self._numbers))

    def resolve(self, codes: Any | None, minutes: Int64Array) -> Int32Array:
        """Contract numbers of rows, or IGNORED or UNKNOWN.

        Args:
            codes: text of each row (arrow array); None where the file has no column for it.
            minutes: UTC minutes since the epoch of the bars; they give a one-digit year its decade.
        """
        if codes is None:
            return np.full(len(minutes), self.number(self._symbol), dtype=np.int32)
        encoded = codes.combine_chunks() if isinstance(codes, pa.ChunkedArray) else codes
        encoded = encoded if pa.types.is_dictionary(encoded.type) else encoded.dictionary_encode()
        positions = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        codes_seen = [(code or "").strip().upper() for code in encoded.dictionary.to_pylist()]
        result = np.full(len(minutes), UNKNOWN, dtype=np.int32)
        if len(codes_seen) == 0:
            return result
        known = positions >= 0
        is_dated = np.array([self._needs_date(code) for code in codes_seen])[positions] & known
        fixed = np.array([UNKNOWN if self._needs_date(code) else self._resolve_one(code) for code in codes_seen])
        result[known] = fixed[positions[known]]
        result[is_dated] = self._resolve_dated(codes_seen, positions[is_dated], minutes[is_dated])
        return result

    def _needs_date(self, code: str) -> bool:
        """Whether the code has a one-digit year."""
        return self._prefix is not None and re.fullmatch(rf"{self._prefix}[{MONTH_LETTERS}]\d", code) is not None

    def _resolve_one(self, code: str, year: int = 1970, month: int = 1) -> int:
        if code == self._symbol or (self._prefix is None and re.sub(r"[^A-Z0-9]", "", code) == self._symbol):
            return self.number(self._symbol)
        if is_spread(code):
            return IGNORED
        contract = parse_contract(code, self._prefix, year, month) if self._prefix else None
        return UNKNOWN if contract is None else self.number(contract.code)

    def _resolve_dated(self, codes: list[str], positions: Int64Array, minutes: Int64Array) -> Int64Array:
        """Each distinct (code, month of the bar) is parsed once."""
        months = minutes.astype("datetime64[m]").astype("datetime64[M]").astype(np.int64)  # since 1970-01
        keys, pairs = pd.factorize(months * len(codes) + positions)
        numbers = [
            self._resolve_one(codes[key % len(codes)], 1970 + key // len(codes) // 12, key // len(codes) % 12 + 1)
            for key in pairs.tolist()
        ]
        return np.array(numbers, dtype=np.int64)[keys] if numbers else np.empty(0, dtype=np.int64)
