"""A file that grows, and a folder of files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
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


def reasons(home: Home) -> list[str]:
    return [f"{gap['from'][14:16]} {gap['reason']}" for gap in gaps_of(home)]


def appending(path: Path, text: str) -> Callable[[], object]:
    def act() -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)

    return act


def write_parquet(path: Path, *minutes: int, price: float = 2100.1, **more: object) -> None:
    values = dict.fromkeys(("open", "high", "low", "close"), price) | {"volume": 5} | more
    stamps = [moment_of(NINE + minute) for minute in minutes]
    pd.DataFrame({"ts_utc": stamps, "source_symbol": "MGCJ4", **values}).to_parquet(path, index=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "bars"
    folder.mkdir()
    return folder


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
    told = [gap["reason"] for gap in gaps_of(home)]
    assert [reason[:46] for reason in told] == [
        "bars.csv: row 5 is no bar and is passed over: ",
        "bars.csv: row 6 is no bar and is passed over: ",
        "bars.csv: a row of MGCJ24 came after its minut",
    ]
    assert "not_a_number" in told[0]
    assert "wrong_number_of_values" in told[1]


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


def test_a_folder_is_followed_by_the_clock(home: Home, folder: Path) -> None:
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


def test_a_folder_may_hold_files_that_appear_whole(home: Home, folder: Path) -> None:
    (folder / "notes.md").write_text("no bars", encoding="utf-8")

    def add() -> None:
        write_parquet(folder / "day.parquet", 0, 1, simulated=True)

    assert follow(home, folder, add, minute=NINE + 9) == ["00 MGCJ24", "01 MGCJ24"]
    trader = Trader(home)
    trader.take()
    assert {row["simulated"] for row in trader.rows} == {"true"}


LATE = "a row of MGCJ24 came after its minute had been delivered; passed over"
OTHER = "a row of MGCJ24 differs from an earlier row of its minute; passed over"


def test_a_file_that_comes_late_to_a_folder_is_a_gap(home: Home, folder: Path) -> None:
    for minute in (1, 3):
        appending(folder / f"{minute}.csv", HEADER + line(minute))()
    act = appending(folder / "2.csv", HEADER + line(2))
    assert follow(home, folder, act, lambda: None, minute=NINE + 9) == ["01 MGCJ24", "03 MGCJ24"]
    assert reasons(home) == [f"02 2.csv: {LATE}"]


def test_a_file_that_corrects_what_was_delivered_is_a_gap(home: Home, folder: Path) -> None:
    act = appending(folder / "corrected.csv", HEADER + line(0) + line(1, price="1999") + line(2))
    appending(folder / "bars.csv", HEADER + line(0) + line(1))()
    assert follow(home, folder, act, minute=NINE + 9) == ["00 MGCJ24", "01 MGCJ24", "02 MGCJ24"]
    assert reasons(home) == [f"01 corrected.csv: {LATE}"]


def test_a_row_that_files_have_differently_counts_as_the_first_has_it(home: Home, folder: Path) -> None:
    for name, price in (("a", "2001"), ("b", "2002"), ("c", "2001")):
        appending(folder / f"{name}.csv", HEADER + line(0, price=price))()
    follow(home, folder, minute=NINE + 9)
    (file,) = landed(home)
    assert ",2001,2001," in file.read_text(encoding="utf-8")
    assert reasons(home) == [f"00 b.csv: {OTHER}"]


@pytest.mark.parametrize("is_delivered_by_this_start", [True, False])
def test_of_a_file_that_is_written_anew_what_is_as_it_was_is_passed_over_and_a_correction_is_a_gap(
    home: Home, folder: Path, is_delivered_by_this_start: bool
) -> None:
    path = folder / "day.parquet"
    write_parquet(path, 0, 1)
    if not is_delivered_by_this_start:
        follow(home, folder, minute=NINE + 9)
    acts = [lambda: write_parquet(path, 0, 1, 2), lambda: write_parquet(path, 0, 1, 2, 3, price=1999)]
    assert follow(home, folder, *acts, minute=NINE + 9) == [f"0{n} MGCJ24" for n in range(4)]
    assert reasons(home) == [f"0{n} day.parquet: {LATE}" for n in range(3)]


def test_what_was_there_at_the_start_up_to_where_the_feed_goes_on_is_no_gap(home: Home, folder: Path) -> None:
    appending(folder / "a.csv", HEADER + line(0) + line(2))()
    write_parquet(folder / "b.parquet", 3)
    follow(home, folder, minute=NINE + 9)
    appending(folder / "c.csv", HEADER[:10])()
    acts = [
        appending(folder / "c.csv", HEADER[10:] + line(1) + line(4)),
        lambda: (folder / "a.csv").rename(folder / "old.csv"),
    ]
    assert follow(home, folder, *acts, minute=NINE + 9) == [f"0{n} MGCJ24" for n in (0, 2, 3, 4)]
    assert not gaps_of(home)


def test_many_late_rows_of_a_file_are_one_gap(home: Home, folder: Path) -> None:
    appending(folder / "now.csv", HEADER + line(300))()
    follow(home, folder, lambda: write_parquet(folder / "day.parquet", *range(200)), minute=NINE + 309)
    (gap,) = gaps_of(home)
    assert (gap["from"], gap["to"]) == (written(NINE), written(NINE + 199))
    assert gap["reason"] == (
        "day.parquet: 200 rows, of which each came after its minute had been delivered; passed over"
    )


@settings(max_examples=40)
@given(looks=st.lists(st.lists(st.sets(st.integers(0, 20), min_size=1, max_size=4), max_size=3), max_size=6))
def test_each_row_of_the_files_of_a_folder_is_delivered_or_a_gap(looks: list[list[set[int]]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        home, folder = Home.at(Path(place, "home")), Path(place, "bars")
        folder.mkdir()

        def add(look: int) -> None:
            for number, minutes in enumerate(looks[look]):
                rows = "".join(line(minute, price=f"{2000 + 10 * look + number}") for minute in sorted(minutes))
                appending(folder / f"{look}-{number}.csv", HEADER + rows)()

        follow(home, folder, *(partial(add, look) for look in range(len(looks))), minute=NINE + 60)
        taken: set[int] = set()
        gaps = []
        for look, files in enumerate(looks):
            through = max(taken, default=-1)
            for number, minutes in enumerate(files):
                passed_over = {minute for minute in minutes if minute <= through or minute in taken}
                gaps += [(written(NINE + minute), f"{look}-{number}.csv") for minute in passed_over]
                taken |= minutes - passed_over
        assert delivered(home) == [f"{minute:02d} MGCJ24" for minute in sorted(taken)]
        assert sorted((gap["from"], gap["reason"].split(":")[0]) for gap in gaps_of(home)) == sorted(gaps)


def half_a_parquet(path: Path) -> None:
    write_parquet(path, *range(100))
    path.write_bytes(path.read_bytes()[:1000])


@pytest.mark.parametrize(
    ("name", "spoil", "why"),
    [
        ("a.parquet", Path.touch, "a.parquet is empty"),
        ("a.parquet", half_a_parquet, "cannot be read as Parquet"),
        ("a.csv", lambda path: path.write_text("id,name\n1,x\n", encoding="utf-8"), "no column for stamp"),
    ],
    ids=["empty", "half written", "no bars"],
)
@pytest.mark.parametrize("is_there_at_the_start", [True, False])
def test_a_file_of_a_folder_that_cannot_be_read_is_a_gap_and_the_others_go_on(
    home: Home, folder: Path, name: str, spoil: Callable[[Path], object], why: str, is_there_at_the_start: bool
) -> None:
    appending(folder / "b.csv", HEADER + line(0))()
    come, others = partial(spoil, folder / name), [lambda: None, appending(folder / "b.csv", line(1)), lambda: None]
    if is_there_at_the_start:
        come()
    acts = others if is_there_at_the_start else [come, *others]
    assert follow(home, folder, *acts, minute=NINE + 9) == ["00 MGCJ24", "01 MGCJ24"]
    (gap,) = gaps_of(home)
    assert gap["from"] == written(NINE + 9)
    assert gap["reason"].startswith(f"{name} is passed over until it changes: ")
    assert why in gap["reason"]


def test_a_file_of_a_folder_that_is_still_being_written_is_tried_again(home: Home, folder: Path) -> None:
    path = folder / "a.parquet"
    acts = [path.touch, lambda: half_a_parquet(path), lambda: write_parquet(path, 0)]
    assert follow(home, folder, *acts, minute=NINE + 9) == ["00 MGCJ24"]
    assert not gaps_of(home)


def test_and_so_is_one_that_was_told_as_a_gap(home: Home, folder: Path) -> None:
    path = folder / "a.parquet"
    acts = [path.touch, lambda: None, lambda: write_parquet(path, 0)]
    assert follow(home, folder, *acts, minute=NINE + 9) == ["00 MGCJ24"]
    assert len(gaps_of(home)) == 1


def test_once_does_not_wait_for_a_file_that_cannot_be_read(home: Home, folder: Path) -> None:
    (folder / "a.parquet").touch()
    appending(folder / "b.csv", HEADER + line(0))()
    now = Now(NINE + 9)
    run(home, CsvFeed(folder, load_catalogue().instrument("MGC"), ReadOptions(), now, once=True), now)
    assert delivered(home) == ["00 MGCJ24"]
    assert len(gaps_of(home)) == 1
    assert now.waits == []


def test_a_file_that_is_not_there_is_an_error(home: Home, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a file nor a folder"):
        follow(home, tmp_path / "none.csv")


@pytest.mark.parametrize("is_folder", [False, True])
def test_what_goes_away_is_waited_for(home: Home, folder: Path, path: Path, is_folder: bool) -> None:
    file, followed = (folder / "bars.csv", folder) if is_folder else (path, path)
    file.write_text(HEADER + line(0) + line(1), encoding="utf-8")
    moved = followed.with_name("moved")

    def come_back() -> None:
        moved.rename(followed)
        appending(file, line(2))()

    now = Acted(lambda: followed.rename(moved), *[lambda: None] * 3, come_back, minute=NINE + 9)
    _, told = run(home, CsvFeed(followed, load_catalogue().instrument("MGC"), ReadOptions(), now), now)
    assert delivered(home) == ["00 MGCJ24", "01 MGCJ24", "02 MGCJ24"]
    assert told.waits == [1, 2, 4, 8]
    assert told.reasons[-1] == f"{followed} is not there any more"
    (gap,) = gaps_of(home)
    assert gap["reason"].startswith(f"{followed} cannot be read (No such file or directory); ")


def test_but_not_at_the_next_start(home: Home, path: Path) -> None:
    follow(home, path, appending(path, line(0) + line(1)))
    path.unlink()
    with pytest.raises(InputError, match=rf"{path} is neither"):
        follow(home, path)


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
