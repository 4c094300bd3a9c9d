"""The account run over days: what it trades, what it refuses, and how the account carries from day to day."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orb_pipeline.catalogue import Account
from orb_pipeline.execution.context import AccountDay
from orb_pipeline.execution.journal import COLUMNS
from orb_pipeline.execution.replay import Halt, ReplayResult, replay_historical
from orb_pipeline.execution.results import by_strategy, daily_results, equity_curve, totals
from orb_pipeline.execution.risk import CHECKS
from orb_pipeline.market.trading_day import date_of
from orb_pipeline.storage.lake import Lake
from orb_pipeline_tests.execution.days import (
    ABOVE,
    GRID,
    INSIDE,
    LOST,
    QUIET,
    WON,
    history_of,
    random_walk,
    records,
    replayed,
    session,
)
from orb_pipeline_tests.execution.live import WIDE, account, flat
from orb_pipeline_tests.execution.members import member, portfolio_of, whole_grid
from orb_pipeline_tests.series import BRISBANE, DAY

LOSS = -204.0  # 10 contracts that lose 12 ticks and 8.40 dollars of costs
WIN = 156.0  # and that win 24 ticks
MEMBER = member("0900", "E2")


def days(*numbers: int) -> list[dt.date]:
    return [date_of(DAY + number) for number in numbers]


def wandering(seed: int = 5) -> ReplayResult:
    """Two instruments on an account whose limits are reached."""
    strategies = [strategy for symbol in ("MNQ", "MGC") for strategy in whole_grid(GRID, BRISBANE.labels, symbol)[::5]]
    histories = {symbol: history_of(random_walk(seed + place), symbol) for place, symbol in enumerate(("MGC", "MNQ"))}
    return replay_historical(portfolio_of(strategies), account(), histories)


# The same every time.


def test_the_same_bars_give_the_same_bytes_of_replay_trades(tmp_path: Path) -> None:
    files = []
    for name in ("first", "second"):
        lake = Lake(str(tmp_path / name))
        entries = wandering().entries
        lake.write("replay_trades", "25k", entries.assign(unlimited_r=float("nan"), simulated=True))
        (file,) = (tmp_path / name).rglob("*.parquet")
        files.append(file.read_bytes())
        assert len(entries) > 50
        assert entries["risk_check"].nunique() > 1
    assert files[0] == files[1]


def test_entries_are_in_order_of_day_and_portfolio_with_the_journals_columns() -> None:
    strategies = [member("1000", "E2"), member("0900", "E2", rr_target=3.0), member("0900", "E2")]
    both = session(WON) | session(WON, minute=60)
    result = replayed(strategies, account(limits=WIDE), both, both)
    assert tuple(result.entries.columns) == COLUMNS
    names = [strategy.strategy_id for strategy in strategies]
    assert records(result.entries, "trading_day", "strategy_id") == [
        (day, name) for day in days(0, 1) for name in names
    ]


def test_days_and_bars_are_counted_and_told_as_they_are_done() -> None:
    told: list[tuple[int, int]] = []
    result = replayed(
        [MEMBER],
        account(),
        session(WON),
        {},
        {0: QUIET},
        session(LOST),
        on_day=lambda done, of: told.append((done, of)),
    )
    assert list(result.days) == days(0, 2, 3)
    assert result.bars == 7 + 3 + 7
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_span_is_replayed_with_the_account_as_it_was_at_the_start() -> None:
    result = replayed([MEMBER], account(), *[session(LOST)] * 4, days=(DAY + 1, DAY + 2))
    assert list(result.days) == days(1, 2)
    assert result.account == AccountDay(25_000 + 2 * LOSS, 25_000)


def test_no_day_in_the_span_is_an_empty_run() -> None:
    result = replayed([MEMBER], account(), session(LOST), days=(DAY + 1, None))
    assert (result.days, result.bars, result.halts, result.account) == ((), 0, (), AccountDay(25_000, 25_000))
    assert result.entries.empty
    assert tuple(result.entries.columns) == COLUMNS
    assert totals(result.entries, account()).final_equity == 25_000


# The account from day to day.


def test_equity_and_drawdown_day_by_day_are_those_of_a_hand_count() -> None:
    scratched = session(flat(1018))  # 6 ticks up at the end of the day: 60 dollars less 84 of costs
    run = [session(WON), session(LOST), {0: QUIET}, session(LOST), scratched, session(WON)]
    result = replayed([MEMBER], account(), *run)
    win_r, scratch_r = (24 - 8.4) / 20.4, (6 - 8.4) / 20.4
    curve = equity_curve(result.entries, account())
    equities = [25_156.0, 24_952.0, 24_748.0, 24_724.0, 24_880.0]
    assert curve["trading_day"].tolist() == days(0, 1, 3, 4, 5)
    assert curve["equity"].tolist() == pytest.approx(equities)
    assert curve["drawdown_dollars"].tolist() == pytest.approx([0, 204, 408, 432, 276])
    assert curve["drawdown_r"].tolist() == pytest.approx([0, 1, 2, 2 - scratch_r, 2 - scratch_r - win_r])
    assert result.account == AccountDay(pytest.approx(24_880.0), 25_156.0)  # type: ignore[arg-type]

    rows = daily_results(result.entries, account(), simulated=False)
    assert rows["equity"].tolist() == pytest.approx(equities)
    assert rows["pnl_dollars"].tolist() == pytest.approx([WIN, LOSS, LOSS, -24, WIN])
    assert records(rows, "trades", "wins", "losses", "scratches", "rejections") == [
        (1, 1, 0, 0, 0),
        (1, 0, 1, 0, 0),
        (1, 0, 1, 0, 0),
        (1, 0, 0, 1, 0),
        (1, 1, 0, 0, 0),
    ]

    whole = totals(result.entries, account())
    assert (whole.trades, whole.wins, whole.losses, whole.scratches, whole.rejections) == (5, 2, 2, 1, 0)
    assert whole.pnl_r == pytest.approx(2 * win_r - 2 + scratch_r)
    assert whole.final_equity == pytest.approx(24_880)
    assert whole.max_drawdown_dollars == pytest.approx(432)
    assert whole.max_drawdown_r == pytest.approx(2 - scratch_r)
    assert whole.worst_day_r == -1.0
    assert whole.best_day_share is None, "there is no profit to have a share of"


def test_a_drawdown_from_the_very_start_counts_from_the_starting_equity() -> None:
    curve = equity_curve(replayed([MEMBER], account(), session(LOST), session(WON)).entries, account())
    assert curve["drawdown_dollars"].tolist() == pytest.approx([204, 48])
    assert curve["drawdown_r"].tolist() == pytest.approx([1, 1 - 15.6 / 20.4])


def test_of_a_profit_the_best_day_has_its_share() -> None:
    whole = totals(replayed([MEMBER], account(), session(WON), session(LOST), session(WON)).entries, account())
    assert whole.best_day_share == pytest.approx(WIN / (2 * WIN + LOSS))


def test_a_wandering_markets_curve_is_that_of_adding_up_trade_by_trade() -> None:
    entries = wandering().entries
    by_day: dict[Any, list[float]] = defaultdict(list)
    for row in entries.to_dict("records"):
        by_day[row["trading_day"]] += [row["pnl_dollars"]] if row["risk_check_passed"] else []
    equity = highest = 25_000.0
    expected = []
    for day in sorted(by_day):
        equity += sum(by_day[day])
        highest = max(highest, equity)
        expected.append((day, pytest.approx(equity), pytest.approx(highest - equity)))
    assert records(equity_curve(entries, account()), "trading_day", "equity", "drawdown_dollars") == expected
    rows = daily_results(entries, account(), simulated=False)
    assert len(rows) == len(entries)
    assert rows.groupby("trading_day")["equity"].first().tolist() == [item[1] for item in expected]
    assert rows["pnl_dollars"].sum() == pytest.approx(equity - 25_000)


def test_contracts_follow_the_equity_that_the_day_starts_with() -> None:
    """2 % of 1,200 dollars are two contracts of 12 dollars, of 1,159.20 one; of 580 none, which is refused."""
    small = account(equity=1_200)
    result = replayed([MEMBER], small, session(LOST), session(LOST))
    assert records(result.entries, "contracts", "pnl_dollars") == [(2, pytest.approx(-40.8)), (1, pytest.approx(-20.4))]
    refused = replayed([MEMBER], account(equity=600), session(LOST), session(WON)).entries
    assert records(refused, "contracts", "risk_check", "risk_check_passed") == [
        (1, None, True),
        (0, "position_size", False),
    ]
    assert refused["risk_check_limit"].iloc[1] == pytest.approx((600 - 20.4) * 0.02)


def test_a_win_earlier_on_the_day_does_not_change_sizes() -> None:
    twice = session(WON) | session(WON, minute=60)
    result = replayed([MEMBER, member("1000", "E2")], account(equity=1_190), twice, twice)
    assert result.entries["contracts"].tolist() == [1, 1, 2, 2]


FIRM: dict[str, Any] = {"max_drawdown": 300.0, "daily_loss_limit": None, "drawdown": "trailing"}


def firm(**rules: Any) -> Account:
    """A prop-firm account with 10 contracts a trade, whose floor is 300 dollars below."""
    return account("prop_50k_trailing", limits=WIDE, prop_firm=FIRM | rules, risk_per_trade_pct=100.0, flat_by=None)


def test_a_lost_account_stays_lost() -> None:
    """Two losses of 204 dollars reach the floor on the second day; later days would have won."""
    result = replayed([MEMBER], firm(), session(LOST), session(LOST), session(WON), {0: QUIET}, session(WON))
    assert result.entries["risk_check_passed"].tolist() == [True, True, False, False]
    assert result.entries["risk_check"].tolist()[2:] == ["account_drawdown"] * 2
    assert str(date_of(DAY + 1)) in result.entries["risk_check_reason"].iloc[3]
    assert result.account == AccountDay(50_000 + 2 * LOSS, 50_000, date_of(DAY + 1))


def test_an_account_is_lost_by_open_losses_that_are_won_back() -> None:
    """It stood 11 ticks and the costs, 194 dollars, below the entry, and won in the end."""
    dipped = session((1012, 1012, 1001, 1012), WON)
    result = replayed([MEMBER], firm(max_drawdown=194.0, drawdown="static"), dipped, session(WON))
    assert records(result.entries, "outcome", "risk_check") == [("win", None), (None, "account_drawdown")]
    assert result.account.lost_on == date_of(DAY)
    alive = replayed([MEMBER], firm(max_drawdown=194.1, drawdown="static"), dipped, session(WON))
    assert alive.account.lost_on is None


def test_a_trailing_floor_follows_the_highest_equity_at_the_end_of_a_day() -> None:
    """It ends at 50,156 on the first day, so that two losses of 204 dollars are more than 300 below."""
    run = [session(WON), session(LOST), session(LOST), session(WON)]
    assert replayed([MEMBER], firm(), *run).account.lost_on == date_of(DAY + 2)
    assert replayed([MEMBER], firm(drawdown="static"), *run).account.lost_on is None


# Halts and being flat.


def test_a_halt_is_told_with_its_time_and_check() -> None:
    both = session(LOST) | session(WON, minute=60)
    result = replayed(
        [MEMBER, member("1000", "E2")], account(limits=WIDE | {"drawdown_halt_r": -1}), both, session(WON)
    )
    (halt,) = result.halts
    minute = (int(DAY) * 1440 - 60 + 6) * 60
    assert halt == Halt(date_of(DAY), dt.datetime.fromtimestamp(minute, dt.UTC), "circuit_breaker", halt.reason)
    assert "-1.00 R" in halt.reason
    assert records(result.entries, "trading_day", "risk_check") == [
        (date_of(DAY), None),
        (date_of(DAY), "circuit_breaker"),
        (date_of(DAY + 1), None),
    ]


def test_an_account_that_is_flat_by_a_time_is_closed_on_the_last_bar_before_it() -> None:
    """09:07 in Brisbane is minute 7; what would have come after is neither traded nor refused."""
    flat_by = {"time": "09:07", "zone": "Australia/Brisbane"}
    day = session(INSIDE, ABOVE, WON) | session(WON, minute=60)
    entries = replayed([MEMBER, member("1000", "E2")], account(flat_by=flat_by), day).entries
    assert records(entries, "strategy_id", "outcome", "exit_reason", "exit_price") == [
        (MEMBER.strategy_id, "scratch", "flat_by", pytest.approx(100.5))
    ]


# Each check refuses something.

TWICE = session(LOST) | session(WON, minute=60)
REFUSED_BY: dict[str, tuple[Account, list[Any], list[Any]]] = {
    "circuit_breaker": (account(limits=WIDE | {"max_daily_loss_r": -1}), [MEMBER, member("1000", "E2")], [TWICE]),
    "account_drawdown": (firm(), [MEMBER], [session(LOST)] * 3),
    "daily_loss_limit": (firm(max_drawdown=2_000.0, daily_loss_limit=200.0), [MEMBER, member("1000", "E2")], [TWICE]),
    "max_concurrent_positions": (
        account(limits=WIDE | {"max_concurrent_positions": 1}),
        [MEMBER, member("1000", "E2")],
        [session(ABOVE) | {60: [(1005, 1010, 1001, 1005)] * 5 + [ABOVE]}],
    ),
    "max_per_orb_positions": (
        account(limits=WIDE | {"max_per_orb_positions": 1}),
        [MEMBER, member("0900", "E2", rr_target=3.0)],
        [session(WON)],
    ),
    "max_daily_trades": (account(limits=WIDE | {"max_daily_trades": 1}), [MEMBER, member("1000", "E2")], [TWICE]),
    "position_size": (account(equity=500), [MEMBER], [session(WON)]),
}


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_of_the_risk_manager_refuses_an_entry(check: str) -> None:
    of, strategies, run = REFUSED_BY[check]
    result = replayed(strategies, of, *run)
    refused = result.entries[~result.entries["risk_check_passed"]]
    assert refused["risk_check"].tolist() == [check]
    row = refused.iloc[0]
    assert row[["entry_ts", "entry_price", "target_price", "exit_ts", "outcome", "pnl_r", "pnl_dollars"]].isna().all()
    assert row["decided_price"] == pytest.approx(101.2)
    assert not pd.isna(row["risk_check_value"])
    assert not pd.isna(row["risk_check_limit"])
    assert row["risk_check_reason"]

    rows = daily_results(result.entries, of, simulated=True)
    told = rows.dropna(subset=["rejections_by_reason"])
    assert [json.loads(text) for text in told["rejections_by_reason"]] == [{check: 1}]
    assert told["rejections"].tolist() == [1]
    assert told[["trades", "pnl_r", "pnl_dollars"]].to_numpy().sum() == 0
    assert rows["rejections"].sum() == totals(result.entries, of).rejections == 1
    assert rows["simulated"].all()


def test_an_entry_that_was_allowed_with_a_warning_keeps_it() -> None:
    limits = WIDE | {"drawdown_warning_r": -1}
    entries = replayed([MEMBER, member("1000", "E2")], account(limits=limits), TWICE).entries
    assert records(entries, "risk_check_passed", "risk_check") == [(True, None), (True, None)]
    assert entries["risk_check_reason"].tolist() == [
        "all checks hold",
        "the day stands at -1.00 R, at or below the warning at -1 R",
    ]


def test_each_strategy_is_summed_up_in_portfolio_order_also_those_that_never_traded() -> None:
    idle, refused = member("1800", "E2"), member("0900", "E2", rr_target=3.0)
    run = [session(WON), session(LOST)]
    table = by_strategy(
        replayed([idle, MEMBER, refused], account(), *run).entries,
        [strategy.strategy_id for strategy in (idle, MEMBER, refused)],
    )
    assert records(table, "strategy_id", "trades", "wins", "rejections") == [
        (idle.strategy_id, 0, 0, 0),
        (MEMBER.strategy_id, 2, 1, 0),
        (refused.strategy_id, 0, 0, 2),
    ]
    assert table["win_rate"].isna().tolist() == [True, False, True]
    assert table["expectancy_r"].iloc[1] == pytest.approx((15.6 / 20.4 - 1) / 2)
    assert table["pnl_dollars"].tolist() == [0, pytest.approx(WIN + LOSS), 0]
