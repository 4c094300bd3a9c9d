"""Small bar series for tests, written as rows of whole ticks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from orb_pipeline.catalogue import Catalogue, load_catalogue
from orb_pipeline.market.sessions import local_minutes_of_day
from orb_pipeline.market.trading_day import day_numbers
from orb_pipeline.research.series import BarSeries
from orb_pipeline.rules.bars import Bar

CATALOGUE: Catalogue = load_catalogue()
MGC = CATALOGUE.instrument("MGC")
BRISBANE = CATALOGUE.sessions_of("MGC")
DAY = 20_000  # a trading day, days since the epoch
DAY_OPEN = DAY * 1440 - 60


def series_of(bars: Sequence[Bar], zone: str = "Australia/Brisbane") -> BarSeries:
    columns = np.array([tuple(bar) for bar in bars], dtype=np.int64).reshape(-1, 6).T
    minutes = columns[0].copy()
    return BarSeries(*(column.copy() for column in columns), day_numbers(minutes), local_minutes_of_day(zone, minutes))
