"""Random days of bars, as rough as it takes for the rare orders of events to be common."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import strategies as st

from orb_pipeline.catalogue import Grid
from orb_pipeline.rules.bars import Bar
from orb_pipeline_tests.series import CATALOGUE, DAY_OPEN

TENTHS = st.sampled_from([1.0, 1.1, 1.5, 1.7, 2.0, 2.5, 3.0, 4.0])


@st.composite
def random_bars(draw: st.DrawFn) -> list[Bar]:
    """A few days of bars on a coarse grid, so that ties, touches of both sides, gaps, opens at a level are common."""
    seed = draw(st.integers(0, 2**32 - 1))
    days = draw(st.integers(1, 3))
    step = draw(st.sampled_from([1, 2, 4]))
    missing = draw(st.sampled_from([0.0, 0.05, 0.5]))
    gap = draw(st.sampled_from([0.0, 0.1, 0.5]))
    pull = draw(st.sampled_from([0.0, 0.05]))
    length = draw(st.sampled_from([40, 130, 1380]))
    random = np.random.default_rng(seed)
    bars: list[Bar] = []
    close = 1000
    for day, offset in itertools.product(range(days), range(length)):
        if random.random() < missing:
            continue
        opened = close + (int(random.integers(-2 * step, 2 * step + 1)) if random.random() < gap else 0)
        close = opened + int(random.integers(-step, step + 1)) - round(pull * (opened - 1000))
        high = max(opened, close) + int(random.integers(0, step + 1))
        low = min(opened, close) - int(random.integers(0, step + 1))
        bars.append(Bar(DAY_OPEN + day * 1440 + offset, opened, high, low, close, int(random.integers(0, 9))))
    return bars


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    return Grid(
        orb_minutes=draw(st.sampled_from([5, 15, 30])),
        rr_targets=tuple(draw(st.sets(TENTHS, min_size=1, max_size=4))),
        confirm_bars=tuple(draw(st.sets(st.integers(1, 10), min_size=1, max_size=4))),
        entry_models=("E1", "E2", "E3"),
        filters=CATALOGUE.grid.filters,
    )
