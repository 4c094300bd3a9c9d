"""Which bars of the tape count: a fold over its files and marks, in their order (docs/paper-trading.md)."""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import pandas as pd

from orb_pipeline.catalogue import Instrument
from orb_pipeline.errors import BusyError, OrbError, StorageError
from orb_pipeline.intake.rejects import Rejection, with_raw_values
from orb_pipeline.intake.tape import BarFile, Mark, MarkKind
from orb_pipeline.market.bars import CheckedFile, check_file
from orb_pipeline.market.formats.raw import ReadOptions
from orb_pipeline.market.formats.registry import open_bar_file
from orb_pipeline.market.reasons import Reason
from orb_pipeline.market.ticks import to_prices, to_ticks
from orb_pipeline.market.trading_day import Int64Array, day_number, day_numbers, day_open, minutes_of, stamps_of
from orb_pipeline.rules.bars import Bar

AHEAD_SECONDS = 3600.0
"""A minute that ends longer after its file was written has not been: a wrong date or zone, not a clock that lags.

One such bar would be the last of its contract, and every true one after it late."""

_NEVER = 2**63 - 1
_READ_AS = ReadOptions(timezone=None)  # feeds write UTC; a file that does not say its zone is not guessed at


class StreamBar(NamedTuple):
    """A bar that counts. `arrival`: the number of its file on the tape, 0 of a bar that had landed before."""

    contract: str
    bar: Bar
    arrival: int


@dataclass(frozen=True)
class Delivery:
    """One file of bars, read.

    Attributes:
        bars: contract and bar of each sound row, with the row's number, in order of time.
        rejections: rows that are no bars.
        simulated: the file holds simulated bars.
    """

    file: BarFile
    bars: tuple[tuple[int, str, Bar], ...]
    rejections: tuple[Rejection, ...]
    simulated: bool = False

    @property
    def days(self) -> Int64Array:
        """Trading days of its bars, days since the epoch."""
        return np.unique(day_numbers(np.array([bar.minute for _, _, bar in self.bars], dtype=np.int64)))


