"""Which sessions each filter of the grid lets through (RULES.md section 6), for whole tables at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from orb_pipeline.catalogue.models import NO_FILTER, VOLUME_FILTER, Grid, Instrument
from orb_pipeline.market.ticks import to_ticks
from orb_pipeline.rules.filters import VOLUME_MIN_RATIO, range_limits


def eligibility(features: pd.DataFrame, instrument: Instrument, grid: Grid) -> npt.NDArray[np.bool_]:
    """[rows, filters]: whether the session of a row may be traded under a filter of the grid.

    A session without a range is eligible under none, one without a break under all but the volume filter.

    Args:
        features: any rows of `daily_features`; sizes in points.
    """
    points = features["orb_size"].to_numpy(np.float64, na_value=np.nan)
    has_range = ~np.isnan(points)
    size, _ = to_ticks(np.where(has_range, points, 0.0), instrument.tick)
    columns = []
    for name in grid.filters:
        limits = range_limits(name, instrument)
        if limits is not None:
            columns.append(has_range & (size >= limits[0]) & (size < limits[1]))
        elif name == VOLUME_FILTER:
            relative = features["rel_volume"].to_numpy(np.float64, na_value=np.nan)
            columns.append(has_range & (relative >= VOLUME_MIN_RATIO))
        else:
            assert name == NO_FILTER  # noqa: S101 - the catalogue admits no other
            columns.append(has_range)
    return np.stack(columns, axis=1)
