"""However a market's days are handed over, what a later day looks back on is what all of their bars say."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.execution.look_back import LookBack
from orb_pipeline.market.front_month import Choice, front_month_bars
from orb_pipeline.market.sessions import local_minutes_of_day
from orb_pipeline.market.trading_day import day_numbers, minutes_of
from orb_pipeline.rules.filters import VOLUME_LOOKBACK
from orb_pipeline.storage.tables import LANDED_BARS

ZONE = "America/Chicago"
CONTRACTS = ["MGC", "MGCG23", "MGCJ23", "MGCM23"]
FIRST_DAY = dt.datetime(2022, 10, 17, 14, tzinfo=dt.UTC)  # clocks are set back after three weeks

BARS = st.tuples(st.sampled_from([1, 2, 60, 120]), st.integers(0, 3))  # how many, volume of each
DAY = st.dictionaries(st.sampled_from(CONTRACTS), BARS, min_size=1, max_size=3)


def landed_bars(days: list[dict[str, tuple[int, int]]]) -> pd.DataFrame:
    """A bar a minute, from the afternoon on, of each contract of each day."""
    rows = [
        (FIRST_DAY + dt.timedelta(days=number, minutes=minute), contract, volume)
        for number, contracts in enumerate(days)
        for contract, (count, volume) in contracts.items()
        for minute in range(count)
    ]
    stamps, contracts, volumes = zip(*sorted(rows), strict=True)
    frame = pd.DataFrame({"ts_utc": pd.DatetimeIndex(stamps).as_unit("us"), "symbol": "MGC"})
    frame["source_symbol"], frame["volume"] = pd.Categorical(contracts), np.array(volumes, dtype=np.int64)
    for name in ("open", "high", "low", "close"):
        frame[name] = 1900.0
    return frame[LANDED_BARS.names]


def reference(landed: pd.DataFrame) -> tuple[str | None, dict[int, list[int]]]:
    """From all bars: the next front month, and of each local minute the last volumes."""
    bars = front_month_bars(landed)
    volumes: dict[int, list[int]] = defaultdict(list)
    local_minutes = local_minutes_of_day(ZONE, minutes_of(bars["ts_utc"])).tolist()
    for minute, volume in zip(local_minutes, bars["volume"].tolist(), strict=True):
        volumes[minute].append(volume)
    following = Choice.before_all(landed).after(landed).front_month
    return following, {minute: found[-VOLUME_LOOKBACK:] for minute, found in volumes.items()}


def seen(look_back: LookBack) -> tuple[str | None, dict[int, list[int]]]:
    volumes = {minute: list(look_back.volumes.at(minute)) for minute in range(1440)}
    return look_back.front_month, {minute: found for minute, found in volumes.items() if found}


@settings(max_examples=60, deadline=None)
@given(st.lists(DAY, min_size=1, max_size=30), st.data())
def test_every_day_looks_back_on_what_all_bars_say(days: list[dict[str, tuple[int, int]]], data: st.DataObject) -> None:
    landed = landed_bars(days)
    numbers = day_numbers(minutes_of(landed["ts_utc"]))
    look_back, first = LookBack.of(landed.iloc[:0], ZONE), 0
    while first < len(landed):
        last_day = data.draw(st.sampled_from(sorted(set(numbers[first:].tolist()))), label="up to day")
        end = int(np.searchsorted(numbers, last_day, side="right"))
        look_back = look_back.after(landed.iloc[first:end].reset_index(drop=True))
        assert seen(look_back) == reference(landed.iloc[:end].reset_index(drop=True))
        first = end


def test_what_it_holds_does_not_grow_with_the_days() -> None:
    days = [{"MGCG23": (120, 1), "MGCJ23": (120, 2)}] * 80
    landed = landed_bars(days)
    look_back = LookBack.of(landed, ZONE)
    assert len(look_back.choice.reference) == 240
    of_minutes = look_back.bars.groupby(local_minutes_of_day(ZONE, minutes_of(look_back.bars["ts_utc"]))).size()
    assert of_minutes.max() == VOLUME_LOOKBACK
    assert look_back.bars["ts_utc"].is_monotonic_increasing
