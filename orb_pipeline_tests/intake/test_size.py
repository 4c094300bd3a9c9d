"""Ten years of minutes: 3.6 million rows."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

MAX_MEGABYTES = 1000
ROWS = 3_600_000
INGEST = """
import sys
from pathlib import Path
from orb_pipeline.settings import Home
from orb_pipeline_tests.intake.house import House
house = House(Home.at(sys.argv[1]))
for path in sys.argv[2:]:
    report = house.ingest(Path(path))
    print(report.landed, report.already_landed)
status = Path("/proc/self/status").read_text()  # getrusage would count the memory of the process that started this one
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


def ten_years(rows: int = ROWS) -> pa.Table:
    """Minutes without a gap, a new contract every quarter."""
    rng = np.random.default_rng(10)
    minutes = np.datetime64("2014-01-01", "m").astype(np.int64) + np.arange(rows)
    close = 18_000 + rng.integers(-50, 50, rows)
    wick = rng.integers(0, 5, rows)
    quarter = (np.arange(rows) // 130_000).astype(np.int32)
    names = [f"MGC{'HMUZ'[number % 4]}{14 + number // 4}" for number in range(int(quarter[-1]) + 1)]
    return pa.table(
        {
            "ts_utc": pa.array(minutes * 60_000_000).cast(pa.timestamp("us", tz="UTC")),
            "source_symbol": pa.DictionaryArray.from_arrays(quarter, names).cast(pa.string()),
            "open": close / 10,
            "high": (close + wick) / 10,
            "low": (close - wick) / 10,
            "close": close / 10,
            "volume": rng.integers(1, 500, rows),
        }
    )


pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("ten_years")
    table = ten_years()
    pq.write_table(table, folder / "bars.parquet")
    pacsv.write_csv(table, folder / "bars.csv")
    return folder / "bars.parquet", folder / "bars.csv"


def test_ten_years_land_and_are_compared_with_what_has_landed_in_less_than_a_gigabyte(
    tmp_path: Path, files: tuple[Path, Path]
) -> None:
    command = [sys.executable, "-c", INGEST, str(tmp_path / "home"), *map(str, files)]
    first, second, megabytes = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert (first, second) == (f"{ROWS} 0", f"0 {ROWS}")
    assert 200 < int(megabytes) < MAX_MEGABYTES
