"""Databento files, written here with databento's own encoder."""

import builtins
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import databento_dbn
import pytest
import zstandard

from orb_pipeline.errors import InputError
from orb_pipeline_tests.market.files_of_bars import contracts, read, reasons, stamps

UNDEFINED = 2**63 - 1


@dataclass
class Interval:
    start_date: dt.date
    end_date: dt.date
    symbol: str


@dataclass
class Mapping:
    raw_symbol: str
    intervals: list[Interval]


def nanoseconds(stamp: str) -> int:
    return int(dt.datetime.fromisoformat(stamp).replace(tzinfo=dt.UTC).timestamp()) * 10**9


def bar(
    number: int, stamp: str, prices: Iterable[float] = (1313.1, 1313.3, 1312.9, 1313.2), volume: int = 5
) -> databento_dbn.OHLCVMsg:
    fixed = [UNDEFINED if price == UNDEFINED else round(price * 10) * 10**8 for price in prices]
    return databento_dbn.OHLCVMsg(33, 1, number, nanoseconds(stamp), *fixed, volume)


def dbn_bytes(
    *bars: databento_dbn.OHLCVMsg, schema: databento_dbn.Schema = databento_dbn.Schema.OHLCV_1M, days: int = 365
) -> bytes:
    """A file in which numbers 1, 2, 3 are GCZ3, GCG4 and their spread, and 1 is GCZ4 from November on."""
    first, november = dt.date(2013, 10, 7), dt.date(2013, 11, 1)
    end = first + dt.timedelta(days=days)
    mappings = [
        Mapping("GCZ3", [Interval(first, november, "1")]),
        Mapping("GCZ4", [Interval(november, end, "1")]),
        Mapping("GCG4", [Interval(first, end, "2")]),
        Mapping("GCZ3-GCG4", [Interval(first, end, "3")]),
    ]
    metadata = databento_dbn.Metadata(
        "GLBX.MDP3",
        nanoseconds("2013-10-07"),
        databento_dbn.SType.RAW_SYMBOL,
        databento_dbn.SType.INSTRUMENT_ID,
        schema,
        [mapping.raw_symbol for mapping in mappings],
        [],
        [],
        mappings,
        end=nanoseconds(end.isoformat()),
    )
    return bytes(metadata) + b"".join(bytes(message) for message in bars)


BARS = (
    bar(1, "2013-10-07T12:00"),
    bar(2, "2013-10-07T12:00"),
    bar(3, "2013-10-07T12:00", (-0.1, 0.1, -0.2, 0.1)),
    bar(1, "2013-11-04T12:01"),
)


@pytest.mark.parametrize("ending", [".dbn", ".dbn.zst"])
def test_one_minute_bars_of_outright_contracts_are_read_and_spreads_ignored(tmp_path: Path, ending: str) -> None:
    content = dbn_bytes(*BARS)
    path = tmp_path / f"bars{ending}"
    path.write_bytes(zstandard.compress(content) if ending.endswith("zst") else content)
    checked = read(path, "GC")
    assert contracts(checked) == ["GCZ13", "GCG14", "GCZ14"]
    assert stamps(checked) == ["2013-10-07T12:00", "2013-10-07T12:00", "2013-11-04T12:01"]
    assert (checked.read_rows, checked.ignored_rows, len(checked.refused)) == (4, 1, 0)
    bars = checked.bars
    assert [bars.open[0], bars.high[0], bars.low[0], bars.close[0], bars.volume[0]] == [
        1313.1,
        1313.3,
        1312.9,
        1313.2,
        5,
    ]
    assert bars.row_numbers.tolist() == [1, 2, 4]


def test_an_undefined_price_and_an_instrument_without_mapping_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bars.dbn"
    path.write_bytes(dbn_bytes(bar(1, "2013-10-07T12:00", (1313, UNDEFINED, 1313, 1313)), bar(9, "2013-10-07T12:00")))
    assert reasons(read(path, "GC")) == {1: "not_a_number", 2: "unknown_contract"}


def test_another_schema_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "bars.dbn"
    path.write_bytes(dbn_bytes(schema=databento_dbn.Schema.OHLCV_1H))
    with pytest.raises(InputError, match="holds schema ohlcv-1h; expected ohlcv-1m"):
        read(path, "GC")


@pytest.mark.parametrize(("ending", "cut"), [(".dbn", 20), (".dbn.zst", 1), (".dbn.zst", 100)])
def test_a_truncated_file_is_refused(tmp_path: Path, ending: str, cut: int) -> None:
    content = dbn_bytes(*[bar(1, f"2013-10-07T12:{minute:02d}") for minute in range(60)])
    content = zstandard.compress(content) if ending.endswith("zst") else content
    path = tmp_path / f"bars{ending}"
    path.write_bytes(content[:-cut])
    with pytest.raises(InputError, match="cannot be read as DBN"):
        read(path, "GC")


def test_what_is_not_dbn_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bars.dbn"
    path.write_bytes(b"these are no bars at all")
    with pytest.raises(InputError, match="cannot be read as DBN"):
        read(path, "GC")


def test_without_the_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bars.dbn"
    path.write_bytes(dbn_bytes(*BARS))
    real_import = builtins.__import__

    def without_databento(name: str, *args: object, **kwargs: object) -> object:
        if name == "databento":
            raise ImportError(name)
        return real_import(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without_databento)
    with pytest.raises(InputError, match=r"needs package databento.*orb_pipeline\[databento\]"):
        read(path, "GC")
