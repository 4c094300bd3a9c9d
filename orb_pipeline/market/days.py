"""One row for every trading day with bars: its front month, its prices and how complete it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from orb_pipeline.market.trading_day import Int64Array, dates_of, day_numbers, day_starts, minutes_of

MIN_DAYS_FOR_USUAL = 5  # with fewer earlier days there is no usual count


def build_trading_days(landed: pd.DataFrame, bars: pd.DataFrame, *, usual_days: int, simulated: bool) -> pd.DataFrame:
    """Columns of storage.tables.TRADING_DAYS, one row per trading day with at least one landed bar.

    On a day without front month `source_symbol` and the prices are NULL and `bar_count` and `volume` are 0.

    Args:
        landed: bars of all outright contracts, sorted by `ts_utc`.
        bars: the front month's bars, sorted by `ts_utc`.
        usual_days: `usual_bar_count` is the median bar count of up to this many earlier days that have a front
            month; NULL while there are fewer than MIN_DAYS_FOR_USUAL.
        simulated: whether the bars are simulated.
    """
    landed_days = day_numbers(minutes_of(landed["ts_utc"]))
    starts = day_starts(landed_days)
    days, landed_counts = landed_days[starts], np.diff(starts, append=len(landed))
    front_days, summary = _summarise(bars)
    table = summary.set_axis(front_days).reindex(days).reset_index(drop=True)
    table["trading_day"] = dates_of(days).astype("datetime64[s]")
    table["symbol"] = landed["symbol"].iloc[0] if len(landed) else None
    for column in ("bar_count", "volume"):
        table[column] = table[column].fillna(0).astype("int64")
    table["landed_bar_count"] = landed_counts
    table["usual_bar_count"] = _usual_counts(days, front_days, summary["bar_count"], usual_days)
    table["simulated"] = simulated
    return table[_COLUMNS]


_COLUMNS = [
    "symbol",
    "trading_day",
    "source_symbol",
    "bar_count",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "first_ts",
    "last_ts",
    "landed_bar_count",
    "usual_bar_count",
    "simulated",
]


def _summarise(bars: pd.DataFrame) -> tuple[Int64Array, pd.DataFrame]:
    """The days of `bars` and a row for each."""
    bar_days = day_numbers(minutes_of(bars["ts_utc"]))
    first = day_starts(bar_days)
    days, counts = bar_days[first], np.diff(first, append=len(bars))
    last = first + counts - 1

    def per_day(function: np.ufunc, column: str) -> npt.NDArray[np.generic]:
        values = bars[column].to_numpy()
        return np.asarray(function.reduceat(values, first)) if len(first) else values

    summary = pd.DataFrame(
        {
            "source_symbol": bars["source_symbol"].iloc[first].astype(object).to_numpy(),
            "bar_count": counts,
            "open": bars["open"].to_numpy()[first],
            "high": per_day(np.maximum, "high"),
            "low": per_day(np.minimum, "low"),
            "close": bars["close"].to_numpy()[last],
            "volume": per_day(np.add, "volume"),
            "first_ts": bars["ts_utc"].array[first],
            "last_ts": bars["ts_utc"].array[last],
        }
    )
    return days, summary


def _usual_counts(
    days: Int64Array, front_days: Int64Array, counts: pd.Series[int], usual_days: int
) -> npt.NDArray[np.float64]:
    """Median count of the latest `usual_days` front-month days before each of `days`."""
    up_to_and_with = counts.rolling(usual_days, min_periods=min(MIN_DAYS_FOR_USUAL, usual_days)).median().to_numpy()
    earlier = np.searchsorted(front_days, days) - 1
    usual = np.full(len(days), np.nan)
    usual[earlier >= 0] = up_to_and_with[earlier[earlier >= 0]]
    return usual
