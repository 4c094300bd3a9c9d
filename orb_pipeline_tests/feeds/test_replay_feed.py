"""History as if it came now."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.errors import InputError, MissingDataError
from orb_pipeline.feeds.history import Span, file_history, landed_history
from orb_pipeline.feeds.replay_feed import ReplayFeed
from orb_pipeline.feeds.stamps import written
from orb_pipeline.intake.ingest import ingest_file
from orb_pipeline.market.formats.raw import ReadOptions
from orb_pipeline.market.simulator import simulate_bars
from orb_pipeline.settings import Home
from orb_pipeline_tests.feeds.house import NINE, Now, Trader, run

CATALOGUE = load_catalogue()
MGC = CATALOGUE.instrument("MGC")
HEADER = "ts_utc,source_symbol,open,high,low,close,volume"
MINUTES = (0, 1, 3, 10)


def line(minute: int, contract: str = "MGCJ4") -> str:
    return f"{written(NINE + minute)},{contract},2100.1,2100.3,2100,2100.2,5"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "bars.csv"
    lines = [HEADER, *(line(minute) for minute in MINUTES), line(1, "MGCM4")]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def replay(path: Path, now: Now, span: Span | None = None, **options: object) -> ReplayFeed:
    history = file_history(path, MGC, ReadOptions(), span or Span())
    return ReplayFeed(history, now, **options)  # type: ignore[arg-type]


def test_at_full_speed_it_waits_for_nothing(home: Home, path: Path) -> None:
    now = Now()
    one, _ = run(home, replay(path, now, speed=None), now)
    trader = Trader(home)
    assert trader.stamps() == [
        (written(NINE), "MGCJ24"),
        (written(NINE + 1), "MGCJ24"),
        (written(NINE + 1), "MGCM24"),
        (written(NINE + 3), "MGCJ24"),
        (written(NINE + 10), "MGCJ24"),
    ]
    assert (one.files, one.bars, now.waits) == (4, 5, [])
    assert trader.rows[0] == {
        "ts_utc": "2024-03-04T23:00:00Z",
        "symbol": "MGC",
        "source_symbol": "MGCJ24",
        "open": "2100.1",
        "high": "2100.3",
        "low": "2100",
        "close": "2100.2",
        "volume": "5",
    }


@pytest.mark.parametrize(("bars_per_file", "files"), [(1, 4), (2, 2), (3, 2), (4, 2), (99, 1)])
def test_files_hold_as_many_bars_as_wanted_and_whole_minutes(
    home: Home, path: Path, bars_per_file: int, files: int
) -> None:
    one, _ = run(home, replay(path, Now(), speed=None, bars_per_file=bars_per_file))
    assert (one.files, one.bars) == (files, 5)


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 600), (10.0, 60)])
def test_minutes_come_as_far_apart_as_they_were_or_n_times_faster(
    home: Home, path: Path, speed: float, seconds: int
) -> None:
    now = Now()
    began = now.moment
    run(home, replay(path, now, speed=speed), now)
    assert now.moment - began == dt.timedelta(seconds=seconds)


def test_a_replay_that_was_stopped_goes_on_where_it_was(home: Home, path: Path) -> None:
    now = Now()
    now.stops_after = 100
    run(home, replay(path, now), now)
    assert len(Trader(home).stamps()) == 3
    again = Now()
    run(home, replay(path, again), again)
    assert [stamp for stamp, _ in Trader(home).stamps()] == [written(NINE + 3), written(NINE + 10)]
    run(home, replay(path, again), again)
    assert Trader(home).stamps() == []


def test_a_span_is_replayed(home: Home, path: Path) -> None:
    run(home, replay(path, Now(), Span(NINE + 1, NINE + 10), speed=None))
    assert [stamp for stamp, _ in Trader(home).stamps()] == [written(NINE + n) for n in (1, 1, 3)]
    with pytest.raises(InputError, match="holds no bar of MGC"):
        replay(path, Now(), Span(NINE + 11, NINE + 12))


def test_a_file_with_bad_rows_is_an_error(path: Path) -> None:
    path.write_text(f"{HEADER}\n{line(0)}\n{written(NINE)},MGCJ4,1,2,3,4,5\n", encoding="utf-8")
    with pytest.raises(InputError, match="1 of 2 rows are no bars, the first of them row 3"):
        replay(path, Now())


def test_what_landed_in_another_home_is_replayed_with_its_mark(home: Home, tmp_path: Path) -> None:
    day = dt.date(2024, 3, 5)
    bars = simulate_bars(
        MGC, CATALOGUE.sessions_of("MGC"), start=day, end=day, seed=3, breakout_drift=0.0, orb_minutes=5
    )
    file = tmp_path / "simulated.parquet"
    bars.to_parquet(file, index=False)
    other = Home.at(tmp_path / "other")
    ingest_file(other, CATALOGUE, file, "MGC", now=dt.datetime(2024, 3, 9, tzinfo=dt.UTC))
    history = landed_history(other, MGC, Span(NINE, NINE + 60))
    run(home, ReplayFeed(history, Now(), speed=None, bars_per_file=1000))
    trader = Trader(home)
    wanted = bars[bars["ts_utc"] < bars["ts_utc"].iloc[0].floor("D") + dt.timedelta(hours=24)]
    assert len(trader.stamps()) == len(wanted) > 0
    assert {row["simulated"] for row in trader.rows} == {"true"}
    assert len({row["source_symbol"] for row in trader.rows}) == bars["source_symbol"].nunique()
    assert [float(row["close"]) for row in trader.rows] == wanted.sort_values(["ts_utc", "source_symbol"])[
        "close"
    ].tolist()


def test_a_home_without_bars_is_an_error(home: Home, tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="is no home"):
        landed_history(Home.at(tmp_path / "none"), MGC, Span())
    assert not (tmp_path / "none").exists()
