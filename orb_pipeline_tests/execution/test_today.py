"""A paper day as a person looks at it, from before its first bar to after its last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from orb_pipeline.execution.events import RiskDecision
from orb_pipeline.execution.paper import DaySoFar, PaperBar, PaperDay, trade_day
from orb_pipeline.execution.risk import HALTED
from orb_pipeline.execution.today import RangeToday, StrategyToday, ranges_today, strategies_today
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline_tests.execution.live import INSTRUMENTS, RANGE, WIDE, Ohlc, account, bars_of, context, flat
from orb_pipeline_tests.execution.members import member, portfolio_of

BREAK, INSIDE = flat(1012), flat(1005)


def day_of(
    members: Sequence[PortfolioStrategy], limits: Mapping[str, float] = WIDE, front_month: str | None = "front"
) -> PaperDay:
    terms = account(limits=limits)
    return PaperDay(portfolio_of(members), terms, INSTRUMENTS, context(front_month=front_month))


def traded(day: PaperDay, *rows: Ohlc, is_over: bool = False) -> DaySoFar:
    """The day after a bar a minute from its opening on."""
    bars = [PaperBar("MGC", bar, number) for number, bar in enumerate(bars_of(0, *rows), start=1)]
    return trade_day(day, bars, is_over=is_over)


def seen(
    members: Sequence[PortfolioStrategy], *rows: Ohlc, **options: object
) -> tuple[RangeToday, list[StrategyToday]]:
    """The first session's range and every strategy."""
    is_over = bool(options.pop("is_over", False))
    day = day_of(members, **options)  # type: ignore[arg-type]
    so_far = traded(day, *rows, is_over=is_over)
    return ranges_today(day, so_far)[0], strategies_today(day, so_far)


@pytest.mark.parametrize(
    ("rows", "state", "size"),
    [
        ([], "waiting", None),
        (RANGE[:2], "forming", 1.0),
        (RANGE, "complete", 1.0),
        ([*RANGE, INSIDE], "complete", 1.0),
        ([*RANGE, BREAK], "broken", 1.0),
        ([*RANGE, *[INSIDE] * 55], "no_break", 1.0),
    ],
)
def test_a_range_is_followed_from_before_its_start(rows: list[Ohlc], state: str, size: float | None) -> None:
    found, _ = seen([member(entry_model="E3")], *rows)
    assert (found.state, found.size) == (state, size)
    assert (found.high, found.low) == ((None, None) if size is None else (101.0, 100.0))


def test_a_broken_range_names_direction_and_bar() -> None:
    found, _ = seen([member()], *RANGE, flat(998))
    assert found.direction == "short"
    assert found.broke_at == found.ends_at


def test_filters_are_known_once_the_range_is_and_the_volume_with_the_break() -> None:
    members = [member(filter_type=name) for name in ("NO_FILTER", "ORB_G4", "VOL_RV12_N20")]
    forming, _ = seen(members)
    complete, strategies = seen(members, *RANGE)
    broken, after = seen(members, *RANGE, BREAK)
    assert set(forming.filters.values()) == {None}
    assert complete.filters == {"NO_FILTER": True, "ORB_G4": False, "VOL_RV12_N20": None}
    assert broken.filters == {"NO_FILTER": True, "ORB_G4": False, "VOL_RV12_N20": False}
    assert [item.state for item in strategies] == ["waiting", "not_eligible", "waiting"]
    assert [item.state for item in after] == ["working", "not_eligible", "not_eligible"]


def test_before_the_break_the_size_is_that_of_an_entry_at_the_edge() -> None:
    _, (item,) = seen([member(max_contracts=99)], *RANGE)
    assert (item.state, item.contracts, item.entry) == ("waiting", 50, None)  # 500 dollars at 10 a contract


def test_an_armed_strategy_shows_its_levels_and_how_many_closes_it_has() -> None:
    _, (confirming,) = seen([member(confirm_bars=2)], *RANGE, BREAK)
    _, (armed,) = seen([member(confirm_bars=2)], *RANGE, BREAK, INSIDE)
    assert (confirming.state, confirming.closes, confirming.confirm_bars) == ("confirming", 1, 2)
    assert (armed.state, armed.closes, armed.direction, armed.is_planned) == ("armed", 0, "long", True)
    assert (armed.entry, armed.stop, armed.target) == (101.0, 100.0, 103.0)


def test_a_working_limit_shows_its_order() -> None:
    _, (item,) = seen([member(entry_model="E3", rr_target=1.5)], *RANGE, BREAK)
    assert (item.state, item.entry, item.stop, item.target) == ("working", 101.0, 100.0, 102.5)
    assert (item.contracts, item.blocked_by) == (10, None)


def test_an_open_trade_shows_what_closing_it_now_would_make() -> None:
    _, (item,) = seen([member(entry_model="E2")], *RANGE, BREAK, flat(1016))
    assert (item.state, item.entry, item.is_planned) == ("entered", 101.2, False)
    assert item.result_r == pytest.approx((4 - 8.4) / (12 + 8.4))


def test_a_finished_trade_shows_its_result_and_reason() -> None:
    _, (item,) = seen([member(entry_model="E2")], *RANGE, BREAK, flat(999))
    assert (item.state, item.exit, item.reason) == ("exited", 99.9, "stop_hit")
    assert item.result_r is not None
    assert item.result_r < -1


def test_a_working_order_that_would_be_refused_says_by_which_check() -> None:
    members = [member(entry_model="E2"), member(entry_model="E3")]
    _, (first, second) = seen(members, *RANGE, BREAK, limits=WIDE | {"max_concurrent_positions": 1})
    assert (first.state, second.state) == ("entered", "working")
    assert second.blocked_by == "max_concurrent_positions"
    assert second.reason == "1 open positions, at most 1"


def test_a_refused_entry_keeps_the_price_and_the_reason() -> None:
    members = [member(entry_model="E2"), member(entry_model="E2", rr_target=3.0)]
    _, (_, second) = seen(members, *RANGE, BREAK, limits=WIDE | {"max_concurrent_positions": 1})
    assert (second.state, second.entry, second.is_planned) == ("refused", 101.2, False)
    assert second.blocked_by == "max_concurrent_positions"


def test_an_order_that_lapsed_says_why() -> None:
    _, (item,) = seen([member(entry_model="E3")], *RANGE, BREAK, is_over=True)
    assert (item.state, item.reason) == ("cancelled", "limit_not_touched")


def test_a_halt_from_outside_blocks_what_is_armed() -> None:
    day = day_of([member(entry_model="E3")])
    so_far = traded(day, *RANGE, BREAK)
    so_far.risk.stopped = RiskDecision(allowed=False, check=HALTED, reason="news")
    (item,) = strategies_today(day, so_far)
    assert (item.blocked_by, item.reason) == ("halt", "news")


def test_without_a_front_month_nothing_is_traded() -> None:
    day = day_of([member()], front_month=None)
    so_far = traded(day)
    assert ranges_today(day, so_far) == []
    (item,) = strategies_today(day, so_far)
    assert item.state == "no_break"
