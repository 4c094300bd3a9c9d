"""Seconds for the metrics of all 7,020 strategies over ten years, as a ratio to plain Python run beside it."""

from __future__ import annotations

import statistics
import time

import numpy as np
import pandas as pd
from measure import best_seconds, gold_spot_bars, say, ten_years

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.research.discovery import Discovery
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.outcomes import build_outcomes
from orb_pipeline.research.study import Study

REFERENCE_STRATEGIES = 60


def plain_metrics(results: list[float]) -> tuple[float, ...]:
    """What a first version would write: the figures of one strategy from its results in R."""
    wins = [result for result in results if result > 0]
    losses = [-result for result in results if result <= 0]
    peak = cumulative = drawdown = 0.0
    for result in results:
        cumulative += result
        peak = max(peak, cumulative)
        drawdown = max(drawdown, peak - cumulative)
    spread = statistics.stdev(results) if len(results) > 1 else 0.0
    mean = sum(results) / len(results) if results else 0.0
    return (len(wins), sum(wins) / max(len(wins), 1), sum(losses) / max(len(losses), 1), mean, spread, drawdown)


def main() -> None:
    catalogue = load_catalogue()
    instrument, sessions, grid = catalogue.instrument("XAUUSD"), catalogue.sessions_of("XAUUSD"), catalogue.grid
    bars = ten_years(gold_spot_bars())
    study = Study.of(bars, instrument, sessions, grid)
    features = build_daily_features(study)
    outcomes = build_outcomes(study, features)
    days = pd.DataFrame({"trading_day": features["trading_day"].unique()})
    validation = catalogue.research.validation
    seconds = best_seconds(
        lambda: Discovery.of(outcomes, features, days, instrument, sessions, grid, validation).strategies()
    )
    strategies = Discovery.of(outcomes, features, days, instrument, sessions, grid, validation).strategies()

    label = outcomes["orb_label"].to_numpy(zero_copy_only=False) == "0900"
    results = outcomes["pnl_r"].to_numpy(zero_copy_only=False)[label].reshape(-1, 90)
    started = time.perf_counter()
    for combination in range(REFERENCE_STRATEGIES):
        column = results[:, combination]
        plain_metrics(column[~np.isnan(column)].tolist())
    plain_seconds = (time.perf_counter() - started) / REFERENCE_STRATEGIES * len(strategies)

    say(f"metrics and validation of {len(strategies):,} strategies over ten years: {seconds:.2f} s")
    say(f"plain Python, metrics alone, scaled from {REFERENCE_STRATEGIES} unfiltered strategies: {plain_seconds:.1f} s")
    say(f"ratio: {plain_seconds / seconds:,.0f}x")


if __name__ == "__main__":
    main()
