"""The engine's states and events, bar by bar, on hand-written days. MGC: a tick is a dollar, friction 8.40."""

from __future__ import annotations

import datetime as dt

import pytest

from orb_pipeline.execution.context import AccountDay
from orb_pipeline.execution.events import EventType, RiskDecision, TradeEvent, UnrecordedDecisionError
from orb_pipeline.execution.intake import BarError
from orb_pipeline.execution.states import TRANSITIONS, IllegalTransitionError, State, advanced
from orb_pipeline.rules.bars import Bar
from orb_pipeline_tests.execution.live import DAY_OPEN, RANGE, Live, bar, bars_of, context, flat, kinds
from orb_pipeline_tests.execution.members import member
from orb_pipeline_tests.series import DAY

ABOVE, BELOW, INSIDE = flat(1012), flat(998), flat(1005)


# Transitions.


@pytest.mark.parametrize("present", State)
@pytest.mark.parametrize("following", State)
def test_a_state_follows_another_only_where_the_table_allows_it(present: State, following: State) -> None:
    if following in TRANSITIONS[present]:
        assert advanced(present, following, "X") is following
    else:
        with pytest.raises(IllegalTransitionError, match=f"X: {following.value} cannot follow {present.value}"):
            advanced(present, following, "X")


def test_before_its_first_bar_a_session_is_idle_then_watching_then_armed() -> None:
    live = Live([member("1000", confirm_bars=3)])
    desk = live.engine._books["MGC"].desks[0]
    live.feed(bars_of(0, INSIDE))
    assert desk.orb.state is State.IDLE
    live.feed(bars_of(60, *RANGE))
    assert desk.orb.state is State.WATCHING
    assert (desk.orb.high, desk.orb.low, desk.orb.size) == (1010, 1000, 1.0)
    live.feed(bars_of(65, ABOVE))
    assert desk.orb.state is State.ARMED
    assert (desk.orb.break_dir, desk.orb.break_ts) == ("long", _utc(65))
    assert desk.orb.window_start_utc == _utc(60)
    assert desk.orb.window_end_utc == _utc(65)


def test_a_trade_counts_its_closes_and_is_armed_again_by_a_close_inside() -> None:
    live = Live([member(confirm_bars=3)])
    live.feed(bars_of(0, *RANGE, ABOVE))
    assert (live.trade().state, live.trade().confirm_count) == (State.CONFIRMING, 1)
    live.feed(bars_of(6, ABOVE, INSIDE))
    assert (live.trade().state, live.trade().confirm_count) == (State.ARMED, 0)
    live.feed(bars_of(8, ABOVE, ABOVE))
    assert (live.trade().state, live.trade().confirm_count) == (State.CONFIRMING, 2)
    assert kinds(live.feed(bars_of(10, ABOVE))) == ["ORDER"]
    assert live.trade().state is State.WORKING
    assert kinds(live.feed(bars_of(11, flat(1013)))) == ["ENTRY"]
    assert live.trade().state is State.ENTERED
    assert kinds(live.feed(bars_of(12, flat(999)))) == ["EXIT"]
    assert live.trade().state is State.EXITED


def test_a_close_at_the_edge_is_not_outside() -> None:
    live = Live([member()])
    assert live.feed(bars_of(0, *RANGE, flat(1010), flat(1000))) == []
    assert kinds(live.feed(bars_of(7, flat(999)))) == ["ORDER"]
    assert live.trade().direction == "short"


@pytest.mark.parametrize("minute", [60, 61])
def test_a_break_at_or_after_the_next_session_is_none(minute: int) -> None:
    live = Live([member()])
    assert live.feed([*bars_of(0, *RANGE), bar(minute, ABOVE)]) == []
    assert live.engine._books["MGC"].desks[0].orb.state is State.DONE
    assert live.engine.get_active_trades() == []


def test_a_break_in_the_last_minute_before_the_next_session_counts() -> None:
    live = Live([member()])
    assert kinds(live.feed([*bars_of(0, *RANGE), bar(59, ABOVE)])) == ["ORDER"]


def test_a_range_of_size_zero_never_breaks_and_one_without_a_bar_is_none() -> None:
    live = Live([member()])
    assert live.feed(bars_of(0, *[flat(1005)] * 5, ABOVE, BELOW)) == []
    late = Live([member()])
    assert late.feed([bar(5, INSIDE), bar(6, ABOVE)]) == []
    assert late.engine._books["MGC"].desks[0].orb.state is State.DONE


