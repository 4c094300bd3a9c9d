"""Several contracts of an instrument on one tape."""

from __future__ import annotations

from pathlib import Path

import pytest

from orb_pipeline.intake.stream import Delivery, Stream
from orb_pipeline.intake.tape import BarFile
from orb_pipeline.rules.bars import Bar
from orb_pipeline_tests.series import CATALOGUE, DAY_OPEN

PAIR = ("MGC", "MNQ")


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


@pytest.mark.xfail(
    strict=True,
    reason="a contract that lags behind another one of its instrument is used, though both instruments have been "
    "traded through its minute; an entry of the other instrument may then be decided anew and contradict the journal",
)
def test_a_bar_of_a_minute_that_all_instruments_have_been_traded_through_is_late_whatever_its_contract() -> None:
    stream = Stream(CATALOGUE.instruments)
    delivered(stream, 1, "MGC", "MGCG24", 1)
    delivered(stream, 2, "MGC", "MGCJ24", 5)
    delivered(stream, 3, "MNQ", "MNQH24", 1, 2, 3, 4, 5)
    assert stream.complete_through(PAIR) == DAY_OPEN + 5
    delivered(stream, 4, "MGC", "MGCG24", 2)
    assert [row.reason for rows in stream.rejected.values() for row in rows] == ["late_bar"]
