"""Whatever the bars and the limits: what the engine tells never breaks one of them."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.catalogue import Account, Grid
from orb_pipeline.execution.engine import ExecutionEngine
from orb_pipeline.execution.events import EventType, TradeEvent
from orb_pipeline.execution.history import History, context_of
from orb_pipeline.execution.ledger import AccountLedger
from orb_pipeline.execution.risk import RiskManager
from orb_pipeline.execution.trade import ActiveTrade
from orb_pipeline.market.trading_day import date_of
from orb_pipeline.research.study import Study
from orb_pipeline.rules.bars import Bar
from orb_pipeline_tests.execution.live import account
from orb_pipeline_tests.execution.members import portfolio_of, whole_grid
from orb_pipeline_tests.properties.random_market import random_bars
from orb_pipeline_tests.series import BRISBANE, CATALOGUE, MGC, series_of

GRID = Grid(
    orb_minutes=5,
    rr_targets=(1.0, 2.0),
    confirm_bars=(1, 2),
    entry_models=("E1", "E2", "E3"),
    filters=("NO_FILTER", "ORB_L2"),
)


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    halt = draw(st.sampled_from([-0.5, -1.0, -2.0, -5.0]))
    limits = {
        "max_concurrent_positions": draw(st.integers(1, 6)),
        "max_per_orb_positions": draw(st.integers(1, 4)),
        "max_daily_trades": draw(st.integers(1, 12)),
        "drawdown_halt_r": halt,
        "max_daily_loss_r": draw(st.sampled_from([halt, -99.0])),
        "drawdown_warning_r": -0.25,
    }
    if draw(st.booleans()):
        return account(limits=limits, flat_by=None)
    firm = {
        "max_drawdown": draw(st.sampled_from([150.0, 2_000.0])),
        "daily_loss_limit": draw(st.sampled_from([60, None])),
    }
    return account("prop_50k_trailing", limits=limits, prop_firm=firm, risk_per_trade_pct=50.0)


@settings(max_examples=80, deadline=None)
@given(bars=random_bars(), of=accounts(), order=st.randoms(use_true_random=False), flat_by=st.sampled_from([None, 90]))
def test_no_stream_of_bars_makes_it_break_a_limit(
    bars: list[Bar], of: Account, order: object, flat_by: int | None
) -> None:
    if not bars:
        return
    strategies = whole_grid(GRID, BRISBANE.labels)
    order.shuffle(strategies)  # type: ignore[attr-defined]
    portfolio = portfolio_of(strategies)
    history = History(Study(series_of(bars), MGC, BRISBANE, GRID))
    risk = RiskManager(of)
    engine = ExecutionEngine(portfolio, CATALOGUE.instruments, risk)
    ledger = AccountLedger(of)
    for day in history.days.tolist():
        flat = None if flat_by is None else day * 1440 - 60 + flat_by
        engine.on_trading_day_start(context_of({"MGC": history}, day, ledger.today, flat))
        was_lost = ledger.today.lost_on is not None
        events: list[list[TradeEvent]] = [engine.on_bar("MGC", one) for one in history.bars(day)]
        events.append(engine.on_trading_day_end())
        trades = {trade.strategy_id: trade for trade in engine.get_finished_trades()}
        check_day(of, events, trades)
        if was_lost:
            assert not any(event.event_type is EventType.ENTRY for bar in events for event in bar)
        ledger.close_day(date_of(day), engine.get_daily_summary().pnl_dollars, risk.is_lost)


def check_day(of: Account, events: list[list[TradeEvent]], trades: dict[str, ActiveTrade]) -> None:
    """Follow the events of a day, bar by bar, and count for ourselves."""
    limits = of.limits
    open_by_session: Counter[str] = Counter()
    entries, realised, halted = 0, 0.0, False
    for of_bar in events:
        exits_over = False  # on one bar, entries after its exits come at its close
        for event in of_bar:
            if event.event_type is EventType.HALT:
                halted = True
                continue
            assert event.strategy_id is not None
            trade = trades[event.strategy_id]
            if event.event_type is EventType.ENTRY:
                assert not halted
                assert realised > limits.halt_r + 1e-9 or not exits_over
                assert event.decision is not None
                assert 1 <= event.contracts <= trade.strategy.max_contracts
                open_by_session[trade.strategy.orb_label] += 1
                entries += 1
            elif event.event_type in (EventType.EXIT, EventType.SCRATCH):
                exits_over = True
                open_by_session[trade.strategy.orb_label] -= 1
                assert trade.pnl_r is not None
                realised += trade.pnl_r
            assert sum(open_by_session.values()) <= limits.max_concurrent_positions
            assert max(open_by_session.values(), default=0) <= limits.max_per_orb_positions
            assert entries <= limits.max_daily_trades
        halted |= realised <= limits.halt_r + 1e-9
    assert sum(open_by_session.values()) == 0
