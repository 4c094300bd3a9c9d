"""Walk-forward's gates: folds that are sound, and an edge that is kept by more than half."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from orb_pipeline.orchestration.gates import Evidence, GateResult, gates_of
from orb_pipeline_tests.orchestration.account_tables import ACCOUNT
from orb_pipeline_tests.series import CATALOGUE

Fault = Callable[[pd.DataFrame], pd.DataFrame]


class Stored:
    """A frame as a gate is given it."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def pandas(self) -> pd.DataFrame:
        return self._frame


def summary(oos_r: float | None = 0.2, is_r: float | None = 0.3, oos_trades: int = 50) -> pd.DataFrame:
    """Two folds of a year each and the row of both."""
    ratio = None if oos_r is None or is_r is None or is_r <= 0 else oos_r / is_r
    spans = [(1, 2015, 2017, 2018), (2, 2016, 2018, 2019), (None, 2015, 2018, 2018)]
    rows = [
        {
            "account": ACCOUNT,
            "fold": fold,
            "train_start": pd.Timestamp(start, 1, 1),
            "train_end": pd.Timestamp(end, 12, 31),
            "test_start": pd.Timestamp(test, 1, 1),
            "test_end": pd.Timestamp(2019 if fold is None else test, 12, 31),
            "strategies_tried": 7020,
            "strategies_found": 40,
            "strategies_selected": 5,
            "is_trades": 0 if is_r is None else 200,
            "is_expectancy_r": is_r,
            "is_win_rate": 0.5,
            "oos_trades": 0 if oos_r is None else oos_trades,
            "oos_expectancy_r": oos_r,
            "oos_win_rate": 0.4,
            "oos_is_ratio": ratio,
            "material_degradation": None if ratio is None else ratio <= 0.5,
            "account_trades": 40,
            "account_rejections": 3,
            "account_pnl_r": 8.0,
            "pbo": None if fold is None else 0.1,
        }
        for fold, start, end, test in spans
    ]
    frame = pd.DataFrame(rows)
    real = ["fold", "is_expectancy_r", "oos_expectancy_r", "oos_is_ratio", "pbo"]
    return frame.astype(dict.fromkeys(real, "float64")).astype({"material_degradation": "boolean"})


def judge(check: str, frame: pd.DataFrame, days: pd.DatetimeIndex | None = None) -> GateResult:
    tables = {"walk_forward": Stored(frame)}
    if days is not None:
        tables["trading_days:MGC"] = Stored(pd.DataFrame({"trading_day": days}))
    gate = next(gate for gate in gates_of("walk_forward") if gate.check == check)
    return gate.judge(Evidence("walk_forward", ACCOUNT, CATALOGUE, tables, lambda _: None))  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(("oos_r", "passes"), [(0.16, True), (0.15, False), (0.14, False), (-0.1, False)])
def test_more_than_half_of_the_promise_must_be_kept(oos_r: float, passes: bool) -> None:
    result = judge("no_degradation", summary(oos_r))
    assert result.passed is passes
    assert "0.300 R over 200 trades" in result.message


@pytest.mark.parametrize(("oos_r", "is_r"), [(None, 0.3), (0.2, -0.1), (0.2, 0.0), (None, None)])
def test_without_a_ratio_it_fails_and_says_so(oos_r: float | None, is_r: float | None) -> None:
    result = judge("no_degradation", summary(oos_r, is_r))
    assert not result.passed
    assert "no ratio" in result.message


def test_folds_in_which_nothing_passed_are_counted_in_words() -> None:
    frame = summary()
    frame.loc[0, "strategies_found"] = 0
    assert "in 1 of them no strategy passed validation" in judge("no_degradation", frame).message


def test_too_little_data_is_told_with_what_is_there_and_what_is_needed() -> None:
    result = judge("no_degradation", summary().head(0), pd.bdate_range("2025-12-19", "2026-03-25"))
    assert not result.passed
    for part in ("69 trading days", "36 months", "100 trading days"):
        assert part in result.message


def test_sound_folds_have_a_sound_schema() -> None:
    assert judge("schema", summary()).passed
    assert judge("schema", summary().head(0)).passed


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("one row of all folds", lambda rows: rows.head(2)),
        ("the test lies behind the training", lambda rows: rows.assign(train_end=pd.Timestamp(2020, 1, 1))),
        ("tests do not overlap", lambda rows: rows.assign(test_end=pd.Timestamp(2019, 12, 31))),
        ("no more selected than found", lambda rows: rows.assign(strategies_selected=41)),
        ("no more found than tried", lambda rows: rows.assign(strategies_found=7021)),
        ("an expectancy exactly where there are trades", lambda rows: rows.assign(oos_trades=0)),
        ("degradation is known exactly where the ratio is", lambda rows: rows.assign(oos_is_ratio=float("nan"))),
        ("account", lambda rows: rows.assign(account="another")),
        ("is_win_rate", lambda rows: rows.assign(is_win_rate=1.1)),
    ],
)
def test_a_schema_names_the_rule_that_is_broken(rule: str, fault: Fault) -> None:
    result = judge("schema", fault(summary()))
    assert not result.passed
    assert rule in result.message
