"""Folds lie where their rules say, share no day, and are refused in words where there is too little data."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orb_pipeline.catalogue import FoldRules
from orb_pipeline.errors import InputError
from orb_pipeline.walk_forward.folds import Fold, add_months, make_folds
from orb_pipeline_tests.series import CATALOGUE

DEFAULT = CATALOGUE.walk_forward.folds


def weekdays(first: dt.date, last: dt.date) -> list[dt.date]:
    days = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]


TEN_YEARS = weekdays(dt.date(2015, 1, 2), dt.date(2024, 12, 31))


def test_ten_years_make_seven_folds_of_three_years_and_one() -> None:
    folds = make_folds(TEN_YEARS, DEFAULT)
    assert [fold.number for fold in folds] == [1, 2, 3, 4, 5, 6, 7]
    assert (folds[0].train_start, folds[0].train_end) == (dt.date(2015, 1, 1), dt.date(2017, 12, 31))
    assert [(fold.test_start.year, fold.test_end.year) for fold in folds] == [
        (year, year) for year in range(2018, 2025)
    ]
    assert folds[-1].test_end == dt.date(2024, 12, 31)


def test_anchored_folds_all_train_from_the_beginning() -> None:
    folds = make_folds(TEN_YEARS, DEFAULT.model_copy(update={"anchored": True}))
    assert {fold.train_start for fold in folds} == {dt.date(2015, 1, 1)}
    assert [fold.train_end.year for fold in folds] == list(range(2017, 2024))


def test_an_embargo_moves_every_test_behind_it() -> None:
    plain, later = (
        make_folds(TEN_YEARS, DEFAULT),
        make_folds(TEN_YEARS, DEFAULT.model_copy(update={"embargo_days": 10})),
    )
    assert [b.test_start - a.test_start for a, b in zip(plain, later, strict=True)] == [dt.timedelta(days=10)] * 7
    assert [a.train_end for a in plain] == [b.train_end for b in later]


@pytest.mark.parametrize(("days", "folds"), [(99, 0), (100, 1), (101, 1)])
def test_a_fold_needs_its_least_number_of_test_days(days: int, folds: int) -> None:
    test = weekdays(dt.date(2018, 1, 1), dt.date(2018, 12, 31))[:days]
    data = [*weekdays(dt.date(2015, 1, 1), dt.date(2017, 12, 29)), *test]
    if folds:
        assert len(make_folds(data, DEFAULT)) == folds
    else:
        with pytest.raises(InputError, match="at least 100 trading days to test"):
            make_folds(data, DEFAULT)


def test_too_little_data_is_told_with_what_is_there_and_what_is_needed() -> None:
    with pytest.raises(InputError) as caught:
        make_folds(weekdays(dt.date(2025, 12, 19), dt.date(2026, 3, 25)), DEFAULT)
    for part in ("2025-12-19 to 2026-03-25", "69 trading days", "36 months", "100 trading days", "walk_forward.yaml"):
        assert part in str(caught.value)
    with pytest.raises(InputError, match="no trading day"):
        make_folds([], DEFAULT)


def test_a_fold_whose_test_does_not_lie_behind_its_training_cannot_be_made() -> None:
    day = dt.date(2020, 1, 1)
    with pytest.raises(InputError, match="expected the test to lie behind the training"):
        Fold(1, day, day + dt.timedelta(days=5), day + dt.timedelta(days=5), day + dt.timedelta(days=9))


@given(
    months=st.integers(1, 130),
    rules=st.builds(
        FoldRules,
        train_months=st.integers(1, 40),
        test_months=st.integers(1, 14),
        anchored=st.booleans(),
        embargo_days=st.integers(0, 20),
        min_test_days=st.integers(1, 60),
    ),
)
def test_no_fold_shares_a_day_between_training_and_test_and_no_two_tests_share_one(
    months: int, rules: FoldRules
) -> None:
    days = weekdays(dt.date(2015, 3, 17), add_months(dt.date(2015, 3, 17), months))
    try:
        folds = make_folds(days, rules)
    except InputError:
        return
    for fold in folds:
        test = {day for day in days if fold.test_start <= day <= fold.test_end}
        training = {day for day in days if fold.train_start <= day <= fold.train_end}
        assert not test & training
        assert len(test) >= rules.min_test_days
        assert (min(test) - max(training)).days > rules.embargo_days
    for one, following in pairwise(folds):
        assert following.test_start > one.test_end


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (dt.date(2015, 1, 31), 1, dt.date(2015, 2, 28)),
        (dt.date(2016, 2, 29), 12, dt.date(2017, 2, 28)),
        (dt.date(2015, 11, 30), 3, dt.date(2016, 2, 29)),
        (dt.date(2015, 12, 1), 1, dt.date(2016, 1, 1)),
    ],
)
def test_months_are_counted_by_the_calendar(day: dt.date, months: int, later: dt.date) -> None:
    assert add_months(day, months) == later
