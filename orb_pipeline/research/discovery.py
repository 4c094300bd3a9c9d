"""`experimental_strategies`: every strategy of the grid with its metrics and the verdict of validation."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from orb_pipeline.catalogue.models import Grid, Instrument, SessionSet, Validation
from orb_pipeline.market.ticks import to_prices
from orb_pipeline.market.trading_day import Int64Array
from orb_pipeline.research.eligibility import eligibility
from orb_pipeline.research.results import Results
from orb_pipeline.research.validation import classify, validate, without_evidence
from orb_pipeline.rules.entries import LIMIT_MODEL

DAYS_PER_YEAR = 365.25
EVIDENCE_COLUMNS = ("p_value", "fdr_q", "deflated_sharpe")  # of all strategies together, see evaluation


def strategy_id(
    instrument: str, orb_label: str, entry_model: str, rr_target: float, confirm_bars: int, filter_type: str
) -> str:
    """The name of a strategy (RULES.md section 7)."""
    return f"{instrument}_{orb_label}_{entry_model}_RR{rr_target:.1f}_CB{confirm_bars}_{filter_type}"


@dataclass(frozen=True)
class Discovery:
    """One instrument's outcomes, ready to be evaluated over any span of days, again and again.

    Attributes:
        broken: rows of `daily_features` that broke; eligible: [broken, filters]; results: of their outcomes.
        through: results of E3 filled by trade-through alone; None where they are left out.
        days: trading days of the data set, in order.
    """

    broken: pd.DataFrame
    eligible: npt.NDArray[np.bool_]
    results: Results
    through: Results | None
    days: pd.DatetimeIndex
    instrument: Instrument
    session_set: SessionSet
    grid: Grid
    validation: Validation

    @classmethod
    def of(
        cls,
        outcomes: pa.Table,
        features: pd.DataFrame,
        trading_days: pd.DataFrame,
        instrument: Instrument,
        session_set: SessionSet,
        grid: Grid,
        validation: Validation,
        through: npt.NDArray[Any] | None = None,
    ) -> Discovery:
        """Read the tables.

        Args:
            outcomes: `orb_outcomes`; features: the `daily_features` it was built from.
            trading_days: spans the data set, from which trades per year follow.
            through: Study.trades_through of the same bars; without them their columns are NULL.

        Raises:
            InputError: outcomes and features do not belong together.
        """
        broken = features[features["break_dir"].notna()].reset_index(drop=True)
        return cls(
            broken=broken,
            eligible=eligibility(broken, instrument, grid),
            results=Results.of_outcomes(outcomes, len(broken), instrument, grid, validation),
            through=None if through is None else Results.of_trades(through, len(broken), instrument, grid, validation),
            days=pd.DatetimeIndex(trading_days["trading_day"]).sort_values(),
            instrument=instrument,
            session_set=session_set,
            grid=grid,
            validation=validation,
        )

    def strategies(self, first: dt.date | None = None, last: dt.date | None = None) -> pd.DataFrame:
        """All strategies of sessions and grid over the trading days from `first` to `last`, which see no other day.

        Phases of validation that need evidence are left to `evaluation.evaluate`.

        Returns:
            The columns of `experimental_strategies`, in the order session, entry model, confirm count, target, filter.
            A mean of no trades is NULL, so is what needs evidence, and so are the figures of E3 alone with the other
            entry models.
        """
        rows = np.flatnonzero(_between(pd.DatetimeIndex(self.broken["trading_day"]), first, last))
        days = self.days[_between(self.days, first, last)]
        span_years = (days[-1] - days[0]).days / DAYS_PER_YEAR if len(days) else 0.0
        calendar_years = self.broken["trading_day"].dt.year.to_numpy()
        years = np.unique(calendar_years[rows])
        year_index = np.searchsorted(years, calendar_years)  # of rows outside the span meaningless, and not looked at
        labels = self.broken["orb_label"].astype(object).to_numpy()
        tables = []
        for label in self.session_set.labels:
            of_label = rows[labels[rows] == label]
            metrics, yearly = self.results.metrics_of(of_label, year_index, self.eligible, len(years))
            table = _table(metrics, yearly, years, span_years, label, self.instrument, self.grid)
            tables.append(table.assign(**self._through_columns(of_label, year_index, len(years))))
        strategies = pd.concat(tables, ignore_index=True).assign(**dict.fromkeys(EVIDENCE_COLUMNS, np.nan))
        return pd.concat([strategies, validate(strategies, without_evidence(self.validation))], axis=1)

    def _through_columns(self, rows: Int64Array, year_index: Int64Array, years: int) -> dict[str, Any]:
        """Trades and expectancy of one session's E3 strategies where the limit fills by trade-through alone."""
        grid = self.grid
        is_limit = np.array(grid.entry_models) == LIMIT_MODEL
        shape = (len(is_limit), len(grid.confirm_bars) * len(grid.rr_targets), len(grid.filters))
        count, mean = np.full((2, *shape), np.nan)
        if self.through is not None:
            metrics, _ = self.through.metrics_of(rows, year_index, self.eligible, years)
            count[is_limit], mean[is_limit] = metrics["sample_size"], metrics["expectancy_r"]
        return {"through_sample_size": pd.array(count.ravel(), "Int64"), "through_expectancy_r": mean.ravel()}

    def names(self) -> pd.DataFrame:
        """strategy_id, orb_label, entry_model, confirm_bars, rr_target and filter_type of every strategy."""
        tables = [_names(label, self.instrument, self.grid) for label in self.session_set.labels]
        return pd.concat(tables, ignore_index=True)


