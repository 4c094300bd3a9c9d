"""`orb_outcomes`: the trade of every combination of the grid for every broken session."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from orb_pipeline.errors import InputError
from orb_pipeline.market.ticks import to_prices
from orb_pipeline.market.trading_day import stamps_of
from orb_pipeline.research.encoding import NO_TRADE, OUTCOMES
from orb_pipeline.research.study import Study


def build_outcomes(study: Study, features: pd.DataFrame) -> pa.Table:
    """All outcomes, in order of session start, then entry model, confirm count and target as the grid lists them.

    Args:
        features: `daily_features` of the very bars under study.

    Raises:
        InputError: features and bars disagree on the breaks, so one of them is stale.
    """
    expected = features["break_ts"].dropna().reset_index(drop=True)
    breaks = pd.Series(stamps_of(study.series.minutes[study.breaks.breaks[study.breaks.broken]]))
    if not breaks.equals(expected.astype(breaks.dtype)):
        symbol = study.instrument.symbol
        message = (
            f"daily_features of {symbol} hold {len(expected)} breaks that are not the {len(breaks)} of bars_1m. "
            f"One of them is stale: run `orb run --instrument {symbol}`."
        )
        raise InputError(message)
    return outcomes_table(study, study.trades())


def outcomes_table(study: Study, trades: npt.NDArray[Any]) -> pa.Table:
    """`trades` (see grid.run_grid) as the columns of `orb_outcomes`."""
    series, instrument, grid = study.series, study.instrument, study.grid
    windows, broken = study.windows, study.breaks.broken
    sessions, models, confirms, targets = trades.shape
    combinations = models * confirms * targets
    flat = trades.reshape(sessions * combinations)
    missing = flat["outcome"] == NO_TRADE

    def tiled(values: npt.NDArray[Any], repeats: int) -> npt.NDArray[Any]:
        """`values` along one axis of the grid, each repeated for the axes inside it, all again for those outside."""
        return np.resize(np.repeat(values, repeats), len(flat))

    def price(field: str) -> pa.Array:
        return pa.array(to_prices(flat[field], instrument.tick), mask=missing)

    def stamp(field: str) -> pa.Array:
        minutes = series.minutes[flat[field]] if len(flat) else flat[field]
        return pa.array(minutes * 60_000_000, type=pa.int64(), mask=missing).cast(pa.timestamp("us", tz="UTC"))

    def codes(indices: npt.NDArray[Any], names: tuple[str, ...], mask: npt.NDArray[np.bool_] | None = None) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(indices.astype(np.int32), mask=mask), list(names))

    columns = {
        "trading_day": pa.array(np.repeat(windows.days[broken], combinations).astype(np.int32)).cast(pa.date32()),
        "symbol": codes(np.zeros(len(flat)), (instrument.symbol,)),
        "orb_label": codes(np.repeat(windows.labels[broken], combinations), windows.label_names),
        "orb_minutes": pa.array(np.full(len(flat), grid.orb_minutes)),
        "rr_target": pa.array(tiled(np.array(grid.rr_targets), 1)),
        "confirm_bars": pa.array(tiled(np.array(grid.confirm_bars), targets)),
        "entry_model": codes(tiled(np.arange(models), targets * confirms), grid.entry_models),
        "entry_ts": stamp("entry_bar"),
        "entry_price": price("entry"),
        "stop_price": price("stop"),
        "target_price": price("target"),
        "outcome": codes(flat["outcome"] - 1, OUTCOMES, missing),
        "exit_ts": stamp("exit_bar"),
        "exit_price": price("exit"),
        **{name: pa.array(flat[name], mask=missing) for name in ("pnl_r", "mae_r", "mfe_r")},
    }
    return pa.table(columns)
