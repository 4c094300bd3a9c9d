"""Folds: a training period, an embargo, a test period; rolled forward by the length of the test."""

from __future__ import annotations

import calendar
import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from orb_pipeline.catalogue import FoldRules
from orb_pipeline.errors import InputError


@dataclass(frozen=True)
class Fold:
    """One fold; the days are calendar dates, both ends belong to their period.

    Attributes:
        number: 1, 2, ... in order of time.
        test_end: the last day of the test period, cut to the last day of the data.
    """

    number: int
    train_start: dt.date
    train_end: dt.date
    test_start: dt.date
    test_end: dt.date

    def __post_init__(self) -> None:
        if not self.train_start <= self.train_end < self.test_start <= self.test_end:
            message = (
                f"Fold {self.number} trains {self.train_start} to {self.train_end} and tests {self.test_start} to "
                f"{self.test_end}; expected the test to lie behind the training. This is a defect: report it."
            )
            raise InputError(message)


def make_folds(days: Sequence[dt.date], rules: FoldRules) -> list[Fold]:
    """The folds that `days` (trading days, in order) allow; those with fewer than `min_test_days` are left out.

    Periods are whole months, the first one that of the first day.

    Raises:
        InputError: not one fold is possible; says what is there and what is needed.
    """
    folds: list[Fold] = []
    if days:
        start = days[0].replace(day=1)  # whole months, so that no stray day makes a calendar year of its own
        while (fold := _fold(len(folds) + 1, start, days, rules)) is not None:
            if _count(days, fold.test_start, fold.test_end) >= rules.min_test_days:
                folds.append(fold)
            start = add_months(start, rules.test_months)
    if not folds:
        raise InputError(_too_little(days, rules))
    return folds


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day of the month, some months later; the month's last day where it has no such day."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _fold(number: int, start: dt.date, days: Sequence[dt.date], rules: FoldRules) -> Fold | None:
    """The fold whose rolling training period begins on `start`; None where the data end before its test."""
    train_end = add_months(start, rules.train_months) - dt.timedelta(days=1)
    test_start = train_end + dt.timedelta(days=1 + rules.embargo_days)
    if test_start > days[-1]:
        return None
    boundary = add_months(start, rules.train_months + rules.test_months) - dt.timedelta(days=1)
    test_end = min(boundary + dt.timedelta(days=rules.embargo_days), days[-1])
    return Fold(number, days[0].replace(day=1) if rules.anchored else start, train_end, test_start, test_end)


def _count(days: Sequence[dt.date], first: dt.date, last: dt.date) -> int:
    return bisect_right(days, last) - bisect_left(days, first)


def _too_little(days: Sequence[dt.date], rules: FoldRules) -> str:
    there = f"{len(days):,} trading days, {days[0]} to {days[-1]}" if days else "no trading day"
    return (
        f"Too little data to walk forward: there are {there}; needed are {rules.train_months} months to train, "
        f"{rules.embargo_days} days of embargo, and then at least {rules.min_test_days} trading days to test. Land "
        "more bars, or shorten train_months, test_months or min_test_days in walk_forward.yaml or by options."
    )
