"""Each bar is delivered once, in order, wherever the feed is cut off or killed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.errors import BusyError, StorageError
from orb_pipeline.feeds.feed import Batch
from orb_pipeline.feeds.landing import Landing, price_text
from orb_pipeline.feeds.stamps import written
from orb_pipeline.market.bars import CheckedFile, check_file
from orb_pipeline.market.formats.raw import ReadOptions
from orb_pipeline.market.formats.registry import open_bar_file
from orb_pipeline.settings import Home
from orb_pipeline_tests.feeds.house import NINE, ScriptedFeed, Trader, bar, batch, gaps_of, killed_at, run


def read(path: Path) -> CheckedFile:
    """The file as the intake reads it."""
    return check_file(open_bar_file(path, ReadOptions()), load_catalogue().instrument("MGC"), ReadOptions())


def deliver(home: Home, *batches: Batch, source: str = "scripted") -> None:
    with Landing.held(home, "MGC", source) as landing:
        for one in batches:
            landing.deliver(one)


def test_a_file_is_what_the_intake_reads(home: Home) -> None:
    odd = bar(NINE + 1, price="2100.5", volume=0)
    deliver(home, Batch.of([odd, bar(NINE), bar(NINE, "MGCM24", price="2000")]))
    (path,) = [path for path in (home.landing / "MGC").iterdir() if not path.name.startswith(".")]
    assert path.name == "20240304T2300-scripted.csv"
    assert path.read_text(encoding="utf-8").splitlines() == [
        "ts_utc,symbol,source_symbol,open,high,low,close,volume",
        "2024-03-04T23:00:00Z,MGC,MGCJ24,2100.1,2101.1,2099.1,2100.1,3",
        "2024-03-04T23:00:00Z,MGC,MGCM24,2000,2001,1999,2000,3",
        "2024-03-04T23:01:00Z,MGC,MGCJ24,2100.5,2101.5,2099.5,2100.5,0",
    ]
    checked = read(path)
    assert not len(checked.refused)
    assert checked.contracts == ("MGCJ24", "MGCM24")
    assert checked.bars.minutes.tolist() == [NINE, NINE, NINE + 1]
    assert checked.bars.open.tolist() == [2100.1, 2000.0, 2100.5]
    assert checked.simulated_rows == 0


def test_simulated_bars_say_so_in_their_file(home: Home) -> None:
    deliver(home, Batch.of([bar(NINE)], simulated=True))
    (path,) = (home.landing / "MGC").glob("2*.csv")
    assert read(path).simulated_rows == 1


@pytest.mark.parametrize(
    ("price", "text"), [("2000.0", "2000"), ("2000.10", "2000.1"), ("0.00025", "0.00025"), ("1E+3", "1000")]
)
def test_prices_are_the_shortest_decimals(price: str, text: str) -> None:
    assert price_text(bar(0, price=price).open) == text


def test_the_order_of_names_is_the_order_of_delivery_across_sources(home: Home) -> None:
    deliver(home, batch(NINE), batch(NINE + 1), source="z")
    deliver(home, batch(NINE + 2), source="a")
    trader = Trader(home)
    assert [stamp for stamp, _ in trader.stamps()] == [written(NINE + n) for n in range(3)]


def test_a_feed_goes_on_after_what_another_source_delivered(home: Home) -> None:
    deliver(home, batch(NINE, NINE + 1), source="a")
    with Landing.held(home, "MGC", "b") as landing:
        assert landing.through == NINE + 1


def test_one_feed_of_an_instrument_at_a_time(home: Home) -> None:
    running = Landing.held(home, "MGC", "a")
    with running, Landing.held(home, "MNQ", "a"), pytest.raises(BusyError, match="Another feed of MGC runs"):
        deliver(home, batch(NINE), source="b")
    with Landing.held(home, "MGC", "b"):
        pass


def test_a_damaged_cursor_is_an_error_that_names_it(home: Home) -> None:
    deliver(home, batch(NINE))
    cursor = home.landing / "MGC" / ".cursor-scripted.json"
    cursor.write_text("{", encoding="utf-8")
    with pytest.raises(StorageError, match=r"\.cursor-scripted\.json does not say"), Landing.held(home, "MGC", "x"):
        pass


MINUTES = st.sets(st.integers(0, 40), min_size=1, max_size=20).map(sorted)


@st.composite
def sources(draw: st.DrawFn) -> list[Batch]:
    """Minutes with one contract or two, one or several to a file."""
    minutes = draw(MINUTES)
    bars = [
        bar(NINE + minute, contract)
        for minute in minutes
        for contract in ("MGCJ24", "MGCM24")[: draw(st.integers(1, 2))]
    ]
    cuts = sorted(draw(st.sets(st.sampled_from(minutes))))
    parts: dict[int, list[int]] = {}
    for one in minutes:
        parts.setdefault(sum(cut <= one for cut in cuts), []).append(NINE + one)
    return [Batch.of([b for b in bars if b.minute in part]) for part in parts.values()]


@settings(max_examples=150)
@given(
    source=sources(),
    scripts=st.lists(st.lists(st.integers(0, 4), max_size=4), min_size=1, max_size=5),
    kills=st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=5),
    takes=st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_whatever_is_cut_off_and_killed_every_minute_is_delivered_once_in_order(
    source: list[Batch], scripts: list[list[int]], kills: list[tuple[int, bool]], takes: list[bool]
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
        home = Home.at(Path(folder))
        trader = Trader(home)
        for number, (write, is_done) in enumerate(kills):
            script = scripts[number % len(scripts)]
            with killed_at(monkeypatch, write, is_done=is_done):
                run(home, ScriptedFeed(source, script))
            if takes[number]:
                trader.take()
        run(home, ScriptedFeed(source, scripts[-1]))
        expected = [(written(one.minute), one.contract) for item in source for one in item.bars]
        assert trader.stamps() == expected
        assert trader.files == sorted(trader.files)
        assert not list((home.landing / "MGC").glob(".staged*"))
        assert all("late" not in gap["reason"] and "had been" not in gap["reason"] for gap in gaps_of(home))
