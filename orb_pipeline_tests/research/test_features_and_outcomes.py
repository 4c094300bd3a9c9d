"""The tables of features and outcomes, as they are stored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from orb_pipeline.errors import InputError
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.outcomes import build_outcomes
from orb_pipeline.research.study import Study
from orb_pipeline.storage.tables import DAILY_FEATURES, ORB_OUTCOMES
from orb_pipeline_tests.research.slice import gold_slice
from orb_pipeline_tests.series import BRISBANE, CATALOGUE, MGC


def test_every_session_of_every_day_with_bars_has_one_row_of_features() -> None:
    features = gold_slice().features
    assert list(features.columns) == DAILY_FEATURES.names
    assert not features.duplicated(["trading_day", "orb_label"]).any()
    assert features.groupby("trading_day").size().eq(6).all()


def test_a_session_without_bars_has_a_row_without_range_and_break() -> None:
    empty = gold_slice().features.query("orb_high.isna()")
    assert len(empty) > 0
    assert empty[["orb_low", "orb_size", "break_dir", "break_ts", "break_volume", "rel_volume"]].isna().all(axis=None)


def test_every_break_has_the_whole_grid_of_outcomes_in_the_grids_order() -> None:
    part = gold_slice()
    outcomes = part.outcomes.to_pandas(date_as_object=False)
    broken = part.features["break_dir"].notna().sum()
    assert list(outcomes.columns) == ORB_OUTCOMES.names
    assert len(outcomes) == broken * 90
    first = outcomes.head(90)
    assert first["entry_model"].tolist() == ["E1"] * 30 + ["E2"] * 30 + ["E3"] * 30
    assert first["confirm_bars"].tolist() == np.tile(np.repeat([1, 2, 3, 4, 5], 6), 3).tolist()
    assert first["rr_target"].tolist() == [1.0, 1.5, 2.0, 2.5, 3.0, 4.0] * 15


def test_an_outcome_without_a_fill_is_null_from_the_entry_on() -> None:
    outcomes = gold_slice().outcomes.to_pandas(date_as_object=False)
    unfilled = outcomes[outcomes["entry_ts"].isna()]
    assert len(unfilled) > 0
    from_entry_on = ORB_OUTCOMES.names[ORB_OUTCOMES.names.index("entry_ts") :]
    assert unfilled[from_entry_on].isna().all(axis=None)
    assert outcomes.loc[outcomes["entry_ts"].notna(), from_entry_on].notna().all(axis=None)


def test_no_bars_make_empty_tables() -> None:
    bars = gold_slice().bars.head(0)
    study = Study.of(bars, MGC, BRISBANE, CATALOGUE.grid)
    features = build_daily_features(study)
    assert len(features) == 0
    assert build_outcomes(study, features).num_rows == 0


def test_features_of_other_bars_are_refused_as_stale() -> None:
    part = gold_slice()
    with pytest.raises(InputError, match="One of them is stale"):
        build_outcomes(part.study.part(0, 20_000), part.features)


def test_bars_out_of_order_are_refused_by_their_time() -> None:
    part = gold_slice()
    shuffled = part.bars.iloc[[0, 2, 1]]
    with pytest.raises(InputError, match=r"2026-01-02 06:01:00\+00:00 is out of order or doubled"):
        Study.of(shuffled, part.study.instrument, part.study.session_set, part.study.grid)


def test_a_price_off_the_tick_grid_is_refused_by_its_value() -> None:
    part = gold_slice()
    changed = part.bars.head(10).assign(close=part.bars["close"].head(10) + 0.0004)
    with pytest.raises(InputError, match=r"is off the tick grid of 0\.001"):
        Study.of(changed, part.study.instrument, part.study.session_set, part.study.grid)


def test_relative_volume_counts_earlier_bars_at_the_same_local_minute() -> None:
    part = gold_slice()
    row = part.features.query("rel_volume.notna()").iloc[-1]
    bars = part.bars
    local = bars["ts_utc"].dt.tz_convert("Australia/Brisbane").dt.strftime("%H:%M")
    at_break = bars["ts_utc"] == row["break_ts"]
    earlier = bars[(local == local[at_break].item()) & (bars["ts_utc"] < row["break_ts"])]["volume"].tail(20)
    assert row["rel_volume"] == pytest.approx(bars.loc[at_break, "volume"].item() / earlier.median())
    assert isinstance(row["break_ts"], pd.Timestamp)
