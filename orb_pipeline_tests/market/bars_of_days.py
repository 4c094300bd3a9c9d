"""Landed bars made by hand: days on which contracts trade so many bars of so much volume."""

from __future__ import annotations

import datetime as dt

import pandas as pd

FIRST_DAY = dt.date(2023, 3, 6)
Day = dict[str, tuple[int, int]]  # contract -> number of bars, volume of all of them


def day(index: int) -> dt.date:
    """The trading day `index` days after the first."""
    return FIRST_DAY + dt.timedelta(days=index)


def landed_bars_of(*days: Day, symbol: str = "MGC") -> pd.DataFrame:
    """Bars from each day's first minute on, one row per contract and minute; the volume is all in the first bar."""
    rows = []
    for index, contracts in enumerate(days):
        opens = pd.Timestamp(day(index), tz="UTC") - pd.Timedelta(hours=1)
        for contract, (bars, volume) in contracts.items():
            for minute in range(bars):
                stamp = opens + pd.Timedelta(minutes=minute)
                price = 1900.0 + index + minute / 10
                prices = (price, price + 1, price - 1, price + 0.5)
                rows.append((stamp, symbol, contract, *prices, volume if minute == 0 else 0))
    columns = ["ts_utc", "symbol", "source_symbol", "open", "high", "low", "close", "volume"]
    return pd.DataFrame(rows, columns=columns).sort_values(["ts_utc", "source_symbol"], ignore_index=True)
