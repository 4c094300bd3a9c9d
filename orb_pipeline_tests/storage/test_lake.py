"""A file of the lake is the old one or the new one, never a part; a URL may point anywhere fsspec reaches."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import signal
import time
from pathlib import Path
from uuid import uuid4

import fsspec
import pandas as pd
import pyarrow as pa
import pytest

from orb_pipeline.errors import ConfigurationError, MissingDataError, StorageError
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.tables import BARS_1M, LAKE_TABLES


def bars(count: int, *, close: float = 1800.0) -> pd.DataFrame:
    stamps = pd.date_range("2024-03-04 23:00", periods=count, freq="min", tz="UTC")
    prices = dict.fromkeys(("open", "high", "low", "close"), close)
    return pd.DataFrame({"ts_utc": stamps, "symbol": "MGC", "source_symbol": "MGCJ24", **prices, "volume": 1})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture(params=["local", "memory"])
def any_lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake") if request.param == "local" else f"memory://lake-{uuid4().hex}")


def test_what_was_written_is_read_back_with_the_tables_types(any_lake: Lake) -> None:
    any_lake.write("bars_1m", "MGC", bars(3))
    frame = any_lake.read("bars_1m", "MGC")
    assert frame.columns.tolist() == BARS_1M.names
    assert str(frame["ts_utc"].dtype) == "datetime64[us, UTC]"
    assert frame["source_symbol"].dtype == "category"
    assert len(frame) == 3


def test_a_location_that_cannot_be_opened_is_named_with_the_variable() -> None:
    with pytest.raises(
        ConfigurationError, match=r"'nowhere://lake' cannot be opened: Protocol not known.*ORB_LAKE_URL"
    ):
        Lake("nowhere://lake")


def test_who_reads_an_error_does_not_read_the_password(lake: Lake) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Lake("nosuch://anna:hunter2@host/lake?token=hunter2")
    assert "nosuch://host/lake" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert lake.place == lake.url


def test_days_come_back_as_datetime64(lake: Lake) -> None:
    features = pd.DataFrame({"symbol": ["MGC"], "trading_day": [dt.date(2024, 3, 5)], "orb_label": ["0900"]})
    for column in ("orb_minutes", "orb_start_ts", "orb_high", "orb_low", "orb_size"):
        features[column] = None
    for column in ("break_dir", "break_ts", "break_volume", "rel_volume"):
        features[column] = None
    lake.write("daily_features", "MGC", features)
    assert lake.read("daily_features", "MGC")["trading_day"].tolist() == [pd.Timestamp("2024-03-05")]


def test_only_the_wanted_columns_are_read(any_lake: Lake) -> None:
    any_lake.write("bars_1m", "MGC", bars(3))
    assert any_lake.read("bars_1m", "MGC", ["close"]).columns.tolist() == ["close"]


def test_a_second_write_replaces_the_first(any_lake: Lake) -> None:
    any_lake.write("bars_1m", "MGC", bars(3))
    any_lake.write("bars_1m", "MGC", bars(2))
    assert len(any_lake.read("bars_1m", "MGC")) == 2
    assert any_lake.scopes("bars_1m") == ["MGC"]


def test_the_content_hash_is_the_content_and_nothing_else(any_lake: Lake) -> None:
    first = any_lake.write("bars_1m", "MGC", bars(3))
    assert any_lake.snapshot("bars_1m", "MGC").content_hash == first
    assert any_lake.write("bars_1m", "MGC", bars(3)) == first
    assert any_lake.write("bars_1m", "MGC", bars(3, close=1800.1)) != first


def test_columns_the_table_does_not_have_are_left_out(lake: Lake) -> None:
    lake.write("bars_1m", "MGC", bars(1).assign(remark="x"))
    assert lake.read("bars_1m", "MGC").columns.tolist() == BARS_1M.names


def test_values_of_another_type_are_refused_and_the_old_file_stays(lake: Lake) -> None:
    lake.write("bars_1m", "MGC", bars(3))
    with pytest.raises(pa.ArrowInvalid):
        lake.write("bars_1m", "MGC", bars(2).assign(volume=0.5))
    assert len(lake.read("bars_1m", "MGC")) == 3


def test_a_missing_partition_names_table_instrument_and_the_command_that_makes_it(any_lake: Lake) -> None:
    with pytest.raises(MissingDataError, match=r"bars_1m of MGC .*`orb run --instrument MGC --to bars_1m`"):
        any_lake.read("bars_1m", "MGC")
    assert not any_lake.exists("bars_1m", "MGC")


def test_a_failed_rename_leaves_the_old_file_and_no_debris(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.write("bars_1m", "MGC", bars(3))

    def refuse(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StorageError, match="No space left"):
        lake.write("bars_1m", "MGC", bars(2))
    monkeypatch.undo()
    assert len(lake.read("bars_1m", "MGC")) == 3
    assert [path.name for path in Path(lake.path("bars_1m", "MGC")).parent.iterdir()] == ["data.parquet"]


def _write_and_stop_before_the_rename(url: str, reached: Path) -> None:
    def stop(source: Path, target: Path) -> Path:
        reached.touch()
        time.sleep(60)
        return target

    Path.replace = stop
    Lake(url).write("bars_1m", "MGC", bars(2))


def test_a_writer_killed_before_the_rename_leaves_the_old_file(lake: Lake, tmp_path: Path) -> None:
    lake.write("bars_1m", "MGC", bars(3))
    reached = tmp_path / "reached"
    process = multiprocessing.get_context("spawn").Process(
        target=_write_and_stop_before_the_rename, args=(lake.url, reached)
    )
    process.start()
    deadline = time.monotonic() + 60
    while not reached.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert reached.exists()
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join(30)
    assert len(lake.read("bars_1m", "MGC")) == 3
    assert lake.scopes("bars_1m") == ["MGC"]
    lake.write("bars_1m", "MGC", bars(1))
    assert len(lake.read("bars_1m", "MGC")) == 1


def test_what_killed_writers_left_goes_after_an_hour_and_what_others_write_stays(lake: Lake) -> None:
    lake.write("bars_1m", "MGC", bars(3))
    folder = Path(lake.path("bars_1m", "MGC")).parent
    old, young, foreign = (folder / name for name in (f".a.{'0' * 32}.tmp", f".b.{'1' * 32}.tmp", ".notes.tmp"))
    for path in (old, young, foreign):
        path.touch()
    for path in (old, foreign):
        os.utime(path, (0, 0))
    lake.write("bars_1m", "MGC", bars(2))
    assert {path.name for path in folder.iterdir()} == {"data.parquet", young.name, foreign.name}


def test_an_accounts_table_lies_under_its_account(any_lake: Lake) -> None:
    results = LAKE_TABLES["replay_results"].empty_table()
    any_lake.write("replay_results", "25k", results)
    assert any_lake.path("replay_results", "25k").endswith("/replay_results/account=25k/data.parquet")
    assert any_lake.scopes("replay_results") == ["25k"]
    assert any_lake.snapshot("replay_results", "25k").arrow() == results
    with pytest.raises(MissingDataError, match="`orb run --account 50k --to replay_results`"):
        any_lake.snapshot("replay_results", "50k")


def test_a_remote_lake_is_laid_out_like_a_local_one() -> None:
    name = f"lake-{uuid4().hex}"
    Lake(f"memory://{name}").write("bars_1m", "MGC", bars(1))
    assert fsspec.filesystem("memory").exists(f"/{name}/bars_1m/instrument=MGC/data.parquet")
