"""How much of the usual risk each member is given."""

from __future__ import annotations

from typing import Literal

import pandas as pd


def member_weights(kind: Literal["equal", "inverse_volatility"], daily_r: pd.DataFrame) -> list[float]:
    """Above 0 up to 1, the largest 1, one for each column of `daily_r` (days by members, NaN where not eligible).

    `equal`: 1 each. `inverse_volatility`: in proportion to 1 / standard deviation (ddof 1) of daily R over the eligible
    days; a member without a known, positive one is given the smallest weight of the others, 1 where none has one.
    """
    if kind == "equal":
        return [1.0] * daily_r.shape[1]
    varies = daily_r.max() > daily_r.min()  # equal values have no spread, whatever the mean's last bit says
    spread = daily_r.std(ddof=1).where(varies)
    weights = spread.min() / spread
    return [float(weight) for weight in weights.fillna(weights.min()).fillna(1.0)]