def test_a_strategy_whose_filter_refuses_the_range_does_nothing() -> None:
    live = Live([member(filter_type="ORB_G2"), member(filter_type="ORB_L2"), member(filter_type="VOL_RV12_N20")])
    live.feed(bars_of(0, *RANGE, ABOVE))
    assert [trade.position for trade in live.engine.get_active_trades()] == [1]


# Entry models.


def test_e1_fills_at_the_open_of_the_next_bar_and_e2_at_the_close_of_the_confirming_one() -> None:
    live = Live([member(entry_model="E1"), member(entry_model="E2")])
    first = live.feed(bars_of(0, *RANGE, (1009, 1013, 1008, 1012)))
    assert [(event.event_type.value, event.price) for event in first] == [("ORDER", None), ("ENTRY", 101.2)]
    second = live.feed(bars_of(6, (1014, 1015, 1013, 1013)))
    assert [(event.event_type.value, event.price) for event in second] == [("ENTRY", 101.4)]
    assert live.trade(0).entry_ts == _utc(6)
    assert live.trade(1).entry_ts == _utc(5)
    assert (live.trade(0).stop_price, live.trade(0).target_price) == (100.0, 104.2)


def test_e1_whose_next_open_is_at_the_stop_is_no_trade() -> None:
    live = Live([member(entry_model="E1")])
    told = live.feed(bars_of(0, *RANGE, ABOVE, flat(1000)))
    assert kinds(told) == ["ORDER", "CANCEL"]
    assert told[-1].reason == "open_at_or_through_stop"
    assert live.trade().state is State.DONE
    assert live.trade().decision is None


def test_e3_works_from_the_next_bar_and_fills_on_a_touch_at_the_edge() -> None:
    live = Live([member(entry_model="E3")])
    told = live.feed(bars_of(0, *RANGE, (1009, 1012, 1005, 1012), (1012, 1013, 1011, 1012)))
    assert [(event.event_type.value, event.price) for event in told] == [("ORDER", 101.0)]
    assert [(event.event_type.value, event.price) for event in live.feed(bars_of(7, (1013, 1014, 1010, 1012)))] == [
        ("ENTRY", 101.0)
    ]


def test_on_the_fill_bar_of_e3_only_the_stop_counts() -> None:
    live = Live([member(entry_model="E3", rr_target=1.0), member(entry_model="E3", rr_target=2.0)])
    live.feed(bars_of(0, *RANGE, ABOVE, (1011, 1040, 1010, 1012)))
    assert [trade.state for trade in live.engine.get_active_trades()] == [State.ENTERED] * 2
    stopped = Live([member(entry_model="E3")])
    assert kinds(stopped.feed(bars_of(0, *RANGE, ABOVE, (1011, 1040, 1000, 1012)))) == ["ORDER", "ENTRY", "EXIT"]
    assert stopped.trade().pnl_r == -1.0


def test_an_e3_that_is_not_touched_and_an_e1_on_the_last_bar_lapse_at_the_end_of_the_day() -> None:
    live = Live([member(entry_model="E3"), member(entry_model="E1"), member(confirm_bars=4)])
    live.feed(bars_of(0, *RANGE, ABOVE))
    told = live.end()
    assert sorted(event.reason for event in told) == ["limit_not_touched", "no_next_bar"]
    assert {trade.state for trade in live.engine.get_finished_trades()} == {State.DONE}


def test_an_e2_on_the_last_bar_is_a_scratch_at_its_close() -> None:
    live = Live([member(entry_model="E2")])
    live.feed(bars_of(0, *RANGE, ABOVE))
    (told,) = live.end()
    assert (told.event_type, told.reason, told.price, told.timestamp) == (
        EventType.SCRATCH,
        "session_end",
        101.2,
        _utc(5),
    )
    trade = live.trade()
    assert (trade.outcome, trade.exit_ts, trade.mae_r, trade.mfe_r) == ("scratch", _utc(5), 0.0, 0.0)
    assert trade.pnl_r == pytest.approx(-8.4 / (12 + 8.4))


# Exits.


