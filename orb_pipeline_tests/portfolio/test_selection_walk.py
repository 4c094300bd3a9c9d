"""Selection from random candidates: the walk written out, and what holds of every portfolio."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.catalogue import Selection
from orb_pipeline.portfolio.selection import build_portfolio
from orb_pipeline_tests.portfolio.examples import ACCOUNT, daily_of, frame, members, selection, setup


@st.composite
def markets(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, list[float]], Selection]:
    """A few candidates whose sessions, models, expectancies and correlations collide often."""
    names = [f"s{place}" for place in range(draw(st.integers(0, 9)))]
    rows = [
        setup(
            name,
            draw(st.sampled_from([0.05, 0.1, 0.15, 0.151, 0.2, 0.3])),
            draw(st.sampled_from(["0900", "1000", "1100"])),
            entry_model=draw(st.sampled_from(["E1", "E1", "E1", "E2", "E3"])),
            sample_size=draw(st.sampled_from([100, 200])),
        )
        for name in names
    ]
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    common = random.normal(size=(12, 1))
    values = draw(st.sampled_from([0.0, 0.7, 2.0])) * common + random.normal(size=(12, len(names)))
    values[random.random(values.shape) < draw(st.sampled_from([0.0, 0.2, 0.5]))] = np.nan
    chosen = selection(
        max_strategies=draw(st.integers(1, 6)),
        max_per_session=draw(st.integers(1, 3)),
        min_entry_models=draw(st.integers(1, 3)),
        preferred_correlation=draw(st.sampled_from([0.2, 0.5])),
        max_correlation=draw(st.sampled_from([0.5, 0.85])),
        min_overlap_days=5,
    )
    return rows, {name: values[:, place].tolist() for place, name in enumerate(names)}, chosen


class Slow:
    """The walk of the module's docstring, one candidate and one member at a time."""

    def __init__(self, rows: list[dict[str, Any]], columns: dict[str, list[float]], chosen: Selection) -> None:
        able = [row for row in rows if row["expectancy_r"] > chosen.min_expectancy_r]
        self.rank = sorted(
            able, key=lambda row: (-round(row["expectancy_r"], 2), -row["sample_size"], row["strategy_id"])
        )
        self.correlations = pd.DataFrame(columns).corr(min_periods=chosen.min_overlap_days)
        self.chosen = chosen
        self.members: list[dict[str, Any]] = []

    def run(self) -> list[str]:
        self.walk(self.is_preferred)
        self.walk(self.is_allowed)
        while self.models(self.members) < self.chosen.min_entry_models and self.repair():
            self.walk(self.is_allowed)
        return [row["strategy_id"] for row in self.rank if row in self.members]

    def models(self, members: list[dict[str, Any]]) -> int:
        return len({row["entry_model"] for row in members})

    def walk(self, suits: Any) -> None:
        for row in self.rank:
            has_room = len(self.members) < self.chosen.max_strategies
            if has_room and row not in self.members and self.fits(row, self.members, suits):
                self.members.append(row)

    def fits(self, row: dict[str, Any], members: list[dict[str, Any]], suits: Any) -> bool:
        of_session = [member for member in members if member["orb_label"] == row["orb_label"]]
        return len(of_session) < self.chosen.max_per_session and all(suits(row, member) for member in members)

    def is_preferred(self, row: dict[str, Any], member: dict[str, Any]) -> bool:
        return bool(self.between(row, member) < self.chosen.preferred_correlation)

    def is_allowed(self, row: dict[str, Any], member: dict[str, Any]) -> bool:
        value = self.between(row, member)
        if math.isnan(value):
            return bool(row["orb_label"] != member["orb_label"])
        return value <= self.chosen.max_correlation

    def between(self, row: dict[str, Any], member: dict[str, Any]) -> float:
        return float(self.correlations.loc[row["strategy_id"], member["strategy_id"]])

    def repair(self) -> bool:
        present = {member["entry_model"] for member in self.members}
        for row in self.rank:
            if row["entry_model"] in present:
                continue
            for leaving in [member for member in reversed(self.rank) if member in self.members]:
                others = [member for member in self.members if member is not leaving]
                if self.models(others) == len(present) and self.fits(row, others, self.is_allowed):
                    self.members = [*others, row]
                    return True
        return False


