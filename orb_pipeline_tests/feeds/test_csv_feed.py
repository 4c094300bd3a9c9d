"""A file that grows, and a folder of files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.errors import InputError
from orb_pipeline.feeds.csv_feed import CsvFeed
from orb_pipeline.feeds.stamps import moment_of, written
from orb_pipeline.market.formats.raw import ReadOptions
from orb_pipeline.settings import Home
from orb_pipeline_tests.feeds.house import NINE, Now, Trader, gaps_of, run

HEADER = "ts_utc,source_symbol,open,high,low,close,volume\n"


def line(minute: int, contract: str = "MGCJ4", price: str = "2100.1") -> str:
    return f"{written(NINE + minute)},{contract},{price},{price},{price},{price},5\n"


class Acted(Now):
    """A clock by which, at each wait, the next act happens; when there are none left, the feed is stopped."""

    def __init__(self, *acts: Callable[[], object], minute: int = NINE) -> None:
        super().__init__(minute)
        self.acts = list(acts)

    def wait(self, seconds: float) -> bool:
        if self.acts:
            self.acts.pop(0)()
        else:
            self.set()
        return super().wait(seconds)


def follow(home: Home, path: Path, *acts: Callable[[], object], minute: int = NINE, **options: object) -> list[str]:
    """Follow a file while acts happen, one after each look at it; minute of the hour and contract of all delivered."""
    now = Acted(*acts, minute=minute)
    feed = CsvFeed(path, load_catalogue().instrument("MGC"), ReadOptions(**options), now)  # type: ignore[arg-type]
    run(home, feed, now)
    return delivered(home)


def delivered(home: Home) -> list[str]:
    rows = [(path.name, text) for path in landed(home) for text in path.read_text(encoding="utf-8").splitlines()[1:]]
    return [f"{text[14:16]} {text.split(',')[2]}" for _, text in rows]


def landed(home: Home) -> list[Path]:
    folder = home.landing / "MGC"
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def appending(path: Path, text: str) -> Callable[[], object]:
    def act() -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)

    return act


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "bars.csv"
    path.write_text(HEADER, encoding="utf-8")
    return path


def test_the_last_row_waits_for_a_later_one(home: Home, path: Path) -> None:
    assert follow(home, path, appending(path, line(0) + line(1))) == ["00 MGCJ24"]
    assert follow(home, path, appending(path, line(2))) == ["00 MGCJ24", "01 MGCJ24"]


def test_or_for_the_clock(home: Home, path: Path) -> None:
    assert follow(home, path, appending(path, line(0)), minute=NINE + 2) == ["00 MGCJ24"]


def test_a_line_counts_when_its_end_is_there(home: Home, path: Path) -> None:
    whole = line(1)
    acts = [appending(path, line(0) + whole[:30]), appending(path, whole[30:-1]), appending(path, "\n")]
    assert follow(home, path, *acts[:2], minute=NINE + 9) == ["00 MGCJ24"]
    assert follow(home, path, acts[2], minute=NINE + 9) == ["00 MGCJ24", "01 MGCJ24"]
    assert not gaps_of(home)


def test_a_file_that_begins_empty_is_waited_for(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "late.csv"
    path.touch()
    acts = [appending(path, HEADER[:10]), appending(path, HEADER[10:]), appending(path, line(0) + line(1))]
    assert follow(home, path, *acts) == ["00 MGCJ24"]


def test_all_contracts_of_a_minute_come_together(home: Home, path: Path) -> None:
    acts = [appending(path, line(0) + line(0, "MGCM4")), appending(path, line(1)), appending(path, line(1, "MGCM4"))]
    assert follow(home, path, *acts, minute=NINE - 5) == ["00 MGCJ24", "00 MGCM24"]
    assert follow(home, path, minute=NINE + 9) == ["00 MGCJ24", "00 MGCM24", "01 MGCJ24", "01 MGCM24"]
    assert len(landed(home)) == 2


def test_a_file_that_begins_anew_goes_on(home: Home, path: Path) -> None:
    def rotate() -> None:
        path.unlink()
        path.write_text(HEADER + line(1) + line(2), encoding="utf-8")

    assert follow(home, path, appending(path, line(0) + line(1)), rotate) == ["00 MGCJ24", "01 MGCJ24"]
    assert not gaps_of(home)


def test_the_last_row_of_a_file_that_begins_anew_is_not_lost(home: Home, path: Path) -> None:
    def rotate() -> None:
        path.write_text(HEADER + line(5) + line(6), encoding="utf-8")

    acts = [appending(path, line(0) + line(1)), rotate]
    assert follow(home, path, *acts) == ["00 MGCJ24", "01 MGCJ24", "05 MGCJ24"]


def test_a_last_row_that_is_written_over_counts_as_it_stands_in_the_end(home: Home, path: Path) -> None:
    def write(*lines: str) -> Callable[[], object]:
        return lambda: path.write_text(HEADER + "".join(lines), encoding="utf-8")

    acts = [write(line(0, price="2000")), write(line(0, price="2001")), write(line(0, price="2002"), line(1))]
    follow(home, path, *acts, minute=NINE - 5)
    (file,) = landed(home)
    assert ",2002,2002," in file.read_text(encoding="utf-8")
    assert not gaps_of(home)


def test_bad_and_late_rows_are_passed_over_and_written_down_once(home: Home, path: Path) -> None:
    acts = [
        appending(path, line(0) + line(1) + line(2)),
        appending(path, "2024-03-04T23:03:00Z,MGCJ4,nan,1,1,1,1\n"),
        appending(path, "half a line\n" + line(4) + line(5)),
    ]
    assert follow(home, path, *acts) == [f"0{n} MGCJ24" for n in (0, 1, 2, 4)]
    written_down = gaps_of(home)
    assert follow(home, path, minute=NINE - 1) == [f"0{n} MGCJ24" for n in (0, 1, 2, 4)]
    assert gaps_of(home) == written_down
    follow(home, path, appending(path, line(1, price="1999")))
    reasons = [gap["reason"] for gap in gaps_of(home)]
    assert [reason[:46] for reason in reasons] == [
        "bars.csv: row 5 is no bar and is passed over: ",
        "bars.csv: row 6 is no bar and is passed over: ",
        "bars.csv: a row of MGCJ24 came after its minut",
    ]
    assert "not_a_number" in reasons[0]
    assert "wrong_number_of_values" in reasons[1]


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("20240304 180000;1;1;1;1;7\n20240304 180100;2;2;2;2;7\n20240304 180200;2;2;2;2;7\n", "-05:00"),
        ("# bars\n\nDate;Time;Open;High;Low;Close;Vol\n2024/3/4;23:00;1;1;1;1;2\n2024/3/4;23:01;1;1;1;1;2\n", "UTC"),
    ],
    ids=["no header", "comments, two columns for the stamp"],
)
def test_any_layout_of_the_intake_is_followed(home: Home, tmp_path: Path, text: str, zone: str) -> None:
    path = tmp_path / "bars.txt"
    path.touch()
    lines = text.splitlines(keepends=True)
    follow(home, path, *(appending(path, one) for one in lines), minute=NINE + 9, timezone=zone)
    assert delivered(home) == [f"0{n} MGC" for n in range(text.count("\n2024") + text.startswith("2024"))]
    assert not gaps_of(home)


def test_a_folder_is_followed_by_the_clock(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "bars"
    folder.mkdir()
    april, june = folder / "april.csv", folder / "june.csv"
    acts = [
        appending(april, HEADER + line(0) + line(1)),
        appending(june, HEADER + line(0, "MGCM4")),
        appending(june, line(1, "MGCM4")),
    ]
    assert follow(home, folder, *acts, minute=NINE - 5) == []
    assert follow(home, folder, minute=NINE + 2) == ["00 MGCJ24", "00 MGCM24"]
    assert follow(home, folder, april.unlink, minute=NINE + 3) == ["00 MGCJ24", "00 MGCM24", "01 MGCJ24", "01 MGCM24"]


def test_once_takes_files_as_finished_and_ends(home: Home, path: Path) -> None:
    path.write_text((HEADER + line(0) + line(1)).rstrip("\n"), encoding="utf-8")
    now = Now(NINE + 9)
    run(home, CsvFeed(path, load_catalogue().instrument("MGC"), ReadOptions(), now, once=True), now)
    assert delivered(home) == ["00 MGCJ24", "01 MGCJ24"]
    assert now.waits == []


def test_a_folder_may_hold_files_that_appear_whole(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "bars"
    folder.mkdir()
    (folder / "notes.md").write_text("no bars", encoding="utf-8")

    def add() -> None:
        stamps = [moment_of(NINE + n) for n in (0, 1)]
        values = dict.fromkeys(("open", "high", "low", "close"), 2000.1) | {"volume": 1, "simulated": True}
        frame = pd.DataFrame({"ts_utc": stamps, "source_symbol": "MGCJ4", **values})
        frame.to_parquet(folder / "day.parquet", index=False)

    assert follow(home, folder, add, minute=NINE + 9) == ["00 MGCJ24", "01 MGCJ24"]
    trader = Trader(home)
    trader.take()
    assert {row["simulated"] for row in trader.rows} == {"true"}


def test_a_file_that_is_not_there_is_an_error(home: Home, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a file nor a folder"):
        follow(home, tmp_path / "none.csv")


def test_a_file_that_goes_away_is_tried_again(home: Home, path: Path) -> None:
    moved = path.with_suffix(".bak")
    acts = [appending(path, line(0) + line(1)), lambda: path.rename(moved), lambda: None, lambda: moved.rename(path)]
    with pytest.raises(InputError, match="neither"):
        follow(home, path, *acts[:3])
    acts[3]()
    assert follow(home, path, appending(path, line(2))) == ["00 MGCJ24", "01 MGCJ24"]


def test_a_header_that_is_no_bars_is_an_error_that_names_the_file(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("id,name\n1,x\n", encoding="utf-8")
    with pytest.raises(InputError, match=rf"{path}: no column for"):
        follow(home, path)


@settings(max_examples=60)
@given(minutes=st.lists(st.integers(0, 30), min_size=1, max_size=12, unique=True).map(sorted), data=st.data())
def test_however_a_file_grows_and_the_feed_is_restarted_each_minute_comes_once(
    minutes: list[int], data: st.DataObject
) -> None:
    text = HEADER + "".join(
        line(minute, contract) for minute in minutes for contract in ("MGCJ4", "MGCM4")[: data.draw(st.integers(1, 2))]
    )
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    parts = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        home, path = Home.at(Path(folder, "home")), Path(folder, "bars.csv")
        path.touch()
        while parts:
            taken = [parts.pop(0) for _ in range(min(len(parts), data.draw(st.integers(1, 3))))]
            follow(home, path, *(appending(path, part) for part in taken), minute=NINE - 60)
        follow(home, path, minute=NINE + 60)
        rows = [one.split(",") for one in text.splitlines()[1:]]
        assert Trader(home).stamps() == sorted((row[0], f"{row[1][:-1]}24") for row in rows)
        assert not gaps_of(home)


def test_moments_are_those_of_the_minutes() -> None:
    assert written(NINE) == "2024-03-04T23:00:00Z"
    assert moment_of(NINE).minute == 0
