"""The checks of computed tables: they are silent on the real thing and find what was planted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from orb_pipeline.research import lookahead
from orb_pipeline.research import study as study_module
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.findings import Findings, sampled
from orb_pipeline.research.grid import SessionBreaks, find_session_breaks
from orb_pipeline.research.lookahead import find_feature_lookahead, find_outcome_lookahead
from orb_pipeline.research.outcomes import build_outcomes
from orb_pipeline.research.referee import compare_with_reference
from orb_pipeline.research.series import BarSeries, Windows
from orb_pipeline_tests.research.slice import gold_slice

Check = Callable[..., Findings]


def by_reference(features: pd.DataFrame, outcomes: pa.Table) -> Findings:
    return run(compare_with_reference, features, outcomes)


def run(check: Check, *tables: pd.DataFrame | pa.Table) -> Findings:
    part = gold_slice()
    return check(part.study, *tables, 4)


def test_the_checks_are_silent_on_what_the_product_computes() -> None:
    part = gold_slice()
    for findings, least in (
        (by_reference(part.features, part.outcomes), 10_000),
        (run(find_feature_lookahead, part.features), 1_000),
        (run(find_outcome_lookahead, part.outcomes), 10_000),
    ):
        assert findings.compared > least
        assert findings.differences.empty


@pytest.mark.parametrize("column", ["orb_high", "orb_low", "rel_volume"])
def test_the_reference_finds_a_changed_feature(column: str) -> None:
    part = gold_slice()
    findings = by_reference(part.features.assign(**{column: part.features[column] + 0.5}), part.outcomes)
    assert set(findings.differences["what"]) == {column}


@pytest.mark.parametrize(
    "column", ["entry_price", "stop_price", "target_price", "exit_price", "pnl_r", "mae_r", "mfe_r"]
)
def test_the_reference_finds_a_changed_outcome(column: str) -> None:
    part = gold_slice()
    changed = pa.array(part.outcomes[column].to_numpy() + 0.001, from_pandas=True)
    place = part.outcomes.column_names.index(column)
    findings = by_reference(part.features, part.outcomes.set_column(place, column, changed))
    assert len(findings.differences) > 100
    assert findings.differences["what"].str.endswith(column).all()


def test_the_reference_finds_missing_outcomes() -> None:
    part = gold_slice()
    findings = by_reference(part.features, part.outcomes.slice(0, 90))
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
    monkeypatch.setattr(lookahead, "find_session_breaks", peeking)
    monkeypatch.setattr(study_module, "find_session_breaks", peeking)
    study = dataclasses.replace(gold_slice().study)  # with nothing found yet
    features = build_daily_features(study)
    assert not find_feature_lookahead(study, features, 4).differences.empty
    if peeking is next_close_breaks:  # outcomes do not depend on relative volume
        assert not find_outcome_lookahead(study, build_outcomes(study, features), 4).differences.empty


def test_outcomes_are_cut_behind_every_break_confirm_and_fill_bar_whatever_the_grid_enters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = gold_slice().study
    grid = whole.grid.model_copy(update={"entry_models": ("E3",)})
    study = dataclasses.replace(whole, grid=grid)
    seen = set()

    def noted(series: BarSeries, windows: Windows) -> SessionBreaks:
        seen.add(int(series.minutes[-1]))
        return find_session_breaks(series, windows)

    monkeypatch.setattr(lookahead, "find_session_breaks", noted)
    assert find_outcome_lookahead(study, build_outcomes(study, gold_slice().features), 4).differences.empty
    days = sampled(study.breaks.windows.days[study.breaks.broken], 4)
    of_days = np.isin(study.breaks.windows.days[study.breaks.broken], days)
    breaks = study.breaks.breaks[study.breaks.broken][of_days]
    confirms = whole.trades()[of_days][:, whole.grid.entry_models.index("E2")]["entry_bar"]
    fills = study.trades()[of_days]["entry_bar"]
    decisions = np.concatenate([breaks, confirms.ravel(), fills.ravel()])
    assert seen == set(study.series.minutes[decisions[decisions >= 0]].tolist())


def test_the_lookahead_checks_find_stored_rows_that_cannot_be_computed_again() -> None:
    part = gold_slice()
    features = part.features.assign(orb_high=part.features["orb_high"].where(part.features.index != 10, 1.0))
    assert run(find_feature_lookahead, features).differences["what"].str.startswith("orb_high").all()
    place = part.outcomes.column_names.index("mae_r")
    shifted = pa.array(part.outcomes["mae_r"].to_numpy() + 1e-12, from_pandas=True)
    outcomes = part.outcomes.set_column(place, "mae_r", shifted)
    assert run(find_outcome_lookahead, outcomes).differences["what"].str.startswith("mae_r").all()


def test_sampled_days_are_spread_and_include_first_and_last() -> None:
    days = np.repeat(np.arange(100), 3)
    assert sampled(days, 4).tolist() == [0, 33, 66, 99]
    assert sampled(days[:6], 4).tolist() == [0, 1]
