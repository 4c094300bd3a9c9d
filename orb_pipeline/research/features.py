"""`daily_features`: range, break and relative volume of every session of every trading day."""

from __future__ import annotations

import numpy as np
import pandas as pd

from orb_pipeline.market.ticks import to_prices
from orb_pipeline.market.trading_day import dates_of, stamps_of
from orb_pipeline.research.study import Study


def build_daily_features(study: Study) -> pd.DataFrame:
    """One row for every session of every trading day that has bars, in order of time.

    Returns:
        The columns of `daily_features`. Prices in points; a range without a bar and a break that did not come are NULL.
    """
    series, found, instrument = study.series, study.breaks, study.instrument
    windows, has_range, is_broken = found.windows, found.has_range, found.directions != 0
    at_break = found.breaks.clip(min=0)
    volume = pd.array(series.volume[at_break] if len(series) else [], dtype="Int64")
    volume[~is_broken] = pd.NA

    def points(ticks: np.ndarray) -> np.ndarray:
        return np.where(has_range, to_prices(ticks, instrument.tick), np.nan)

    return pd.DataFrame(
        {
            "symbol": instrument.symbol,
            "trading_day": dates_of(windows.days).astype("datetime64[s]"),
            "orb_label": pd.Categorical.from_codes(windows.labels, pd.Index(windows.label_names)),
            "orb_minutes": study.grid.orb_minutes,
            "orb_start_ts": stamps_of(windows.starts),
            "orb_high": points(found.orb_high),
            "orb_low": points(found.orb_low),
            "orb_size": points(found.orb_high - found.orb_low),
            "break_dir": pd.Categorical.from_codes(np.array([-1, 1, 0])[found.directions], pd.Index(["short", "long"])),
            "break_ts": stamps_of(series.minutes[at_break]).where(is_broken) if len(series) else stamps_of(at_break),
            "break_volume": volume,
            "rel_volume": found.relative_volumes,
        }
    )
