"""What an ingest did, as facts; the command line decides how they look."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

Prices = tuple[float, float, float, float]


@dataclass(frozen=True)
class BarChange:
    """A landed bar that a replacing ingest changed: open, high, low, close and volume, before and after."""

    ts_utc: dt.datetime
    source_symbol: str
    old: Prices
    old_volume: int
    new: Prices
    new_volume: int

    def __str__(self) -> str:
        return (
            f"{self.ts_utc:%Y-%m-%d %H:%M} UTC {self.source_symbol}: "
            f"{_bar(self.old, self.old_volume)} -> {_bar(self.new, self.new_volume)}"
        )


def _bar(prices: Prices, volume: int) -> str:
    return " ".join(f"{price:.15g}" for price in prices) + f" volume {volume}"


@dataclass(frozen=True)
class IngestReport:
    """Counts of rows; `read` is the sum of `landed`, `already_landed`, `ignored` and all of `rejected`.

    Attributes:
        source_file: absolute path.
        ignored: rows of spreads.
        rejected: by reason (market.reasons).
        replaced: of the landed rows, those that took the place of a landed bar.
        changes: the first replaced bars.
        changed_days: replaced bars by trading day.
        first_ts, last_ts: span of the bars that landed (UTC); None where none did.
        batch: the ledger's number; None where no bar landed.
        is_unchanged: the ingest changed nothing: this very file had landed, or all its bars had.
        simulated: whether the file holds simulated bars.
        warnings: sentences for the operator.
    """

    symbol: str
    source_file: str
    read: int
    landed: int
    already_landed: int
    ignored: int
    rejected: Mapping[str, int]
    replaced: int = 0
    changes: tuple[BarChange, ...] = ()
    changed_days: Mapping[dt.date, int] = field(default_factory=dict)
    first_ts: dt.datetime | None = None
    last_ts: dt.datetime | None = None
    batch: int | None = None
    is_unchanged: bool = False
    simulated: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def rejected_rows(self) -> int:
        return sum(self.rejected.values())
