"""The tape: one order for what comes from outside, which a kill cannot change."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orb_pipeline.intake.tape import Mark, MarkKind, Tape
from orb_pipeline.settings import Home

NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)


def drop(home: Home, symbol: str, name: str, text: str = "bars") -> None:
    (home.landing / symbol).mkdir(parents=True, exist_ok=True)
    (home.landing / symbol / name).write_text(text, encoding="utf-8")


def on_it(home: Home) -> list[str]:
    return sorted(path.name for path in home.tape.iterdir() if path.is_file())


@pytest.fixture
def tape(home: Home) -> Tape:
    tape = Tape(home)
    tape.rebase(NOW, 0, {}, ())
    return tape


def test_files_are_taken_in_the_order_of_their_names_one_instrument_after_the_other(home: Home, tape: Tape) -> None:
    for symbol, name in (("MNQ", "1.csv"), ("MGC", "2.csv"), ("MGC", "1.csv")):
        drop(home, symbol, name)
    assert tape.take(["MNQ", "MGC"]) == 3
    assert on_it(home) == ["00000001-base.json", "00000002-MGC-1.csv", "00000003-MGC-2.csv", "00000004-MNQ-1.csv"]
    assert [(file.symbol, file.name) for file in tape.read().files] == [
        ("MGC", "1.csv"),
        ("MGC", "2.csv"),
        ("MNQ", "1.csv"),
    ]


def test_what_comes_later_goes_behind_whatever_it_is_called(home: Home, tape: Tape) -> None:
    drop(home, "MGC", "9.csv")
    tape.take(["MGC"])
    drop(home, "MGC", "1.csv")
    tape.take(["MGC"])
    assert [file.name for file in tape.read().files] == ["9.csv", "1.csv"]


def test_hidden_files_and_folders_of_no_instrument_stay(home: Home, tape: Tape) -> None:
    drop(home, "MGC", ".1.csv.0123456789abcdef0123456789abcdef.tmp")
    drop(home, "XYZ", "1.csv")
    assert tape.take(["MGC"]) == 0
    assert (home.landing / "XYZ" / "1.csv").exists()


def test_a_file_that_is_still_being_written_waits_until_it_is_whole(home: Home, tape: Tape) -> None:
    drop(home, "MGC", "1.csv")
    with (home.landing / "MGC" / "1.csv").open("a", encoding="utf-8") as writing:
        drop(home, "MGC", "2.csv")
        assert tape.take(["MGC"]) == 1
        writing.write(" and more")
    assert tape.take(["MGC"]) == 1
    files = tape.read().files
    assert [file.name for file in files] == ["2.csv", "1.csv"]
    assert files[1].path.read_text(encoding="utf-8") == "bars and more"


def test_a_symbol_may_begin_with_a_digit(home: Home, tape: Tape) -> None:
    drop(home, "6E", "1.csv")
    tape.take(["6E"])
    assert [(file.number, file.symbol, file.name) for file in tape.read().files] == [(2, "6E", "1.csv")]


def test_a_mark_is_read_back_as_it_was_put(home: Home, tape: Tape) -> None:
    put = tape.mark(MarkKind.THROUGH, NOW, "MNQ did not report in time", minute=29_540_000)
    blocked = tape.mark(MarkKind.BLOCKED, NOW, "a gate", place=1, account="25k")
    assert Tape(home).read().marks[1:] == (put, blocked)
    assert (put.place, blocked.place) == (put.number, 1)


def test_another_reader_sees_what_was_added_since(home: Home, tape: Tape) -> None:
    other = Tape(home)
    assert other.read().files == ()
    drop(home, "MGC", "1.csv")
    tape.take(["MGC"])
    assert len(other.read().files) == 1


def test_a_base_lets_files_go_keeps_what_stops_entries_and_no_number_comes_twice(home: Home, tape: Tape) -> None:
    drop(home, "MGC", "1.csv")
    tape.take(["MGC"])
    tape.mark(MarkKind.HALT, NOW, "news")
    tape.mark(MarkKind.THROUGH, NOW, "over", minute=1)
    content = tape.read()
    tape.rebase(NOW, 20_000, {"MGC": 3}, content.files)
    after = tape.read()
    assert after.files == ()
    assert [mark.kind for mark in after.marks] == [MarkKind.HALT, MarkKind.BASE]
    assert after.base == Mark(5, MarkKind.BASE, NOW, "landed", 5, day=20_000, batches={"MGC": 3})
    drop(home, "MGC", "2.csv")
    tape.take(["MGC"])
    assert tape.read().files[0].number == 6


def test_a_folder_of_no_instrument_is_named_while_files_lie_in_it(home: Home, tape: Tape) -> None:
    drop(home, "MGC", "1.csv")
    drop(home, "XYZ", "1.csv")
    (home.landing / "EMPTY").mkdir()
    drop(home, "HIDDEN", ".cursor-csv.json")
    assert tape.strays(["MGC"]) == [home.landing / "XYZ"]


def test_a_name_that_a_listing_left_out_is_seen_before_any_later_one(
    home: Home, tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Tape(home)
    reader.read()
    for name in ("1.csv", "2.csv", "3.csv"):
        drop(home, "MGC", name)
    tape.take(["MGC"])
    listings = [[1, 3], [1, 3, 4], [1, 2, 3, 4]]
    names = dict(enumerate(on_it(home), start=1))
    monkeypatch.setattr("os.listdir", lambda _folder: [names[number] for number in listings.pop(0)])
    assert [file.number for file in reader.read().files] == [2, 3, 4]
    assert listings == []


def test_a_number_that_is_gone_for_good_holds_up_nobody(home: Home, tape: Tape) -> None:
    reader = Tape(home)
    reader.read()
    for name in ("1.csv", "2.csv"):
        drop(home, "MGC", name)
    tape.take(["MGC"])
    tape.rebase(NOW, 20_000, {"MGC": 1}, tape.read().files[:1])
    content = reader.read()
    assert [file.number for file in content.files] == [3]
    assert content.base is not None
    assert content.base.number == 4


@given(st.lists(st.sampled_from(["take", "mark", "rebase", "read"]), max_size=30), st.data())
def test_however_it_changed_between_a_reader_sees_what_a_new_one_sees(does: list[str], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Home.at(Path(folder) / "home")
        tape, reader = Tape(home), Tape(home)
        tape.rebase(NOW, 0, {}, ())
        for number, what in enumerate(does):
            if what == "take":
                drop(home, "MGC", f"{number}.csv")
                tape.take(["MGC"])
            elif what == "mark":
                tape.mark(data.draw(st.sampled_from([MarkKind.HALT, MarkKind.THROUGH])), NOW, "a test")
            elif what == "rebase":
                files = tape.read().files
                tape.rebase(NOW, number, {"MGC": number}, files[: data.draw(st.integers(0, len(files)))])
            else:
                reader.read()
        content, seen = reader.read(), data.draw(st.integers(0, 40))
        assert content == tape.read() == Tape(home).read()
        items = [*content.files, *content.marks]
        after = [item.number for item in items if item.number > seen]
        assert [item.number for item in content.after(seen)] == sorted(after)