def _between(days: pd.DatetimeIndex, first: dt.date | None, last: dt.date | None) -> npt.NDArray[np.bool_]:
    inside = np.ones(len(days), dtype=np.bool_)
    if first is not None:
        inside &= np.asarray(days >= pd.Timestamp(first))
    if last is not None:
        inside &= np.asarray(days <= pd.Timestamp(last))
    return inside


def _table(
    metrics: npt.NDArray[Any],
    yearly: npt.NDArray[Any],
    years: npt.NDArray[np.int64],
    span_years: float,
    label: str,
    instrument: Instrument,
    grid: Grid,
) -> pd.DataFrame:
    flat = metrics.ravel()
    count = flat["sample_size"]
    names = _names(label, instrument, grid)
    with np.errstate(divide="ignore", invalid="ignore"):
        sharpe = np.where(flat["std_r"] > 0, flat["expectancy_r"] / flat["std_r"], np.nan)
        win_rate = np.where(count > 0, flat["wins"] / count, np.nan)
        trades_per_year = count / span_years if span_years > 0 else np.full(len(flat), np.nan)
    return pd.DataFrame(
        {
            "strategy_id": names["strategy_id"],
            "instrument": instrument.symbol,
            "orb_label": label,
            "orb_minutes": grid.orb_minutes,
            **{name: names[name] for name in ("rr_target", "confirm_bars", "entry_model", "filter_type")},
            "sample_size": count,
            "win_rate": win_rate,
            "avg_win_r": flat["avg_win_r"],
            "avg_loss_r": flat["avg_loss_r"],
            "expectancy_r": flat["expectancy_r"],
            "sharpe_ratio": sharpe,
            "sharpe_ann": sharpe * np.sqrt(trades_per_year),
            "max_drawdown_r": flat["max_drawdown_r"],
            "median_risk_points": to_prices(flat["median_risk_ticks"], instrument.tick),
            "avg_risk_points": to_prices(flat["avg_risk_ticks"], instrument.tick),
            "yearly_results": _yearly_json(yearly.reshape(len(flat), len(years)), years),
            "stressed_expectancy_r": flat["stressed_expectancy_r"],
            "classification": classify(count),
        }
    )


def _names(label: str, instrument: Instrument, grid: Grid) -> pd.DataFrame:
    """Every strategy of one session, in the order entry model, confirm count, target, filter."""
    combinations = list(product(grid.entry_models, grid.confirm_bars, grid.rr_targets, grid.filters))
    names = pd.DataFrame(combinations, columns=["entry_model", "confirm_bars", "rr_target", "filter_type"])
    ids = [
        strategy_id(instrument.symbol, label, model, target, confirm_bars, filter_name)
        for model, confirm_bars, target, filter_name in combinations
    ]
    return names.assign(strategy_id=ids, orb_label=label)


def _yearly_json(yearly: npt.NDArray[Any], years: npt.NDArray[np.int64]) -> list[str]:
    """Per strategy a JSON object {year: {trades, wins, total_r, avg_r, win_rate}} of the years with a trade."""
    names = [str(year) for year in years]
    return [
        json.dumps(
            {
                name: {
                    "trades": trades,
                    "wins": wins,
                    "total_r": total_r,
                    "avg_r": total_r / trades,
                    "win_rate": wins / trades,
                }
                for name, (trades, wins, total_r) in zip(names, row, strict=True)
                if trades
            }
        )
        for row in yearly.tolist()
    ]
