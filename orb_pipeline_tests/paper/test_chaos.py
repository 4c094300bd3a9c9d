"""A feed that does everything wrong: every row is accounted for, and what counts is traded as the rules say."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from orb_pipeline.orchestration.workshop import utc_now
from orb_pipeline.settings import Home
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.paper.chaos import chaotic_files
from orb_pipeline_tests.paper.feeding import Feed
from orb_pipeline_tests.paper.homes import BUSY, Desk, dates
from orb_pipeline_tests.paper.journals import assert_equals_replay, landed, trader
from orb_pipeline_tests.paper.sizes import SIZES
from orb_pipeline_tests.paper.tape_reading import Reading, reading_of

DAYS = 2


@pytest.mark.parametrize("seed", range(SIZES.seeds))
def test_every_row_is_accounted_for_and_what_counts_is_traded(desk: Desk, tmp_path: Path, seed: int) -> None:
    home, chance = desk.copy(tmp_path / "home"), random.Random(seed)
    bars = desk.days(DAYS, first=seed % 10)
    feed = Feed(home, desk.symbol, bars)
    files = chaotic_files(feed.lines, chance)
    clock = _Clock(chance)
    alone = trader(home, BUSY, clock)
    delivered = []
    for content in files:
        delivered.append((feed.put(content), content))
        if chance.random() < 0.15:
            alone.step()
        if chance.random() < 0.02:
            alone = trader(home, BUSY, clock)
    alone.step()

    expected = reading_of((path.name, content) for path, content in delivered)
    assert _rejected(home) == sorted(expected.rejected)
    assert _told(home) == Counter(reason for *_, reason in expected.rejected)
    days = dates(bars)[:DAYS]
    _assert_landed(landed(home, desk.symbol), expected, days)
    assert_equals_replay(home, BUSY, [desk.symbol], days)
    assert Warehouse(home.warehouse).frame("select * from reconciliation where not explained").empty


class _Clock:
    """Now, and at times hours before."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def __call__(self) -> dt.datetime:
        back = self._chance.uniform(0.0, 72.0) if self._chance.random() < 0.2 else 0.0
        return utc_now() - dt.timedelta(hours=back)


def _rejected(home: Home) -> list[tuple[str, int, str]]:
    rows = Warehouse(home.warehouse).frame("select source_file, row_number, reason from rejected_bars order by all")
    return list(rows.itertuples(index=False, name=None))


def _told(home: Home) -> Counter[str]:
    """Rows that alerts tell of, by reason; there are no other alerts."""
    query = "select alert, split_part(condition, ':', 4) as reason, sum(value)::int as told from monitor_alerts"
    alerts = Warehouse(home.warehouse).frame(query + " group by all")
    assert set(alerts["alert"]) == {"bars_rejected"}
    return Counter(dict(zip(alerts["reason"], alerts["told"], strict=True)))


def _assert_landed(found: pd.DataFrame, expected: Reading, days: list[dt.date]) -> None:
    last = dt.datetime.combine(days[-1], dt.time(23), dt.UTC)
    used = {at: row.values for at, row in expected.used.items() if at < last}
    found = found[found["ts_utc"] >= min(used)]
    columns = ("open", "high", "low", "close", "volume")
    values = zip(*(found[name].tolist() for name in columns), strict=True)
    stamps = [stamp.to_pydatetime() for stamp in found["ts_utc"]]
    assert dict(zip(stamps, values, strict=True)) == {at: tuple(map(float, values)) for at, values in used.items()}
