"""What should stand in the market, read from an engine at work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import pytest

from orb_pipeline.errors import ConfigurationError
from orb_pipeline.execution.brokers import DesiredOrder, Side, Wish, contract_to_trade, desired_orders, withheld_by
from orb_pipeline.execution.risk import RiskManager
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline_tests.execution.live import RANGE, TRADING_DAY, WIDE, Live, account, bar, bars_of, flat
from orb_pipeline_tests.execution.members import member
from orb_pipeline_tests.series import CATALOGUE, DAY_OPEN

ABOVE, BELOW = flat(1012), flat(997)


class Desk(Live):
    """An engine, and what should stand for it."""

    def __init__(self, strategies: Sequence[PortfolioStrategy], flat_by: int | None = None, **limits: float) -> None:
        super().__init__(strategies, RiskManager(account(limits=WIDE | limits)), flat_by=flat_by)
        self.flat_by = None if flat_by is None else DAY_OPEN + flat_by

    def wanted(self, *, entries_stopped: bool = False, must_be_flat: bool = False) -> list[DesiredOrder]:
        bars = {symbol: book.bars[-1] for symbol, book in self.engine._books.items() if book.bars}
        trades = [*self.engine.get_active_trades(), *self.engine.get_finished_trades()]
        return list(
            desired_orders(
                "25k",
                TRADING_DAY,
                {"MGC": "MGCV24"},
                trades,
                withheld_by(self.engine.risk, entries_stopped=entries_stopped),
                last_bars=bars,
                flat_by=self.flat_by,
                must_be_flat=must_be_flat,
            )
        )


def test_before_the_confirming_close_nothing_stands() -> None:
    desk = Desk([member(confirm_bars=2)])
    desk.feed(bars_of(0, *RANGE, ABOVE))
    assert desk.wanted() == []


def test_e1_is_sent_at_the_market_when_it_is_placed_with_its_target_reckoned_from_the_close() -> None:
    desk = Desk([member(entry_model="E1", rr_target=2.0)])
    desk.feed(bars_of(0, *RANGE, ABOVE))
    (order,) = desk.wanted()
    assert (order.wish, order.side, order.limit_price, order.contract) == (Wish.ENTER, Side.BUY, None, "MGCV24")
    assert (order.stop_price, order.target_price) == (Decimal("100.0"), Decimal("103.6"))
    assert order.contracts == desk.trade().contracts > 0
    assert not order.session_holds
    desk.feed([bar(6, (1014, 1014, 1013, 1013))])
    (order,) = desk.wanted()
    assert (order.wish, order.target_price, order.session_holds) == (Wish.HOLD, Decimal("104.2"), True)


def test_e2_is_sent_at_the_close_that_decides_it_and_never_later() -> None:
    desk = Desk([member(entry_model="E2")])
    desk.feed(bars_of(0, *RANGE, ABOVE))
    (order,) = desk.wanted()
    assert (order.wish, order.limit_price, order.session_holds) == (Wish.ENTER, None, True)
    desk.feed([bar(6, flat(1013))])
    assert desk.wanted()[0].wish is Wish.HOLD


def test_e3_works_at_the_edge_and_a_short_is_the_right_way_up() -> None:
    desk = Desk([member(entry_model="E3", rr_target=1.5)])
    desk.feed(bars_of(0, *RANGE, BELOW))
    (order,) = desk.wanted()
    assert (order.side, order.limit_price, order.stop_price) == (Side.SELL, Decimal("100.0"), Decimal("101.0"))
    assert order.target_price == Decimal("98.5")
    assert order.wish is Wish.ENTER


def test_an_entry_lapses_by_itself_at_the_end_of_the_day_or_when_the_account_is_flat() -> None:
    end = dt.datetime.combine(TRADING_DAY, dt.time(23), dt.UTC)
    for flat_by, expected in ((None, end), (600, end - dt.timedelta(minutes=1440 - 600))):
        desk = Desk([member(entry_model="E3")], flat_by=flat_by)
        desk.feed(bars_of(0, *RANGE, ABOVE))
        assert desk.wanted()[0].expires_at == expected


def test_while_a_limit_is_reached_working_entries_are_withheld_and_come_back() -> None:
    desk = Desk([member(entry_model="E2"), member(entry_model="E3")], max_concurrent_positions=1)
    desk.feed(bars_of(0, *RANGE, ABOVE))
    assert [order.wish for order in desk.wanted()] == [Wish.ENTER, Wish.WITHHOLD]
    desk.feed([bar(6, (1012, 1040, 1012, 1036))])  # the first wins, its place is free
    assert {order.key.strategy_id: order.wish for order in desk.wanted()} == {
        member(entry_model="E2").strategy_id: Wish.FLAT,
        member(entry_model="E3").strategy_id: Wish.ENTER,
    }


def test_a_halt_and_stopped_entries_withhold_what_works_and_leave_positions_alone() -> None:
    desk = Desk([member(entry_model="E2", rr_target=4.0), member(entry_model="E3")])
    desk.feed(bars_of(0, *RANGE, ABOVE, flat(1013)))
    assert [order.wish for order in desk.wanted()] == [Wish.HOLD, Wish.ENTER]
    assert [order.wish for order in desk.wanted(entries_stopped=True)] == [Wish.HOLD, Wish.WITHHOLD]
    halted = Desk([member("0900", "E2"), member("1000", "E3")], drawdown_halt_r=-1)
    halted.feed(bars_of(0, *RANGE, ABOVE, flat(1000)))
    halted.feed(bars_of(60, *RANGE, ABOVE))
    assert [order.wish for order in halted.wanted()] == [Wish.WITHHOLD, Wish.FLAT]


@pytest.mark.parametrize(
    "ending",
    [
        (1012, 1040, 1012, 1036),  # target
        (1012, 1012, 999, 1000),  # stop
    ],
)
def test_what_has_ended_is_wished_flat(ending: tuple[int, int, int, int]) -> None:
    desk = Desk([member(entry_model="E2")])
    desk.feed(bars_of(0, *RANGE, ABOVE, ending))
    assert [order.wish for order in desk.wanted()] == [Wish.FLAT]


def test_an_entry_that_the_session_refused_or_abandoned_is_wished_flat_since_the_broker_may_have_filled_it() -> None:
    desk = Desk([member(entry_model="E1")])
    desk.feed(bars_of(0, *RANGE, ABOVE, flat(1000)))  # opens at the stop
    assert [order.wish for order in desk.wanted()] == [Wish.FLAT]


def test_flat_by_closes_all_at_the_last_close_before_it_and_the_clock_may_say_so_first() -> None:
    desk = Desk([member(entry_model="E2"), member(entry_model="E3")], flat_by=8)
    desk.feed(bars_of(0, *RANGE, ABOVE, flat(1013)))
    assert [order.wish for order in desk.wanted()] == [Wish.HOLD, Wish.ENTER]
    assert [order.wish for order in desk.wanted(must_be_flat=True)] == [Wish.FLAT, Wish.FLAT]
    desk.feed([bar(7, flat(1013))])
    assert [order.wish for order in desk.wanted()] == [Wish.FLAT, Wish.FLAT]


def test_a_size_of_none_is_never_sent() -> None:
    desk = Desk([member(entry_model="E3")])
    desk.feed(bars_of(0, *[(5000, 9000, 1000, 5000)] * 5, flat(9100)))  # 8,000 dollars a contract
    assert desk.trade().contracts == 0
    assert desk.wanted() == []


@pytest.mark.parametrize(
    ("symbol", "front_month", "traded"),
    [("MGC", "MGCZ25", "MGCZ25"), ("GC", "GCZ25", "MGCZ25"), ("ES", "ESH26", "MESH26"), ("MNQ", "MNQH26", "MNQH26")],
)
def test_the_contract_that_is_traded_is_the_small_one_of_the_same_month(
    symbol: str, front_month: str, traded: str
) -> None:
    assert contract_to_trade(CATALOGUE.instrument(symbol), front_month) == traded


def test_spot_has_no_contract_to_trade() -> None:
    with pytest.raises(ConfigurationError, match="XAUUSD is traded as MGC, but XAUUSD is no contract"):
        contract_to_trade(CATALOGUE.instrument("XAUUSD"), "XAUUSD")
