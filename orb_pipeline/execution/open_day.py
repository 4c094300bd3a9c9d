"""What is known of a market before a trading day opens."""

from __future__ import annotations

import numpy as np

from orb_pipeline.catalogue import Grid, SessionSet
from orb_pipeline.execution.context import MarketDay
from orb_pipeline.execution.history import windows_by_day
from orb_pipeline.execution.look_back import LookBack
from orb_pipeline.market.sessions import local_minutes_of_day
from orb_pipeline.market.trading_day import MINUTES_PER_DAY, day_open
from orb_pipeline.research.series import Windows


def market_before(look_back: LookBack, day: int, session_set: SessionSet, grid: Grid) -> MarketDay:
    """The market of trading day `day` (days since the epoch) as it can be known before its first bar.

    Args:
        look_back: at the days before it.
    """
    minutes = day_open(day) + np.arange(MINUTES_PER_DAY)
    return MarketDay(
        front_month=look_back.front_month,
        windows=windows_by_day(Windows.on(np.array([day]), session_set, grid)).get(day, ()),
        local_minutes=local_minutes_of_day(session_set.zone, minutes),
        history=look_back.volumes,
    )
