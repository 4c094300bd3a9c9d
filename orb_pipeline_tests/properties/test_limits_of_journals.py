"""The limits as a journal shows them: a replay breaks none, and what other limits forbid, SQL finds like counting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from random import Random
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.catalogue import Account
from orb_pipeline.execution.history import History
from orb_pipeline.execution.replay import replay_historical
from orb_pipeline.orchestration.gates.limits import broken_limits
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline.research.study import Study
from orb_pipeline.rules.bars import Bar
from orb_pipeline_tests.execution.live import account
from orb_pipeline_tests.execution.members import portfolio_of, whole_grid
from orb_pipeline_tests.properties.random_market import random_bars
from orb_pipeline_tests.properties.test_risk_invariants import GRID, accounts
from orb_pipeline_tests.series import BRISBANE, CATALOGUE, series_of

SYMBOLS = ("MGC", "MNQ")
MEMBERS = [strategy for symbol in SYMBOLS for strategy in whole_grid(GRID, BRISBANE.labels, symbol)]
FLAT = {"time": "00:30", "zone": "UTC"}
WIDE = account(
    limits={
        "max_concurrent_positions": 999,
        "max_per_orb_positions": 999,
        "max_daily_trades": 999,
        "drawdown_halt_r": -999,
        "max_daily_loss_r": -999,
    },
    equity=1e9,
    flat_by=None,
)
COUNTED = ("max_concurrent_positions", "max_per_orb_positions", "max_daily_trades", "circuit_breaker")


@st.composite
def markets(draw: st.DrawFn) -> dict[str, list[Bar]]:
    """Bars of one or both instruments."""
    bars = {symbol: draw(random_bars()) for symbol in draw(st.sampled_from([SYMBOLS, SYMBOLS, SYMBOLS[:1]]))}
    return {symbol: some for symbol, some in bars.items() if some}


def entries_of(market: dict[str, list[Bar]], members: Sequence[PortfolioStrategy], of: Account) -> pd.DataFrame:
    """The journal of a replay."""
    histories = {
        symbol: History(Study(series_of(bars), CATALOGUE.instrument(symbol), BRISBANE, GRID))
        for symbol, bars in market.items()
    }
    portfolio = portfolio_of([strategy for strategy in members if strategy.instrument in histories])
    return replay_historical(portfolio, of, histories).entries


@st.composite
def some_members(draw: st.DrawFn) -> list[PortfolioStrategy]:
    """A third of all, in any order."""
    return Random(draw(st.integers(0, 2**32 - 1))).sample(MEMBERS, len(MEMBERS) // 3)


@settings(max_examples=30, deadline=None)
@given(
    market=markets(),
    of=accounts(),
    members=some_members(),
    flat_by=st.sampled_from([None, FLAT]),
)
def test_the_journal_of_a_replay_breaks_no_limit_of_its_account(
    market: dict[str, list[Bar]], of: Account, members: list[PortfolioStrategy], flat_by: dict[str, str] | None
) -> None:
    of = Account.model_validate(of.model_dump() | {"flat_by": flat_by})
    entries = entries_of(market, members, of)
    assert broken_limits(entries, of, CATALOGUE).to_dict("records") == []


@settings(max_examples=25, deadline=None)
@given(market=markets(), of=accounts(), members=some_members())
def test_what_another_accounts_limits_would_not_have_allowed_is_found_as_by_counting(
    market: dict[str, list[Bar]], of: Account, members: list[PortfolioStrategy]
) -> None:
    entries = entries_of(market, members, WIDE)
    broken = broken_limits(entries, of, CATALOGUE)
    counts = broken[broken["broken"].isin(COUNTED)]
    days = pd.to_datetime(counts["trading_day"]).dt.date
    assert sorted(zip(counts["broken"], days, counts["strategy_id"], strict=True)) == sorted(counted(entries, of))


def counted(entries: pd.DataFrame, of: Account) -> list[tuple[Any, ...]]:
    """The same, following each day step by step."""
    limits = of.limits
    found: list[tuple[Any, ...]] = []
    for day, rows in entries[entries["risk_check_passed"]].groupby("trading_day"):
        entering, leaving = defaultdict(list), defaultdict(list)
        for row in rows.to_dict("records"):
            entering[row["entry_ts"], row["instrument"], 3 if row["entry_model"] == "E2" else 1].append(row)
            if row["outcome"] != "scratch":
                leaving[row["exit_ts"], row["instrument"], 2].append(row)
        open_now: list[tuple[str, str]] = []
        realised = worst = 0.0
        for step in sorted([*entering, *leaving]):
            open_now += [(row["instrument"], row["orb_label"]) for row in entering[step]]
            for row in leaving[step]:
                open_now.remove((row["instrument"], row["orb_label"]))
                realised += row["pnl_r"]
            worst = min(worst, realised)
            for row in entering[step]:
                is_broken = {
                    "max_concurrent_positions": len(open_now) > limits.max_concurrent_positions,
                    "max_per_orb_positions": open_now.count((row["instrument"], row["orb_label"]))
                    > limits.max_per_orb_positions,
                    "circuit_breaker": worst <= limits.halt_r + 1e-9,
                }
                found += [(name, day, row["strategy_id"]) for name, is_so in is_broken.items() if is_so]
        if len(rows) > limits.max_daily_trades:
            found.append(("max_daily_trades", day, "all"))
    return found