@pytest.mark.parametrize(
    ("after", "reason", "price"),
    [
        ((1011, 1012, 1000, 1011), "stop_hit", 100.0),
        ((998, 1012, 997, 1011), "stop_hit", 99.8),
        ((1012, 1036, 1011, 1012), "target_hit", 103.6),
        ((1040, 1041, 990, 1000), "target_hit", 103.6),
        ((1012, 1036, 1000, 1012), "stop_hit", 100.0),
    ],
    ids=["stop", "open beyond the stop", "target", "open beyond the target", "both touched"],
)
def test_on_each_bar_open_at_stop_then_open_at_target_then_stop_then_target(
    after: tuple[int, int, int, int], reason: str, price: float
) -> None:
    live = Live([member(entry_model="E2")])
    live.feed(bars_of(0, *RANGE, ABOVE))
    (told,) = live.feed(bars_of(6, after))
    assert (told.event_type, told.reason, told.price) == (EventType.EXIT, reason, price)


def test_a_short_is_a_long_upside_down() -> None:
    live = Live([member(entry_model="E2")])
    told = live.feed(bars_of(0, *RANGE, BELOW, (990, 991, 974, 975)))
    assert [(event.direction, event.price) for event in told] == [("short", 99.8), ("short", 97.4)]
    assert (live.trade().stop_price, live.trade().target_price) == (101.0, 97.4)


# What it tells.


def test_events_come_in_the_order_of_the_rules_fills_exits_confirmations_entries_at_close() -> None:
    """On one bar: an E1 order fills, an open trade is stopped, a limit is placed and an E2 enters at the close."""
    live = Live(
        [
            member("1000", "E2", confirm_bars=2),
            member("1000", "E3", confirm_bars=2),
            member("0900", "E2"),
            member("1000", "E1"),
        ]
    )
    live.feed(bars_of(0, *RANGE, ABOVE))
    live.feed(bars_of(60, *[(1010, 1012, 1008, 1010)] * 5, flat(1013)))
    told = live.feed(bars_of(66, (1014, 1014, 1000, 1013)))
    assert [(event.event_type.value, live.engine.portfolio.strategies.index(_of(live, event))) for event in told] == [
        ("ENTRY", 3),
        ("EXIT", 2),
        ("EXIT", 3),
        ("ORDER", 1),
        ("ENTRY", 0),
    ]


def test_no_entry_and_no_rejection_exists_without_a_decision() -> None:
    facts = ("S", "MGC", dt.datetime(2024, 1, 1, tzinfo=dt.UTC), 1.0, "long", 1, "why")
    refusing = RiskDecision(False, "position_size", 1.0, 0.5, "too small")
    for kind, decision in [
        (EventType.ENTRY, None),
        (EventType.ENTRY, refusing),
        (EventType.REJECTION, None),
        (EventType.REJECTION, RiskDecision(True)),
    ]:
        with pytest.raises(UnrecordedDecisionError):
            TradeEvent(kind, *facts, decision)


def test_the_summary_tells_the_day_as_it_stands_and_after_its_end() -> None:
    live = Live([member(entry_model="E2"), member(entry_model="E3"), member(confirm_bars=5)])
    live.feed(bars_of(0, *RANGE, ABOVE, flat(1010)))
    now = live.engine.get_daily_summary()
    assert (now.trades, now.open, now.win_rate, now.pnl_r) == (2, 2, None, 0)
    live.feed(bars_of(7, flat(1000)))
    live.end()
    after = live.engine.get_daily_summary()
    assert (after.trades, after.open, after.losses, after.wins, after.scratches) == (2, 0, 2, 0, 0)
    assert (after.pnl_r, after.win_rate) == (pytest.approx(-2.0), 0.0)
    assert after.pnl_dollars == pytest.approx(-(12 + 8.4) - (10 + 8.4))


# Bars and days it does not take.


