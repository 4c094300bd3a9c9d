"""Several instruments, and contracts of them, on one tape."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from orb_pipeline.intake.stream import Delivery, Stream
from orb_pipeline.intake.tape import BarFile, Mark, MarkKind
from orb_pipeline.rules.bars import Bar
from orb_pipeline_tests.series import CATALOGUE, DAY, DAY_OPEN

FRONT_MONTHS = {"MGC": "MGCG24", "MNQ": "MNQH24"}
NOW = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def delivered(stream: Stream, number: int, symbol: str, contract: str, *minutes: int) -> None:
    """A file of one contract's bars of these minutes of the day."""
    file = BarFile(number, symbol, f"{number}.csv", Path(f"{number}.csv"))
    bars = tuple((row, contract, Bar(DAY_OPEN + minute, 9, 9, 9, 9, 1)) for row, minute in enumerate(minutes, start=2))
    stream.add(Delivery(file, bars, ()), None)


def test_contracts_of_one_minute_may_come_in_files_of_their_own() -> None:
    stream = Stream(CATALOGUE.instruments)
    delivered(stream, 1, "MGC", "MGCG24", 1, 2)
    delivered(stream, 2, "MGC", "MGCJ24", 1, 2)
    assert stream.rejected == {}


def test_nothing_is_traded_past_a_front_month_that_lags_behind_another_contract_of_its_instrument() -> None:
    stream = Stream(CATALOGUE.instruments)
    delivered(stream, 1, "MGC", "MGCG24", 1)
    delivered(stream, 2, "MGC", "MGCJ24", 5)
    delivered(stream, 3, "MNQ", "MNQH24", 1, 2, 3, 4, 5)
    assert stream.complete_through(FRONT_MONTHS) == DAY_OPEN + 1
    delivered(stream, 4, "MGC", "MGCG24", 2)
    assert stream.complete_through(FRONT_MONTHS) == DAY_OPEN + 2
    assert stream.rejected == {}


def test_a_bar_of_a_minute_that_went_on_without_it_is_late_whatever_its_contract() -> None:
    stream = Stream(CATALOGUE.instruments)
    delivered(stream, 1, "MGC", "MGCG24", 1)
    delivered(stream, 2, "MNQ", "MNQH24", 1, 2, 3, 4, 5)
    stream.pass_through(Mark(3, MarkKind.THROUGH, NOW, "MGC did not report in time", 3, minute=DAY_OPEN + 5))
    assert stream.complete_through(FRONT_MONTHS) == DAY_OPEN + 5
    delivered(stream, 4, "MGC", "MGCG24", 2)
    delivered(stream, 5, "MGC", "MGCJ24", 2)
    assert [row.reason for rows in stream.rejected.values() for row in rows] == ["late_bar", "late_bar"]


def test_a_bar_of_the_next_day_ends_the_day_for_every_contract_of_its_instrument() -> None:
    stream = Stream(CATALOGUE.instruments)
    delivered(stream, 1, "MGC", "MGCG24", 1)
    delivered(stream, 2, "MNQ", "MNQH24", 1, 1440)
    delivered(stream, 3, "MGC", "MGCJ24", 1440)
    assert stream.complete_through(FRONT_MONTHS) == DAY_OPEN + 1439


PLACES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["MGCG24", "MGCJ24", "MNQH24"]), st.integers(1, 12)),
        st.tuples(st.sampled_from(["MGCG24", "MNQH24"]), st.integers(1440, 1442)),
        st.tuples(st.just("through"), st.integers(1, 12)),
    ),
    max_size=25,
)


@given(PLACES)
def test_every_minute_is_traded_at_the_place_with_which_it_was_complete(places: list[tuple[str, int]]) -> None:
    """The slow way: after each file or mark, ask how far all have reported."""
    stream, expected = Stream(CATALOGUE.instruments), dict[int, int]()
    for number, (what, minute) in enumerate(places, start=1):
        if what == "through":
            stream.pass_through(Mark(number, MarkKind.THROUGH, NOW, "a test", number, minute=DAY_OPEN + minute))
        else:
            delivered(stream, number, what[:3], what, minute)
        through = stream.complete_through(FRONT_MONTHS)
        for known in range(DAY_OPEN, min(DAY_OPEN - 1 if through is None else through, DAY_OPEN + 1439) + 1):
            expected.setdefault(known, number)
    completed_at = stream.completed_at(FRONT_MONTHS, DAY)
    assert {minute: completed_at(minute) for minute in expected} == expected