@settings(max_examples=200)
@given(markets())
def test_the_members_are_those_of_the_walk_written_out(market: Any) -> None:
    rows, columns, chosen = market
    assert members(build_portfolio(frame(rows), daily_of(columns), ACCOUNT, chosen)) == Slow(*market).run()


@settings(max_examples=80)
@given(markets(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_does_not_matter(market: Any, random: Any) -> None:
    rows, columns, chosen = market
    shuffled, names = random.sample(rows, len(rows)), random.sample(list(columns), len(columns))
    first = build_portfolio(frame(rows), daily_of(columns), ACCOUNT, chosen)
    second = build_portfolio(frame(shuffled), daily_of({name: columns[name] for name in names}), ACCOUNT, chosen)
    assert first.portfolio == second.portfolio
    pd.testing.assert_frame_equal(first.candidates, second.candidates)
    pd.testing.assert_frame_equal(first.correlations, second.correlations)


@settings(max_examples=80)
@given(markets())
def test_no_limit_is_ever_broken_and_every_reason_holds(market: Any) -> None:
    rows, columns, chosen = market
    selected = build_portfolio(frame(rows), daily_of(columns), ACCOUNT, chosen)
    strategies = selected.portfolio.strategies
    assert len(strategies) <= chosen.max_strategies
    by_session = pd.Series([strategy.session for strategy in strategies], dtype=object).value_counts()
    assert (by_session <= chosen.max_per_session).all()
    values = selected.correlations.to_numpy()
    apart = values[~np.eye(len(values), dtype=bool)]
    assert not (apart > chosen.max_correlation).any()
    assert all(strategy.expectancy_r > chosen.min_expectancy_r for strategy in strategies)
    assert selected.candidates["taken"].sum() == len(strategies)
    slow = Slow(*market)
    by_name = {row["strategy_id"]: row for row in rows}
    for row in selected.candidates.itertuples(index=False):
        assert_holds(row, by_name, [by_name[name] for name in members(selected)], slow)


def assert_holds(row: Any, rows: dict[str, Any], final: list[dict[str, Any]], slow: Slow) -> None:
    """The reason given to a candidate is true of the final portfolio."""
    candidate, chosen = rows[row.strategy_id], slow.chosen
    of_session = [member for member in final if member["orb_label"] == candidate["orb_label"]]
    others = [member for member in final if member is not candidate]
    highest = max(
        (slow.between(candidate, m) for m in others if not math.isnan(slow.between(candidate, m))), default=-1
    )
    blocked = [m["strategy_id"] for m in of_session if math.isnan(slow.between(candidate, m))]
    is_full = len(of_session) >= chosen.max_per_session
    match row.reason:
        case None:
            assert row.taken
            assert final[row.position - 1] is candidate
        case "expectancy":
            assert not row.expectancy_r > chosen.min_expectancy_r
        case "session_full":
            assert is_full
            assert of_session[-1]["strategy_id"] == row.clashes_with
        case "correlation":
            assert not is_full
            assert row.correlation == pytest.approx(highest, abs=1e-11)
            assert row.correlation > chosen.max_correlation
        case "unknown_correlation":
            assert not is_full
            assert highest <= chosen.max_correlation
            assert row.clashes_with == blocked[0]
        case "portfolio_full":
            assert len(final) == chosen.max_strategies
            assert not is_full
            assert not blocked
            assert highest <= chosen.max_correlation
        case "made_room":
            assert rows[row.clashes_with]["entry_model"] != candidate["entry_model"]
        case _:
            pytest.fail(f"unknown reason {row.reason}")
