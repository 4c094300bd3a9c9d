"""The checks of computed tables: they are silent on the real thing and find what was planted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from orb_pipeline.research import lookahead
from orb_pipeline.research.features import features_frame
from orb_pipeline.research.findings import Findings, sampled
from orb_pipeline.research.grid import SessionBreaks, find_session_breaks, run_grid
from orb_pipeline.research.lookahead import find_lookahead
from orb_pipeline.research.outcomes import outcomes_table
from orb_pipeline.research.referee import compare_with_reference
from orb_pipeline.research.series import BarSeries, Windows
from orb_pipeline_tests.research.slice import gold_slice

Check = Callable[..., Findings]


def run(check: Check, features: pd.DataFrame, outcomes: pa.Table, days: int = 4) -> Findings:
    part = gold_slice()
    return check(part.bars, features, outcomes, part.instrument, part.session_set, part.grid, days)


@pytest.mark.parametrize("check", [find_lookahead, compare_with_reference])
def test_a_check_is_silent_on_what_the_product_computes(check: Check) -> None:
    part = gold_slice()
    findings = run(check, part.features, part.outcomes)
    assert findings.compared > 10_000
    assert findings.differences.empty


@pytest.mark.parametrize("column", ["orb_high", "orb_low", "rel_volume"])
def test_the_reference_finds_a_changed_feature(column: str) -> None:
    part = gold_slice()
    findings = run(compare_with_reference, part.features.assign(**{column: part.features[column] + 0.5}), part.outcomes)
    assert set(findings.differences["what"]) == {column}


@pytest.mark.parametrize(
    "column", ["entry_price", "stop_price", "target_price", "exit_price", "pnl_r", "mae_r", "mfe_r"]
)
def test_the_reference_finds_a_changed_outcome(column: str) -> None:
    part = gold_slice()
    changed = pa.array(part.outcomes[column].to_numpy() + 0.001, from_pandas=True)
    place = part.outcomes.column_names.index(column)
    findings = run(compare_with_reference, part.features, part.outcomes.set_column(place, column, changed))
    assert len(findings.differences) > 100
    assert findings.differences["what"].str.endswith(column).all()


def test_the_reference_finds_missing_outcomes() -> None:
    part = gold_slice()
    findings = run(compare_with_reference, part.features, part.outcomes.slice(0, 90))
    assert "number of outcomes" in set(findings.differences["what"])


def next_close_breaks(series: BarSeries, windows: Windows) -> SessionBreaks:
    """A planted look-ahead: the break is decided by the close of the bar after it."""
    peeked = dataclasses.replace(series, close=np.append(series.close[1:], series.close[-1:]))
    return find_session_breaks(peeked, windows)


def whole_day_volume(series: BarSeries, windows: Windows) -> SessionBreaks:
    """A planted look-ahead: relative volume is scaled by the volume of all data, the future's included."""
    found = find_session_breaks(series, windows)
    return dataclasses.replace(found, relative_volumes=found.relative_volumes / series.volume.mean())


@pytest.mark.parametrize("peeking", [next_close_breaks, whole_day_volume])
def test_planted_lookahead_is_found(
    peeking: Callable[[BarSeries, Windows], SessionBreaks], monkeypatch: pytest.MonkeyPatch
) -> None:
    part = gold_slice()
    monkeypatch.setattr(lookahead, "find_session_breaks", peeking)
    series = BarSeries.of(part.bars, part.instrument, part.session_set)
    found = peeking(series, Windows.of(series, part.session_set, part.grid))
    features = features_frame(series, found, part.instrument, part.grid)
    trades = run_grid(series, found, part.instrument, part.grid)
    outcomes = outcomes_table(series, found, trades, part.instrument, part.grid)
    assert not run(find_lookahead, features, outcomes).differences.empty


def test_lookahead_check_finds_stored_rows_that_cannot_be_computed_again() -> None:
    part = gold_slice()
    stale = part.features.assign(orb_high=part.features["orb_high"].where(part.features.index != 10, 1.0))
    assert "orb_high" in run(find_lookahead, stale, part.outcomes).differences["what"].str.split().str[0].tolist()


def test_sampled_days_are_spread_and_include_first_and_last() -> None:
    days = np.repeat(np.arange(100), 3)
    assert sampled(days, 4).tolist() == [0, 33, 66, 99]
    assert sampled(days[:6], 4).tolist() == [0, 1]
