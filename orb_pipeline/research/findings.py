"""What a check of computed tables found, and which days it looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from orb_pipeline.market.trading_day import Int64Array, date_of

COLUMNS = ["trading_day", "orb_label", "what", "expected", "found"]


@dataclass(frozen=True)
class Findings:
    """How many values were compared, and those that differ: trading_day, orb_label, what, expected, found."""

    compared: int
    differences: pd.DataFrame


class Comparison:
    """Collects differences between expected and found values, one trading day and session at a time."""

    def __init__(self) -> None:
        self._compared = 0
        self._rows: list[tuple[object, ...]] = []

    def check(self, day: int, label: str, what: str, expected: object, found: object) -> None:
        """Compare two values; NaN and None equal themselves."""
        self._compared += 1
        if expected != found and not (_is_missing(expected) and _is_missing(found)):
            self._rows.append((date_of(day), label, what, str(expected), str(found)))

    def check_arrays(self, day: int, label: str, what: str, expected: np.ndarray, found: np.ndarray) -> None:
        """Compare arrays of one shape, whole; the first difference is the one recorded."""
        self._compared += int(expected.size)
        if expected.shape != found.shape:
            self._rows.append((date_of(day), label, f"{what}: shape", str(expected.shape), str(found.shape)))
            return
        differs = (expected != found) & ~((expected != expected) & (found != found))
        if differs.any():
            first = int(np.flatnonzero(differs.ravel())[0])
            values = (str(expected.ravel()[first]), str(found.ravel()[first]))
            self._rows.append((date_of(day), label, f"{what} [{first}]", *values))

    def findings(self) -> Findings:
        return Findings(self._compared, pd.DataFrame(self._rows, columns=COLUMNS))


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NaT or value != value


def sampled(days: Int64Array, count: int) -> Int64Array:
    """`count` of the distinct `days`, evenly spread, first and last among them; all where there are no more."""
    distinct = np.unique(days)
    if len(distinct) <= count:
        return distinct
    return distinct[np.linspace(0, len(distinct) - 1, count).round().astype(np.int64)]
