"""The check of stored features and outcomes against the slow reading of the rules, on sampled days."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from orb_pipeline.catalogue.models import Grid, Instrument
from orb_pipeline.market.ticks import to_prices
from orb_pipeline.market.trading_day import date_of, stamps_of
from orb_pipeline.research.findings import Comparison, Findings, sampled
from orb_pipeline.research.reference import ReferenceSession, reference_session
from orb_pipeline.research.series import BarSeries
from orb_pipeline.research.study import Study
from orb_pipeline.rules.trades import Trade

_MINUTES = ("entry_ts", "exit_ts")
_PRICES = ("entry_price", "stop_price", "target_price", "exit_price")


def compare_with_reference(study: Study, features: pd.DataFrame, outcomes: pa.Table, days: int) -> Findings:
    """Every range, break, relative volume and trade of `days` sampled days, as stored against as the rules say."""
    series, windows, instrument, grid = study.series, study.windows, study.instrument, study.grid
    numbers = np.flatnonzero(features["break_dir"].notna())  # the n-th of these rows has the n-th block of outcomes
    comparison = Comparison()
    for day in sampled(windows.days, days):
        stored = _rows_of(features, date_of(int(day)))
        for session in np.flatnonzero(windows.days == day):
            label = windows.label_names[windows.labels[session]]
            start, deadline = int(windows.starts[session]), int(windows.deadlines[session])
            expected = reference_session(series, int(day), start, deadline, instrument, grid)
            number, row = stored.get(label, (-1, {}))
            _compare_features(comparison, int(day), label, expected, row, series, instrument)
            trades = _block_of(outcomes, int(np.searchsorted(numbers, number)), grid) if row.get("break_dir") else []
            _compare_trades(comparison, int(day), label, expected.trades, trades, instrument)
    return comparison.findings()


def _rows_of(features: pd.DataFrame, day: dt.date) -> dict[str, tuple[int, dict[str, Any]]]:
    """Session label -> number and values of the day's rows."""
    of_day = features[features["trading_day"] == pd.Timestamp(day)]
    records = of_day.astype(object).where(of_day.notna(), None).to_dict("records")
    rows = [{str(name): value for name, value in record.items()} for record in records]
    return {row["orb_label"]: (number, row) for number, row in zip(of_day.index, rows, strict=True)}


def _block_of(outcomes: pa.Table, broken: int, grid: Grid) -> list[dict[str, Any]]:
    """The outcomes of the session that is the `broken`-th to have broken."""
    block: list[dict[str, Any]] = outcomes.slice(broken * grid.combinations, grid.combinations).to_pylist()
    return block


def _compare_features(
    comparison: Comparison,
    day: int,
    label: str,
    expected: ReferenceSession,
    row: dict[str, Any],
    series: BarSeries,
    instrument: Instrument,
) -> None:
    found, broken = expected.opening_range, expected.broken
    high_low = to_prices([found.high, found.low], instrument.tick).tolist() if found else [None, None]
    comparison.check(day, label, "orb_high", high_low[0], row.get("orb_high"))
    comparison.check(day, label, "orb_low", high_low[1], row.get("orb_low"))
    comparison.check(day, label, "break_dir", broken.direction if broken else None, row.get("break_dir"))
    comparison.check(day, label, "rel_volume", expected.relative_volume, row.get("rel_volume"))
    if broken:
        minute = series.minutes[series.days.searchsorted(day) + broken.index]
        comparison.check(day, label, "break_ts", stamps_of(np.array([minute]))[0], row.get("break_ts"))


def _compare_trades(
    comparison: Comparison,
    day: int,
    label: str,
    expected: list[Trade | None],
    rows: list[dict[str, Any]],
    instrument: Instrument,
) -> None:
    comparison.check(day, label, "number of outcomes", len(expected), len(rows))
    for trade, row in zip(expected, rows, strict=False):
        for name, value in _stored_form(trade, instrument).items():
            what = f"{row['entry_model']} CB{row['confirm_bars']} RR{row['rr_target']} {name}"
            comparison.check(day, label, what, value, row[name])


def _stored_form(trade: Trade | None, instrument: Instrument) -> dict[str, Any]:
    """A trade as `orb_outcomes` stores it."""
    names = [*_MINUTES, *_PRICES, "outcome", "pnl_r", "mae_r", "mfe_r"]
    if trade is None:
        return dict.fromkeys(names)
    prices = to_prices([trade.entry, trade.stop, trade.target, trade.exit], instrument.tick).tolist()
    minutes = stamps_of(np.array([trade.entry_minute, trade.exit_minute]))
    results = (trade.outcome, trade.pnl_r, trade.mae_r, trade.mfe_r)
    return dict(zip(names, [*minutes, *prices, *results], strict=True))