@pytest.mark.parametrize(
    ("symbol", "late", "says"),
    [
        ("MGC", bar(5, INSIDE), "doubled"),
        ("MGC", bar(4, INSIDE), "out of order"),
        ("MGC", bar(-1, INSIDE), "not of trading day"),
        ("MGC", bar(1440, INSIDE), "not of trading day"),
        ("MNQ", bar(6, INSIDE), "not traded on"),
        ("MGC", Bar(DAY_OPEN + 6, 1005.5, 1006, 1005, 1005, 1), "off the grid"),  # type: ignore[arg-type]
        ("MGC", bar(6, (1005, 1004, 1003, 1004)), "expected low <= open"),
        ("MGC", bar(6, INSIDE, volume=-1), "no negative volume"),
    ],
)
def test_a_bar_it_cannot_take_is_refused_by_name_and_changes_nothing(symbol: str, late: Bar, says: str) -> None:
    live, twin = Live([member(entry_model="E2")]), Live([member(entry_model="E2")])
    before = bars_of(0, *RANGE, ABOVE)
    live.feed(before)
    twin.feed(before)
    with pytest.raises(BarError, match=says) as caught:
        live.engine.on_bar(symbol, late)
    assert symbol in str(caught.value)
    following = bars_of(6, (1012, 1014, 1009, 1013), (1013, 1040, 1013, 1036))
    assert live.feed(following) == twin.feed(following)
    assert live.trade().mae_r == twin.trade().mae_r


def test_bars_of_one_minute_come_in_the_order_of_the_symbols() -> None:
    live = Live([member(), member(instrument="MNQ")])
    live.feed([bar(0, INSIDE)])
    live.feed([bar(0, INSIDE)], "MNQ")
    live.feed([bar(1, INSIDE)], "MNQ")
    with pytest.raises(BarError, match="out of order; the last one was that of MNQ"):
        live.feed([bar(1, INSIDE)])


def test_days_start_and_end_in_order() -> None:
    live = Live([member()])
    with pytest.raises(BarError, match="still open"):
        live.engine.on_trading_day_start(context(day=DAY + 1))
    live.end()
    with pytest.raises(BarError, match="No trading day is open"):
        live.end()
    with pytest.raises(BarError, match="while no trading day is open"):
        live.feed([bar(0, INSIDE)])
    with pytest.raises(BarError, match="not after"):
        live.engine.on_trading_day_start(context(day=DAY))
    live.engine.on_trading_day_start(context(day=DAY + 1))
    assert live.engine.get_finished_trades() == []


def test_a_day_without_front_month_takes_no_bars_of_that_instrument() -> None:
    live = Live([member()], front_month=None)
    with pytest.raises(BarError, match="not traded on"):
        live.feed([bar(0, INSIDE)])
    assert live.end() == []


def test_a_new_day_has_forgotten_the_old_one() -> None:
    live = Live([member(entry_model="E2")])
    live.feed(bars_of(0, *RANGE, ABOVE))
    live.end()
    live.engine.on_trading_day_start(context(day=DAY + 1, account=AccountDay(1.0, 1.0)))
    assert live.engine.get_daily_summary().trades == 0
    assert live.feed([Bar(DAY_OPEN + 1440 + minute, *ABOVE, 1) for minute in range(10)]) == []


# Flat by.


def test_by_its_time_everything_is_closed_at_the_last_bar_before_and_nothing_enters_after() -> None:
    live = Live([member(entry_model="E2"), member(entry_model="E3"), member("1000", "E2")], flat_by=30)
    live.feed(bars_of(0, *RANGE, ABOVE))
    told = live.feed([bar(20, flat(1015)), bar(33, flat(1010))])
    assert [(event.event_type.value, event.reason, event.timestamp, event.price) for event in told] == [
        ("SCRATCH", "flat_by", _utc(20), 101.5),
        ("CANCEL", "limit_not_touched", _utc(20), None),
    ]
    assert live.feed(bars_of(60, *RANGE, ABOVE)) == []
    assert live.end() == []


def test_the_bar_of_the_last_minute_before_it_closes_at_once() -> None:
    live = Live([member(entry_model="E2")], flat_by=10)
    live.feed(bars_of(0, *RANGE, ABOVE))
    assert kinds(live.feed([bar(9, ABOVE)])) == ["SCRATCH"]
    assert live.trade().exit_ts == _utc(9)


def test_a_day_that_ends_before_it_closes_at_its_last_bar() -> None:
    live = Live([member(entry_model="E2")], flat_by=600)
    live.feed(bars_of(0, *RANGE, ABOVE))
    (told,) = live.end()
    assert (told.reason, told.timestamp) == ("flat_by", _utc(5))


def _of(live: Live, event: TradeEvent) -> object:
    return next(item for item in live.engine.portfolio.strategies if item.strategy_id == event.strategy_id)


def _utc(minute: int) -> dt.datetime:
    return dt.datetime.fromtimestamp((DAY_OPEN + minute) * 60, dt.UTC)
