"""What the grid made of every break, as matrices: what the metrics of any span of days are computed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from orb_pipeline.catalogue.models import Grid, Instrument, Validation
from orb_pipeline.errors import InputError
from orb_pipeline.market.ticks import to_ticks
from orb_pipeline.market.trading_day import Int64Array
from orb_pipeline.research.encoding import NO_TRADE
from orb_pipeline.rules.costs import pnl_r

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Results:
    """Outcomes as matrices [breaks, combinations]; NaN where no trade filled."""

    pnl_r: FloatArray
    stressed_r: FloatArray
    risk_ticks: Int64Array
    targets: int

    @classmethod
    def of_outcomes(
        cls, outcomes: pa.Table, breaks: int, instrument: Instrument, grid: Grid, validation: Validation
    ) -> Results:
        """The results of `orb_outcomes`.

        Raises:
            InputError: they are not those of this number of breaks.
        """
        combinations = grid.combinations
        _require_all("orb_outcomes", len(outcomes), breaks, combinations, instrument)

        def matrix(column: str) -> FloatArray:
            values = outcomes[column].to_numpy(zero_copy_only=False)
            return np.asarray(values, dtype=np.float64).reshape(breaks, combinations)

        results = matrix("pnl_r")
        filled = ~np.isnan(results)

        def ticks(column: str) -> Int64Array:
            return to_ticks(np.where(filled, matrix(column), 0.0), instrument.tick)[0]

        prices = (ticks("entry_price"), ticks("stop_price"), ticks("exit_price"))
        return cls._of_ticks(results, *prices, instrument, grid, validation)

    @classmethod
    def of_trades(
        cls, trades: npt.NDArray[Any], breaks: int, instrument: Instrument, grid: Grid, validation: Validation
    ) -> Results:
        """The results of trades as grid.run_grid returns them, of any number of entry models.

        Raises:
            InputError: they are not those of this number of breaks.
        """
        combinations = int(np.prod(trades.shape[1:]))
        _require_all("bars_1m", trades.size, breaks, combinations, instrument)
        flat = trades.reshape(breaks, combinations)
        results = np.where(flat["outcome"] == NO_TRADE, np.nan, flat["pnl_r"])
        return cls._of_ticks(results, flat["entry"], flat["stop"], flat["exit"], instrument, grid, validation)

    @classmethod
    def _of_ticks(
        cls,
        results: FloatArray,
        entry: Int64Array,
        stop: Int64Array,
        exit_: Int64Array,
        instrument: Instrument,
        grid: Grid,
        validation: Validation,
    ) -> Results:
        risk = np.abs(entry - stop)
        gain = (exit_ - entry) * np.sign(entry - stop)
        with np.errstate(invalid="ignore"):
            stressed = pnl_r(gain, risk, instrument.tick_value, instrument.friction * validation.stress_cost_factor)
        return cls(results, np.where(np.isnan(results), np.nan, stressed), risk, len(grid.rr_targets))

    def metrics_of(
        self, rows: Int64Array, year_index: Int64Array, eligible: npt.NDArray[np.bool_], years: int
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Metrics [combinations, filters] and yearly results [combinations, filters, years] of some breaks."""
        from orb_pipeline.research import metrics as compiled  # numba loads only where it runs

        shape = (self.pnl_r.shape[1], eligible.shape[1])
        metrics = np.zeros(shape, dtype=compiled.METRICS)
        yearly = np.zeros((*shape, years), dtype=compiled.YEARLY)
        compiled.strategy_metrics(
            self.pnl_r[rows],
            self.stressed_r[rows],
            self.risk_ticks[rows],
            year_index[rows],
            eligible[rows],
            self.targets,
            metrics,
            yearly,
        )
        return metrics, yearly


def _require_all(source: str, outcomes: int, breaks: int, combinations: int, instrument: Instrument) -> None:
    if outcomes != breaks * combinations:
        message = (
            f"{source} of {instrument.symbol} give {outcomes} outcomes, expected {combinations} for each of the "
            f"{breaks} breaks in daily_features. One of them is stale: run `orb run --instrument {instrument.symbol}`."
        )
        raise InputError(message)
