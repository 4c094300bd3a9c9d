"""The compiled comparison of the block bootstrap: one pass over what the matrix products leave."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from orb_pipeline.research.evidence.arrays import Int64Array

Float32Array = npt.NDArray[np.float32]


@njit(cache=True, nogil=True)
def count_exceedances(totals: Float32Array, squares: Float32Array, k: Float32Array, exceed: Int64Array) -> None:
    """Add to `exceed` [strategies] the resamples whose total |total| >= k squares; both are [resamples, strategies]."""
    for r in range(len(totals)):
        for s in range(len(k)):
            exceed[s] += totals[r, s] * abs(totals[r, s]) >= k[s] * squares[r, s]
