"""Files of the tape, read: what of them may count at all."""

from __future__ import annotations

import datetime as dt
import errno
import os
from pathlib import Path

import pytest

from orb_pipeline.errors import BusyError, StorageError
from orb_pipeline.intake import stream
from orb_pipeline.intake.stream import AHEAD_SECONDS, read_delivery
from orb_pipeline.intake.tape import BarFile
from orb_pipeline_tests.series import CATALOGUE

MGC = CATALOGUE.instrument("MGC")
AT = dt.datetime(2026, 3, 2, 15, 0, tzinfo=dt.UTC)


@pytest.fixture
def file(tmp_path: Path) -> BarFile:
    return BarFile(2, "MGC", "1.csv", tmp_path / "00000002-MGC-1.csv")


def write(file: BarFile, *times: dt.datetime, at: dt.datetime = AT) -> None:
    """A file that was written at `at`, with a bar that opens at each of these times."""
    rows = [f"{time:%Y-%m-%dT%H:%M:00Z},MGCJ26,5300,5301,5299,5300,7" for time in times]
    file.path.write_text("\n".join(["ts_utc,contract,open,high,low,close,volume", *rows, ""]), encoding="utf-8")
    os.utime(file.path, (at.timestamp(), at.timestamp()))


def test_a_bar_of_a_minute_that_has_not_been_is_rejected_and_the_others_count(file: BarFile) -> None:
    ends_at_the_limit = AT + dt.timedelta(seconds=AHEAD_SECONDS - 60)
    write(file, AT, ends_at_the_limit, ends_at_the_limit + dt.timedelta(minutes=1), AT + dt.timedelta(days=10))
    delivery = read_delivery(file, MGC)
    assert [bar.minute * 60 for _, _, bar in delivery.bars] == [AT.timestamp(), ends_at_the_limit.timestamp()]
    assert [(rejection.row_number, rejection.reason) for rejection in delivery.rejections] == [
        (4, "not_yet"),
        (5, "not_yet"),
    ]
    assert "2026-03-12T15:00:00" in delivery.rejections[1].raw


def test_what_was_so_when_it_was_written_stays_so_whenever_it_is_read(file: BarFile) -> None:
    write(file, AT, AT + dt.timedelta(days=1))
    first = read_delivery(file, MGC)
    moved = BarFile(file.number, file.symbol, file.name, file.path.rename(file.path.with_name("moved.csv")))
    assert read_delivery(moved, MGC).bars == first.bars


def test_a_file_that_has_left_the_tape_is_somebody_elses_work(file: BarFile) -> None:
    with pytest.raises(BusyError, match="Run again"):
        read_delivery(file, MGC)


def test_a_file_that_may_not_be_read_is_named_and_nothing_is_rejected_for_it(
    file: BarFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:  # root, who runs these tests, may read every file
        raise PermissionError(errno.EACCES, "Permission denied")

    write(file, AT)
    monkeypatch.setattr(stream, "open_bar_file", refused)
    with pytest.raises(StorageError, match=r"00000002-MGC-1\.csv cannot be read \(Permission denied\)"):
        read_delivery(file, MGC)
