"""What the evidence works on: matrices [days, strategies], cut into runs of days; and the word for evidence not had."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from orb_pipeline.errors import InputError

Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Int64Array = npt.NDArray[np.int64]

COLUMNS_AT_A_TIME = 512  # of strategies: a working copy of ten years of them takes 12 MB


@dataclass(frozen=True)
class NoEvidence:
    """Stands where a statistic cannot be had, and is false: `if evidence.overfitting: ...`.

    Attributes:
        reason: what is there and what would be needed, for a reader.
    """

    reason: str

    def __bool__(self) -> bool:
        return False


def runs_of(days: int, block_days: int) -> Int64Array:
    """First days of blocks of about `block_days` that cover `days` days in order, none more than a day longer."""
    return cut_into(days, max(1, round(days / block_days)))


def cut_into(days: int, blocks: int) -> Int64Array:
    """First days of `blocks` blocks that cover `days` days in order and differ by a day at most."""
    return np.arange(blocks, dtype=np.int64) * days // blocks


def block_sums(values: npt.NDArray[Any], starts: Int64Array, power: int = 1) -> Float64Array:
    """[blocks, strategies]: sums of values^power [days, strategies] from each start to the next; NaN counts as 0.

    Strategies that are the same to the last bit have sums that are. No block may be empty.
    """
    sums = np.zeros((len(starts), values.shape[1]))
    if len(starts):
        for chunk in column_chunks(values.shape[1]):
            # a daily series stores each strategy's days side by side, and rows are summed where they lie
            rows = np.nan_to_num(values[:, chunk].T.astype(np.float64), nan=0.0, copy=False)
            sums[:, chunk] = np.add.reduceat(rows**power if power > 1 else rows, starts, axis=1).T
    return sums


def column_chunks(columns: int) -> Iterator[slice]:
    """Slices that cover `columns` columns in order."""
    for first in range(0, columns, COLUMNS_AT_A_TIME):
        yield slice(first, min(first + COLUMNS_AT_A_TIME, columns))


def check_shapes(pnl_r: Float64Array, traded: BoolArray) -> None:
    """Raises InputError where the two are not matrices of one shape."""
    if pnl_r.ndim != 2 or pnl_r.shape != traded.shape:
        message = (
            f"pnl_r has the shape {pnl_r.shape} and traded {traded.shape}; expected [days, strategies] of both. "
            "Take both from one daily series."
        )
        raise InputError(message)
