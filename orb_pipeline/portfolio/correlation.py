"""Correlation of daily R between strategies (RULES.md section 9), of hundreds of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Float64Array = npt.NDArray[np.float64]

DECIMALS = 12  # a correlation's digits behind these are noise of the sums, and would decide who meets a limit exactly
_NO_VARIANCE = 1e-12  # of the sum of squares; what sums of equal values leave


def correlation_matrix(daily_r: pd.DataFrame, min_overlap_days: int) -> pd.DataFrame:
    """Pearson correlation of each two columns over the days on which both are known.

    Args:
        daily_r: days by strategies, NaN where a strategy was not eligible.
        min_overlap_days: with fewer common days a correlation is NaN, which means unknown, not zero.

    Returns:
        Strategies by strategies, exactly symmetric, 1 on the diagonal, between -1 and 1, to 12 decimals. NaN where the
        common days are too few or one of the two does not vary on them.
    """
    everyone = np.arange(daily_r.shape[1])
    values = Correlations.of(daily_r, min_overlap_days).with_columns(everyone)
    values = np.minimum(values, values.T)
    np.fill_diagonal(values, 1.0)
    return _between_columns(daily_r, values)


@dataclass(frozen=True)
class Correlations:
    """Daily series made ready, so that some correlations can be had without all the others.

    Attributes:
        known: [days, columns], 1 where the day counts, else 0.
        centred: R less the column's mean, so that sums of squares lose no digits; 0 where the day does not count.
        squares: of `centred`.
    """

    known: Float64Array
    centred: Float64Array
    squares: Float64Array
    min_overlap_days: int

    @classmethod
    def of(cls, daily_r: pd.DataFrame, min_overlap_days: int) -> Correlations:
        """The columns of `correlation_matrix`'s argument."""
        values = daily_r.to_numpy(np.float64)
        known = (~np.isnan(values)).astype(np.float64)
        filled = np.nan_to_num(values)
        centred = (filled - filled.sum(axis=0) / np.maximum(known.sum(axis=0), 1)) * known
        return cls(known, centred, centred**2, min_overlap_days)

    def with_columns(self, places: Sequence[int] | npt.NDArray[np.intp]) -> Float64Array:
        """[columns, places]: of every column with those at `places`; rules and NaN as in `correlation_matrix`."""
        known, centred, squares = self.known[:, places], self.centred[:, places], self.squares[:, places]
        days = self.known.T @ known
        with np.errstate(divide="ignore", invalid="ignore"):
            ours, theirs = self.centred.T @ known, self.known.T @ centred
            our_variance = _variance(self.squares.T @ known, ours, days)
            their_variance = _variance(self.known.T @ squares, theirs, days)
            covariance = self.centred.T @ centred - ours * theirs / days
            values = covariance / np.sqrt(our_variance * their_variance)
        values = np.where(days >= self.min_overlap_days, values, np.nan)
        return np.asarray(np.round(np.clip(values, -1.0, 1.0), DECIMALS), dtype=np.float64)


def _variance(squares: Float64Array, sums: Float64Array, days: Float64Array) -> Float64Array:
    """Sums of squares about the mean of the common days; NaN where there is no variance."""
    variance = squares - sums**2 / days
    return np.where(variance > _NO_VARIANCE * squares, variance, np.nan)


def _between_columns(daily_r: pd.DataFrame, values: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> pd.DataFrame:
    return pd.DataFrame(values, index=daily_r.columns, columns=daily_r.columns)
