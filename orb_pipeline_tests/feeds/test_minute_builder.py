"""Minutes from five-second bars."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from orb_pipeline.feeds.minute_builder import PARTS, MinuteBuilder, Part
from orb_pipeline_tests.feeds.house import NINE

TICKS = st.integers(20_000, 20_100)


@st.composite
def part_of(draw: st.DrawFn, place: int) -> Part:
    low, high = sorted((draw(TICKS), draw(TICKS)))
    opened, close = (draw(st.integers(low, high)) for _ in range(2))
    prices = (Decimal(ticks) / 10 for ticks in (opened, high, low, close))
    return Part(NINE * 60 + place * 5, *prices, volume=draw(st.integers(0, 3)))  # type: ignore[misc]


WHOLE = st.tuples(*(part_of(place) for place in range(PARTS)))


def built(parts: list[Part]) -> MinuteBuilder:
    builder = MinuteBuilder("MGCJ24")
    for part in parts:
        builder.add(part)
    return builder


@given(parts=WHOLE, data=st.data())
def test_a_minute_is_its_trades_in_whatever_order_and_however_often_its_parts_come(
    parts: tuple[Part, ...], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(parts)))
    builder = built(data.draw(st.permutations(list(parts) + again)))
    minute = builder.built(NINE)
    traded = [part for part in parts if part.volume]
    assert minute.is_whole
    if not traded:
        assert minute.bar is None
        return
    assert minute.bar is not None
    assert minute.bar == (
        NINE,
        "MGCJ24",
        traded[0].open,
        max(part.high for part in traded),
        min(part.low for part in traded),
        traded[-1].close,
        sum(part.volume for part in parts),
    )


@given(parts=WHOLE, missing=st.sets(st.integers(0, PARTS - 1), min_size=1))
def test_a_minute_that_lacks_a_part_is_not_whole(parts: tuple[Part, ...], missing: set[int]) -> None:
    builder = built([part for place, part in enumerate(parts) if place not in missing])
    assert not builder.built(NINE).is_whole


def test_minutes_do_not_mix() -> None:
    one = Decimal(1)
    builder = built([Part(NINE * 60 + 5 * place, one, one, one, one, 1) for place in range(15)])
    assert builder.last_minute == NINE + 1
    first, second = builder.built(NINE), builder.built(NINE + 1)
    assert first.is_whole
    assert not second.is_whole
    assert first.bar is not None
    assert first.bar.volume == 12
    builder.forget(NINE)
    assert not builder.has_any(NINE, NINE)
    assert builder.has_any(NINE, NINE + 1)
