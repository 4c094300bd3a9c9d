"""A slow reading of the table in docs/paper-trading.md: what becomes of every row of every file, in their order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

TICK = Decimal("0.001")
CONTRACT = "XAUUSD"
COLUMNS = ["ts_utc", "symbol", "source_symbol", "open", "high", "low", "close", "volume"]


@dataclass(frozen=True)
class Row:
    """A sound bar as it stood in its file."""

    at: dt.datetime
    values: tuple[Decimal, ...]  # open, high, low, close, volume


@dataclass
class Reading:
    """Attributes:
    used: bars that count, in the order of the tape.
    rejected: file, line and reason of all others.
    """

    used: dict[dt.datetime, Row] = field(default_factory=dict)
    rejected: list[tuple[str, int, str]] = field(default_factory=list)

    def read(self, name: str, content: bytes) -> None:
        """The next file of the tape."""
        header, *lines = content.decode("utf-8", errors="replace").split("\n")
        if header.split(",") != COLUMNS:
            self.rejected.append((name, 0, "unreadable_file"))
            return
        rows: list[tuple[int, Row]] = []
        for number, line in enumerate(lines, start=2):
            if line.strip():
                row = _row(line.split(","))
                if isinstance(row, str):
                    self.rejected.append((name, number, row))
                elif row.at in {other.at for _, other in rows}:
                    self.rejected.append((name, number, "repeated_minute"))
                else:
                    rows.append((number, row))
        for number, row in sorted(rows, key=lambda item: item[1].at):
            reason = self._reason(row)
            if reason is None:
                self.used[row.at] = row
            else:
                self.rejected.append((name, number, reason))

    def _reason(self, row: Row) -> str | None:
        if row.at.year >= 2100:
            return "not_yet"
        if row.at in self.used:
            same = self.used[row.at].values == row.values
            return "repeated_minute" if same else "conflicts_with_landed_bar"
        return "late_bar" if self.used and row.at < max(self.used) else None


def _row(values: Sequence[str]) -> Row | str:
    """The bar that these values are, or why they are none."""
    if len(values) != len(COLUMNS):
        return "wrong_number_of_values"
    stamp, _, contract, *rest = values
    try:
        at = dt.datetime.fromisoformat(stamp)
    except ValueError:
        return "unreadable_stamp"
    if at.second or at.microsecond:
        return "not_a_whole_minute"
    numbers = [_number(text) for text in rest]
    if None in numbers:
        return "not_a_number"
    known = [number for number in numbers if number is not None]
    return _impossible(known, contract) or Row(at, tuple(known))


def _impossible(numbers: Sequence[Decimal], contract: str) -> str | None:
    *prices, volume = numbers
    if not all(number.is_finite() for number in numbers):
        return "not_finite"
    open_, high, low, close = prices
    found = {
        "not_positive": min(prices) <= 0,
        "off_tick_grid": any(price % TICK for price in prices),
        "high_below_open_or_close": high < max(open_, close),
        "low_above_open_or_close": low > min(open_, close),
        "negative_volume": volume < 0,
        "fractional_volume": volume % 1 != 0,
        "unknown_contract": contract != CONTRACT,
    }
    return next((reason for reason, is_so in found.items() if is_so), None)


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def reading_of(files: Iterable[tuple[str, bytes]]) -> Reading:
    reading = Reading()
    for name, content in files:
        reading.read(name, content)
    return reading
