"""Prices and whole ticks convert into each other without loss, and a price off the grid is noticed."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.market.ticks import ticks_at_least, to_prices, to_ticks

TICKS = sorted({instrument.tick for instrument in load_catalogue().instruments.values()})


@pytest.mark.parametrize("tick", TICKS, ids=str)
@given(ticks=st.lists(st.integers(-(10**7), 10**8), min_size=1, max_size=50))
def test_every_whole_number_of_ticks_survives_the_way_to_prices_and_back(tick: Decimal, ticks: list[int]) -> None:
    back, on_grid = to_ticks(to_prices(ticks, tick), tick)
    assert back.tolist() == ticks
    assert on_grid.all()


@pytest.mark.parametrize("tick", TICKS, ids=str)
@given(count=st.integers(1, 10**8))
def test_a_price_has_the_bits_its_decimal_text_parses_to(tick: Decimal, count: int) -> None:
    assert to_prices([count], tick)[0] == float(str(tick * count))


@pytest.mark.parametrize("tick", TICKS, ids=str)
@given(count=st.integers(1, 10**6), share=st.floats(0.001, 0.999))
def test_a_price_between_two_ticks_is_off_the_grid(tick: Decimal, count: int, share: float) -> None:
    _, on_grid = to_ticks([float(tick) * (count + share)], tick)
    assert not on_grid[0]


def test_a_price_within_a_millionth_of_a_tick_is_on_the_grid() -> None:
    ticks, on_grid = to_ticks([1800.1 + 0.5e-7, 1800.1 + 5e-7], Decimal("0.10"))
    assert ticks.tolist() == [18001, 18001]
    assert on_grid.tolist() == [True, False]


def test_an_empty_column_has_no_ticks() -> None:
    ticks, on_grid = to_ticks(np.array([]), Decimal("0.10"))
    assert len(ticks) == len(on_grid) == 0


@pytest.mark.parametrize(
    ("points", "tick", "expected"),
    [(4, "0.10", 40), (0.3, "0.10", 3), (0.31, "0.10", 4), (2, "0.25", 8), (2.1, "0.25", 9)],
)
def test_a_threshold_in_points_is_the_smallest_count_of_ticks_that_reaches_it(
    points: float, tick: str, expected: int
) -> None:
    assert ticks_at_least(points, Decimal(tick)) == expected
