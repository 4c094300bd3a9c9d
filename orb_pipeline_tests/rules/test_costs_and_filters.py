"""RULES.md sections 1 and 6: results in R, and which sessions a filter lets through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orb_pipeline.rules.costs import excursion_r, pnl_r
from orb_pipeline.rules.filters import is_eligible, relative_volume
from orb_pipeline_tests.series import CATALOGUE, MGC


@pytest.mark.parametrize(
    ("symbol", "friction", "tick_value"),
    [("MGC", 8.40, 1.0), ("MNQ", 2.74, 0.5), ("GC", 8.40, 1.0), ("ES", 4.99, 1.25), ("XAUUSD", 8.40, 0.01)],
)
def test_costs_of_the_catalogue_are_those_of_the_rules(symbol: str, friction: float, tick_value: float) -> None:
    instrument = CATALOGUE.instrument(symbol)
    assert (instrument.friction, instrument.tick_value) == (friction, tick_value)


@given(risk=st.integers(1, 100_000), symbol=st.sampled_from(sorted(CATALOGUE.instruments)))
def test_every_stop_out_at_the_stop_price_is_exactly_minus_one_r(risk: int, symbol: str) -> None:
    instrument = CATALOGUE.instrument(symbol)
    assert pnl_r(-risk, risk, instrument.tick_value, instrument.friction) == -1.0


def test_a_result_in_r_is_dollars_after_friction_over_dollars_at_risk() -> None:
    assert pnl_r(40, 20, 1.0, 8.4) == pytest.approx((40 - 8.4) / (20 + 8.4))
    assert excursion_r(40, 20, 1.0, 8.4) == pytest.approx(40 / (20 + 8.4))


@pytest.mark.parametrize(
    ("name", "range_ticks", "eligible"),
    [
        ("NO_FILTER", 1, True),
        ("ORB_G4", 39, False),
        ("ORB_G4", 40, True),
        ("ORB_L4", 39, True),
        ("ORB_L4", 40, False),
    ],
)
def test_range_filters_are_at_least_and_less_than_in_points(name: str, range_ticks: int, eligible: bool) -> None:
    assert is_eligible(name, MGC, range_ticks, None) is eligible


def test_relative_volume_is_over_the_median_of_the_last_twenty() -> None:
    assert relative_volume(30, [1000, *range(1, 21)]) == 30 / 10.5


def test_fewer_than_ten_earlier_bars_are_not_enough() -> None:
    assert relative_volume(30, [10] * 9) is None
    assert relative_volume(30, [10] * 10) == 3.0


def test_a_zero_median_is_not_eligible() -> None:
    assert relative_volume(30, [0] * 11 + [5] * 9) is None
    assert not is_eligible("VOL_RV12_N20", MGC, 10, None)


@pytest.mark.parametrize(("volume", "eligible"), [(0, False), (11, False), (12, True), (13, True)])
def test_the_volume_filter_asks_for_a_ratio_of_at_least_1_2(volume: int, eligible: bool) -> None:
    assert is_eligible("VOL_RV12_N20", MGC, 10, relative_volume(volume, [10] * 20)) is eligible