def read_delivery(file: BarFile, instrument: Instrument) -> Delivery:
    """Read and check a file of the tape. One that cannot be read at all is one rejection, which says why.

    Raises:
        BusyError: it has left the tape, since another process has landed its day.
        StorageError: this process may not read it.
    """
    last_minute = int((written_at(file) + AHEAD_SECONDS) // 60)
    try:
        source = open_bar_file(file.path, _READ_AS)
        checked = check_file(source, instrument, _READ_AS)
        rejections = list(with_raw_values(source, checked.refused))
    except OrbError as error:
        raw = json.dumps({"file": file.name, "error": str(error)}, ensure_ascii=False)
        return Delivery(file, (), (Rejection(0, Reason.UNREADABLE_FILE.value, raw),))
    except OSError as error:
        message = (
            f"{file.path} cannot be read ({error.strerror or error}). Expected a file of bars that the trader may "
            "read, written by the user who trades. Let it be read (`chmod`), and trading goes on by itself."
        )
        raise StorageError(message) from error
    bars = _bars(checked, instrument)
    early = [row for row in bars if row[2].minute >= last_minute]
    if early:
        bars = tuple(row for row in bars if row[2].minute < last_minute)
        rejections += [Rejection(row, Reason.NOT_YET.value, _raw(of, bar, instrument)) for row, of, bar in early]
    return Delivery(file, bars, tuple(rejections), checked.simulated_rows > 0)


def written_at(file: BarFile) -> float:
    """When a file of the tape was written, seconds since the epoch; its place on the tape does not change it.

    Raises:
        BusyError: it has left the tape.
    """
    try:
        return file.path.stat().st_mtime
    except FileNotFoundError:
        message = f"{file.path} has left the tape: another process has landed its day. Run again."
        raise BusyError(message) from None


@dataclass
class Stream:
    """The bars of the tape that count, and those that do not.

    Attributes:
        bars: by symbol and trading day (days since the epoch), in order of time, then contract.
        rejected: by file, the rows of it that do not count.
        through: every minute up to it (since the epoch) is traded as it is; None before the first such mark.
        simulated: by symbol, whether any bar of the tape is simulated.
    """

    instruments: Mapping[str, Instrument]
    bars: dict[tuple[str, int], list[StreamBar]] = field(default_factory=dict)
    rejected: dict[BarFile, tuple[Rejection, ...]] = field(default_factory=dict)
    through: int | None = None
    simulated: dict[str, bool] = field(default_factory=dict)
    _seen: dict[tuple[str, str, int], Bar] = field(default_factory=dict)
    _last: dict[tuple[str, str], int] = field(default_factory=dict)
    _arrived: set[tuple[str, int]] = field(default_factory=set)
    _passed: list[tuple[int, int]] = field(default_factory=list)  # minute and number of marks of kind THROUGH

    def landed(self, symbol: str, frame: pd.DataFrame) -> None:
        """Begin with bars that had landed before the tape began: columns of storage.tables.LANDED_BARS, in order."""
        for contract, bar in bars_of(frame, self.instruments[symbol]):
            self._accept(symbol, StreamBar(contract, bar, 0))

    def add(self, delivery: Delivery, base: Mark | None) -> None:
        """Take the next file. Bars that landed with `base`, whose place is after it, are passed over."""
        symbol, number = delivery.file.symbol, delivery.file.number
        settled = base.day if base is not None and base.day is not None and number < base.place else None
        refused = list(delivery.rejections)
        for row, contract, bar in delivery.bars:
            if settled is not None and day_number(bar.minute) <= settled:
                continue
            reason = self._verdict(symbol, contract, bar)
            if reason is None:
                self._accept(symbol, StreamBar(contract, bar, number))
            else:
                refused.append(Rejection(row, reason.value, _raw(contract, bar, self.instruments[symbol])))
        self.simulated[symbol] = self.simulated.get(symbol, False) or delivery.simulated
        if refused:
            self.rejected[delivery.file] = tuple(sorted(refused, key=lambda item: item.row_number))

    def pass_through(self, mark: Mark) -> None:
        """Take the next mark; only those of kind THROUGH say which bars count."""
        if mark.kind is MarkKind.THROUGH and mark.minute is not None:
            self.through = mark.minute if self.through is None else max(self.through, mark.minute)
            self._passed.append((mark.minute, mark.number))

    def reported(self, symbol: str, contract: str | None) -> int | None:
        """The last minute that needs no more bars of the instrument's `contract`; of any where None is named.

        A bar of another contract does not speak for this one, but for the days before its own.
        """
        any_last = max((last for (of, _), last in self._last.items() if of == symbol), default=None)
        if any_last is None or contract is None:
            return any_last
        return max(self._last.get((symbol, contract), -1), int(day_open(day_number(any_last))) - 1)

    def complete_through(self, awaited: Mapping[str, str | None]) -> int | None:
        """The last minute that all of these have reported, or that goes on without them; None: none yet.

        Args:
            awaited: instrument -> the contract that is traded; None: whichever comes.
        """
        lasts = [self.reported(symbol, contract) for symbol, contract in awaited.items()]
        reported = min((last for last in lasts if last is not None), default=None) if None not in lasts else None
        known = [minute for minute in (reported, self.through) if minute is not None]
        return max(known, default=None)

    def completed_at(self, awaited: Mapping[str, str | None], day: int) -> Callable[[int], int]:
        """For minutes of a trading day that are complete: the place on the tape with which each was.

        Args:
            awaited: as for `complete_through`.
        """
        reports = [self._reports(symbol, contract, day) for symbol, contract in awaited.items()]

        def place(minute: int) -> int:
            reported = max(places[bisect_left(minutes, minute)] for minutes, places in reports)
            return min([reported, *(number for last, number in self._passed if last >= minute)])

        return place

    def _reports(self, symbol: str, contract: str | None, day: int) -> tuple[list[int], list[int]]:
        """Minutes of a day, and for each the place at which the instrument had reported it or a later one."""
        items = [item for item in self.of_day(symbol, day) if contract in (None, item.contract)]
        after = [
            item.arrival for of, later in self.bars if of == symbol and later > day for item in self.bars[of, later]
        ]
        places = [*(item.arrival for item in items), min(after, default=_NEVER)]
        return [item.bar.minute for item in items], list(accumulate(reversed(places), min))[::-1]

    @property
    def symbols(self) -> list[str]:
        """Instruments with a bar, in order."""
        return sorted({symbol for symbol, _ in self.bars})

    def days(self, symbol: str) -> list[int]:
        """Trading days (since the epoch) of which bars arrived on the tape, in order."""
        return sorted(day for of, day in self._arrived if of == symbol)

    def of_day(self, symbol: str, day: int) -> list[StreamBar]:
        """Bars of a trading day, those that had landed before included, in order of time, then contract."""
        return list(self.bars.get((symbol, day), ()))

    def frame(self, symbol: str, day: int) -> pd.DataFrame:
        """The same as a file of bars has them."""
        of_days = self.of_day(symbol, day)
        tick = self.instruments[symbol].tick
        columns = {
            name: to_prices(np.array([getattr(item.bar, name) for item in of_days], dtype=np.int64), tick)
            for name in ("open", "high", "low", "close")
        }
        return pd.DataFrame(
            {
                "ts_utc": stamps_of(np.array([item.bar.minute for item in of_days], dtype=np.int64)),
                "symbol": symbol,
                "source_symbol": [item.contract for item in of_days],
                **columns,
                "volume": np.array([item.bar.volume for item in of_days], dtype=np.int64),
                "simulated": self.simulated.get(symbol, False),
            }
        )

    def _verdict(self, symbol: str, contract: str, bar: Bar) -> Reason | None:
        present = self._seen.get((symbol, contract, bar.minute))
        if present is not None:
            return Reason.REPEATED_MINUTE if present == bar else Reason.CONFLICTS_WITH_LANDED_BAR
        if bar.minute < self._last.get((symbol, contract), -1):
            return Reason.LATE_BAR
        return Reason.LATE_BAR if self.through is not None and bar.minute <= self.through else None

    def _accept(self, symbol: str, item: StreamBar) -> None:
        day = day_number(item.bar.minute)
        insort(self.bars.setdefault((symbol, day), []), item, key=_minute_and_contract)
        if item.arrival:
            self._arrived.add((symbol, day))
        self._seen[symbol, item.contract, item.bar.minute] = item.bar
        self._last[symbol, item.contract] = item.bar.minute


def _minute_and_contract(item: StreamBar) -> tuple[int, str]:
    return item.bar.minute, item.contract


def bars_of(frame: pd.DataFrame, instrument: Instrument) -> list[tuple[str, Bar]]:
    """Contract and bar of each row of a frame of landed bars, in its order."""
    names = ("open", "high", "low", "close")
    prices = [to_ticks(frame[name].to_numpy(), instrument.tick)[0].tolist() for name in names]
    minutes, volumes = minutes_of(frame["ts_utc"]).tolist(), frame["volume"].to_numpy(np.int64).tolist()
    bars = map(Bar._make, zip(minutes, *prices, volumes, strict=True))
    return list(zip(frame["source_symbol"].astype(str).tolist(), bars, strict=True))


def _bars(checked: CheckedFile, instrument: Instrument) -> tuple[tuple[int, str, Bar], ...]:
    bars = checked.bars
    order = np.argsort(bars.minutes, kind="stable")
    prices = [to_ticks(values[order], instrument.tick)[0].tolist() for values in _prices(checked)]
    columns = (bars.minutes[order].tolist(), *prices, bars.volume[order].tolist())
    made = map(Bar._make, zip(*columns, strict=True))
    contracts = [checked.contracts[number] for number in bars.contracts[order].tolist()]
    return tuple(zip(bars.row_numbers[order].tolist(), contracts, made, strict=True))


def _prices(checked: CheckedFile) -> Sequence[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return (checked.bars.open, checked.bars.high, checked.bars.low, checked.bars.close)


def _raw(contract: str, bar: Bar, instrument: Instrument) -> str:
    """A sound bar that does not count, as JSON: its values in points."""
    prices = to_prices(np.array([bar.open, bar.high, bar.low, bar.close]), instrument.tick).tolist()
    values = dict(zip(("open", "high", "low", "close"), prices, strict=True))
    stamp = stamps_of(np.array([bar.minute]))[0].isoformat()
    return json.dumps({"ts_utc": stamp, "source_symbol": contract, **values, "volume": bar.volume})
