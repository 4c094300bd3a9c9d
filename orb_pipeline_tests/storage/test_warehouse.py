"""The warehouse is open for moments: transactions are whole or nothing, and other processes get through."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import resource
import signal
import time
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from orb_pipeline.errors import BusyError, StorageError
from orb_pipeline.storage.warehouse import Warehouse, utc_frame

NOTE = (
    "insert into waivers (asset, check_name, instrument, reason, until, created_at) "
    "values ('a', 'c', 'MGC', ?, '2024-12-31', ?)"
)
CREATED = dt.datetime(2024, 3, 5, 1, 2, 3, 456789, tzinfo=dt.UTC)


def note(warehouse: Warehouse, reason: str) -> None:
    with warehouse.transaction() as connection:
        connection.execute(NOTE, [reason, CREATED])


def reasons(warehouse: Warehouse) -> list[str]:
    return warehouse.frame("select reason from waivers order by waiver")["reason"].tolist()


def is_free(path: Path) -> bool:
    """Whether another process can open the file, which asks for the lock this process would hold."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_opens, (path,))


def _opens(path: Path) -> bool:
    try:
        duckdb.connect(str(path)).close()
    except duckdb.IOException:
        return False
    return True


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "home" / "warehouse.duckdb")


def test_it_is_made_with_all_its_tables_on_first_use(warehouse: Warehouse) -> None:
    names = set(warehouse.frame("select table_name from information_schema.tables")["table_name"])
    assert names >= {"landed_files", "rejected_bars", "validated_setups", "gate_verdicts", "waivers"}


def test_what_a_transaction_wrote_is_there_afterwards(warehouse: Warehouse) -> None:
    note(warehouse, "one")
    note(warehouse, "two")
    assert reasons(warehouse) == ["one", "two"]


def test_an_error_rolls_the_transaction_back_and_closes_the_file(warehouse: Warehouse) -> None:
    note(warehouse, "kept")
    with pytest.raises(ZeroDivisionError), warehouse.transaction() as connection:  # noqa: PT012
        connection.execute(NOTE, ["lost", CREATED])
        raise ZeroDivisionError
    assert is_free(warehouse.path)
    assert reasons(warehouse) == ["kept"]


def test_a_wrong_query_closes_the_file(warehouse: Warehouse) -> None:
    with pytest.raises(duckdb.CatalogException):
        warehouse.frame("select * from no_such_table")
    assert is_free(warehouse.path)


def test_the_file_is_free_between_transactions(warehouse: Warehouse) -> None:
    note(warehouse, "one")
    assert is_free(warehouse.path)


def test_while_it_is_held_others_wait_and_afterwards_it_is_free(warehouse: Warehouse) -> None:
    with warehouse.held():
        note(warehouse, "one")
        assert not is_free(warehouse.path)
        assert reasons(warehouse) == ["one"]
    assert is_free(warehouse.path)


@pytest.mark.parametrize("what_is_there", ["garbage", "a folder", "a file for a home"])
def test_a_file_that_cannot_be_used_is_an_error_that_names_it(warehouse: Warehouse, what_is_there: str) -> None:
    if what_is_there == "a file for a home":
        warehouse.path.parent.write_bytes(b"")
    elif what_is_there == "a folder":
        warehouse.path.mkdir(parents=True)
    else:
        warehouse.path.parent.mkdir()
        warehouse.path.write_bytes(b"garbage")
    with pytest.raises(StorageError, match=r"warehouse\.duckdb cannot be read or written .*name another home"):
        note(warehouse, "lost")


def _note_with_little_room(path: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with pytest.raises(StorageError, match="File too large"):
        note(Warehouse(path), "lost")


def test_no_part_of_a_file_is_left_where_it_could_not_be_made(warehouse: Warehouse) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_note_with_little_room, args=(warehouse.path,))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert not warehouse.path.exists()
    note(warehouse, "kept")
    assert reasons(warehouse) == ["kept"]


def _note_in(path: Path, reason: str) -> None:
    note(Warehouse(path), reason)


def test_processes_that_all_make_it_make_one(warehouse: Warehouse) -> None:
    context = multiprocessing.get_context("spawn")
    makers = [context.Process(target=_note_in, args=(warehouse.path, str(n))) for n in range(3)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(60)
    assert sorted(reasons(warehouse)) == ["0", "1", "2"]


def test_migrations_run_once(warehouse: Warehouse) -> None:
    note(warehouse, "kept")
    applied = warehouse.frame("select name from schema_migrations order by name")["name"].tolist()
    again = Warehouse(warehouse.path)
    assert reasons(again) == ["kept"]
    assert again.frame("select name from schema_migrations order by name")["name"].tolist() == applied
    assert len(applied) == len(set(applied)) >= 1


def _hold(path: Path, held: Path, seconds: float) -> None:
    with Warehouse(path).transaction():
        held.touch()
        time.sleep(seconds)


def _held_by_another_process(path: Path, tmp_path: Path, seconds: float) -> multiprocessing.process.BaseProcess:
    held = tmp_path / "held"
    process = multiprocessing.get_context("spawn").Process(target=_hold, args=(path, held, seconds))
    process.start()
    deadline = time.monotonic() + 60
    while not held.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert held.exists()
    return process


def test_a_second_process_waits_for_the_first_and_gets_through(warehouse: Warehouse, tmp_path: Path) -> None:
    holder = _held_by_another_process(warehouse.path, tmp_path, seconds=1.0)
    note(warehouse, "patient")
    assert reasons(warehouse) == ["patient"]
    holder.join(30)
    assert holder.exitcode == 0


def test_a_file_that_stays_held_is_an_error_that_names_it_and_the_way_out(warehouse: Warehouse, tmp_path: Path) -> None:
    holder = _held_by_another_process(warehouse.path, tmp_path, seconds=3.0)
    with pytest.raises(BusyError, match=r"warehouse\.duckdb was held by another process.*Close that process"):
        note(Warehouse(warehouse.path, timeout_seconds=0.1), "impatient")
    holder.join(30)


def _note_ten(path: Path, name: str) -> None:
    for number in range(10):
        note(Warehouse(path), f"{name}{number}")


def test_processes_that_alternate_starve_nobody(warehouse: Warehouse) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_note_ten, args=(warehouse.path, name)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert len(reasons(warehouse)) == 20


def test_times_come_back_in_utc_with_microseconds(warehouse: Warehouse) -> None:
    note(warehouse, "one")
    created = warehouse.frame("select created_at from waivers")["created_at"]
    assert str(created.dtype) == "datetime64[us, UTC]"
    assert created[0] == pd.Timestamp(CREATED)


def test_times_of_any_zone_and_unit_become_the_same() -> None:
    stamps = pd.Series(pd.to_datetime(["2024-03-05T01:02:03Z"])).dt.tz_convert("America/New_York").dt.as_unit("ns")
    frame = utc_frame(pd.DataFrame({"at": stamps, "text": ["x"]}))
    assert str(frame["at"].dtype) == "datetime64[us, UTC]"
    assert frame["text"].tolist() == ["x"]
