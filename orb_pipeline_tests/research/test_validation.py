"""RULES.md section 8: the phases of validation, and what becomes of setups from run to run."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pandas as pd
import pytest

from orb_pipeline.research.setups import COLUMNS, update_setups
from orb_pipeline.research.validation import fallen_by_phase, validate
from orb_pipeline_tests.series import CATALOGUE

SETTINGS = CATALOGUE.research.validation
MONDAY = dt.datetime(2024, 1, 1, 9, tzinfo=dt.UTC)
TUESDAY = MONDAY + dt.timedelta(days=1)


def strategies(*changes: dict[str, Any], settings: Any = SETTINGS) -> pd.DataFrame:
    """Strategies that pass but for the given changes."""
    passing = {
        "instrument": "MGC",
        "orb_label": "0900",
        "orb_minutes": 5,
        "rr_target": 2.0,
        "confirm_bars": 1,
        "entry_model": "E1",
        "filter_type": "NO_FILTER",
        "sample_size": 120,
        "win_rate": 0.5,
        "avg_win_r": 1.5,
        "avg_loss_r": 1.0,
        "expectancy_r": 0.25,
        "sharpe_ratio": 0.2,
        "sharpe_ann": 2.0,
        "max_drawdown_r": 8.0,
        "median_risk_points": 2.0,
        "avg_risk_points": 2.1,
        "yearly_results": years(0.2, 0.3),
        "stressed_expectancy_r": 0.1,
        "classification": "CORE",
        "through_sample_size": float("nan"),
        "through_expectancy_r": float("nan"),
        "p_value": 0.01,
        "fdr_q": 0.05,
        "deflated_sharpe": 0.9,
    }
    table = pd.DataFrame([{"strategy_id": f"S{n}", **passing, **change} for n, change in enumerate(changes)])
    return pd.concat([table, validate(table, settings)], axis=1)


def years(*averages: float) -> str:
    return json.dumps({str(2020 + n): {"avg_r": average} for n, average in enumerate(averages)})


@pytest.mark.parametrize(
    ("change", "phase", "note"),
    [
        ({}, None, None),
        ({"sample_size": 29}, "sample_size", "sample_size 29 is below 30"),
        ({"sample_size": 30}, None, "warning: 30 trades, fewer than 100"),
        ({"expectancy_r": 0.0}, "expectancy", "expectancy_r 0 is not above 0"),
        ({"expectancy_r": float("nan"), "sample_size": 0}, "sample_size", "sample_size 0 is below 30"),
        ({"yearly_results": years(0.5, -0.1)}, "yearly", "1 of 2 years positive"),
        ({"yearly_results": years(0.5, 0.0)}, "yearly", "not positive: 2021"),
        ({"stressed_expectancy_r": 0.0}, "stress", "stressed_expectancy_r 0 is not above 0"),
        ({"expectancy_r": -1.0, "stressed_expectancy_r": -1.0}, "expectancy", "expectancy_r -1"),
    ],
)
def test_the_first_phase_that_fails_is_the_recorded_reason(
    change: dict[str, Any], phase: str | None, note: str | None
) -> None:
    [row] = strategies(change).to_dict("records")
    assert row["validation_status"] == ("PASSED" if phase is None else "REJECTED")
    assert row["validation_phase"] == phase
    assert row["validation_notes"] is None if note is None else note in row["validation_notes"]


def test_the_share_of_positive_years_is_configurable_and_years_are_excludable() -> None:
    losing = {"yearly_results": years(0.5, -0.1)}
    lenient = SETTINGS.model_copy(update={"min_positive_year_share": 0.5})
    excluding = SETTINGS.model_copy(update={"excluded_years": (2021,)})
    assert strategies(losing, settings=lenient)["validation_status"].item() == "PASSED"
    assert strategies(losing, settings=excluding)["validation_status"].item() == "PASSED"


def test_minimum_sharpe_and_maximum_drawdown_are_asked_only_where_given() -> None:
    strict = SETTINGS.model_copy(update={"min_sharpe_ratio": 0.25, "max_drawdown_r": 5.0})
    both = strategies({}, {"sharpe_ratio": 0.3}, {"sharpe_ratio": float("nan")}, settings=strict)
    assert both["validation_phase"].tolist() == ["sharpe", "drawdown", "sharpe"]


def test_the_table_of_the_fallen_adds_up() -> None:
    table = strategies({}, {"sample_size": 1}, {"sample_size": 2}, {"stressed_expectancy_r": -1.0})
    assert fallen_by_phase(table, SETTINGS).to_numpy().tolist() == [
        ["sample_size", 4, 2, 2],
        ["expectancy", 2, 0, 2],
        ["yearly", 2, 0, 2],
        ["stress", 2, 1, 1],
    ]


def first_setups() -> pd.DataFrame:
    nothing = update_setups(EMPTY, strategies({"sample_size": 1}), at=MONDAY, simulated=False)
    return update_setups(nothing, strategies({}, {}, {"sample_size": 1}), at=MONDAY, simulated=False)


EMPTY = pd.DataFrame(columns=COLUMNS)


def test_passing_strategies_are_promoted_with_what_was_tested() -> None:
    setups = first_setups()
    assert setups["strategy_id"].tolist() == ["S0", "S1"]
    assert setups["status"].eq("active").all()
    assert setups["promoted_at"].eq(MONDAY).all()
    assert setups[["years_tested", "all_years_positive", "stress_test_passed"]].iloc[0].tolist() == [2, True, True]


def test_an_e3_setup_carries_what_is_left_without_its_touches() -> None:
    limit = {"entry_model": "E3", "through_sample_size": 110.0, "through_expectancy_r": 0.1}
    setups = update_setups(first_setups(), strategies(limit, {}), at=TUESDAY, simulated=False)
    assert setups["through_sample_size"].fillna(0).tolist() == [110, 0]
    assert setups["through_expectancy_r"].fillna(0).tolist() == [0.1, 0]


def test_a_setup_that_passes_again_keeps_its_promotion_and_takes_the_new_figures() -> None:
    setups = update_setups(first_setups(), strategies({"sample_size": 130}, {}), at=TUESDAY, simulated=False)
    assert setups["promoted_at"].eq(MONDAY).all()
    assert setups["sample_size"].tolist() == [130, 120]


def test_a_setup_that_no_longer_passes_is_retired_with_date_and_reason_and_its_last_figures() -> None:
    setups = update_setups(first_setups(), strategies({}, {"sample_size": 9}), at=TUESDAY, simulated=False)
    retired = setups.iloc[1]
    assert (retired["status"], retired["retired_at"], retired["sample_size"]) == ("retired", TUESDAY, 120)
    assert retired["retirement_reason"] == "sample_size 9 is below 30"


def test_a_setup_that_the_grid_no_longer_holds_is_retired_and_says_so() -> None:
    setups = update_setups(first_setups(), strategies({}), at=TUESDAY, simulated=False)
    assert setups.iloc[1]["retirement_reason"] == "no longer in the grid"


def test_a_retirement_keeps_its_date_and_a_return_is_a_new_promotion() -> None:
    retired = update_setups(first_setups(), strategies({}, {"sample_size": 9}), at=TUESDAY, simulated=False)
    wednesday = TUESDAY + dt.timedelta(days=1)
    still = update_setups(retired, strategies({}, {"sample_size": 8}), at=wednesday, simulated=False)
    assert still.iloc[1]["retired_at"] == TUESDAY
    back = update_setups(still, strategies({}, {}), at=wednesday, simulated=False)
    assert back["status"].tolist() == ["active", "active"]
    assert back.iloc[1]["promoted_at"] == wednesday
    assert pd.isna(back.iloc[1]["retired_at"])


def test_the_same_strategies_again_change_nothing() -> None:
    once = first_setups()
    again = update_setups(once, strategies({}, {}, {"sample_size": 1}), at=TUESDAY, simulated=False)
    pd.testing.assert_frame_equal(once, again)
