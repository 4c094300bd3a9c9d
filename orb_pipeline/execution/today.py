"""A paper day as a person looks at it: each range, and what each strategy waits for, holds or has done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from orb_pipeline.catalogue import Instrument
from orb_pipeline.catalogue.models import VOLUME_FILTER
from orb_pipeline.execution.events import EventType
from orb_pipeline.execution.live_orb import LiveORB
from orb_pipeline.execution.paper import DaySoFar, PaperDay
from orb_pipeline.execution.states import State
from orb_pipeline.execution.trade import ActiveTrade
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline.portfolio.sizing import compute_position_size
from orb_pipeline.rules.costs import pnl_r
from orb_pipeline.rules.entries import target_price
from orb_pipeline.rules.filters import is_eligible

Session = tuple[str, str]  # instrument, label


@dataclass(frozen=True)
class RangeToday:
    """A session's range as it stands.

    Attributes:
        starts_at, ends_at: of the range, UTC.
        state: `waiting` before its start, `forming`, `complete`, `broken`, or `no_break` where none can come any more.
        high, low, size: points; None before the range has a bar.
        direction: of the break; broke_at: its bar.
        filters: of the strategies that trade it -> whether the day passes; None: not known before the break.
    """

    instrument: str
    orb_label: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    state: str
    high: float | None
    low: float | None
    size: float | None
    direction: str | None
    broke_at: dt.datetime | None
    filters: Mapping[str, bool | None]


@dataclass(frozen=True)
class StrategyToday:
    """What one strategy stands at.

    Attributes:
        state: `waiting` for its break, `not_eligible`, `no_break`, or the state of its trade: `armed`, `confirming`,
            `working`, `entered`, `exited`, `refused`, `cancelled`.
        closes: outside in a row, of those that it needs.
        contracts: of the order; before it is placed what it would be given with the entry at the range's edge. None
            where there is no range yet.
        entry, stop, target: points; until a fill was put to the risk manager those of an entry at the edge
            (`is_planned`). None before the break.
        result_r: of an exited trade; of an open one what closing at the last bar would make.
        blocked_by: the check that would refuse its entry now; reason: in words, of that, or of how it ended.
    """

    position: int
    strategy_id: str
    instrument: str
    orb_label: str
    state: str
    direction: str | None = None
    closes: int = 0
    confirm_bars: int = 1
    contracts: int | None = None
    entry: float | None = None
    stop: float | None = None
    target: float | None = None
    is_planned: bool = True
    entered_at: dt.datetime | None = None
    exited_at: dt.datetime | None = None
    exit: float | None = None
    result_r: float | None = None
    blocked_by: str | None = None
    reason: str | None = None


def ranges_today(day: PaperDay, so_far: DaySoFar) -> list[RangeToday]:
    """The sessions that are traded, in order of instrument and time."""
    return [_range(day, so_far, orb) for orb in so_far.ranges]


def strategies_today(day: PaperDay, so_far: DaySoFar) -> list[StrategyToday]:
    """Every member of the portfolio, in its order."""
    trades = {trade.strategy_id: trade for trade in so_far.trades}
    orbs = {(orb.instrument.symbol, orb.label): orb for orb in so_far.ranges}
    cancelled = {
        str(event.strategy_id): event.reason for event in so_far.events if event.event_type is EventType.CANCEL
    }
    found = []
    for position, strategy in enumerate(day.portfolio.strategies, start=1):
        trade = trades.get(strategy.strategy_id)
        if trade is None:
            found.append(_without_trade(day, so_far, position, strategy, orbs.get(strategy.session)))
        else:
            found.append(_with_trade(day, so_far, position, trade, cancelled.get(strategy.strategy_id)))
    return found


def _range(day: PaperDay, so_far: DaySoFar, orb: LiveORB) -> RangeToday:
    names = dict.fromkeys(item.filter_type for item in _members(day, orb))
    traded = {trade.strategy.filter_type for trade in so_far.trades if trade.orb is orb}
    return RangeToday(
        instrument=orb.instrument.symbol,
        orb_label=orb.label,
        starts_at=orb.window_start_utc,
        ends_at=orb.window_end_utc,
        state=_state_of(orb, _last_minute(so_far, orb)),
        high=None if orb.high is None else orb.points(orb.high),
        low=None if orb.low is None else orb.points(orb.low),
        size=orb.size,
        direction=orb.break_dir,
        broke_at=orb.break_ts,
        filters={name: name in traded if orb.sign else _passes(name, orb) for name in names},
    )


def _passes(name: str, orb: LiveORB) -> bool | None:
    """Whether the range passes a filter, as far as that is known before the break."""
    if name == VOLUME_FILTER or orb.high is None:
        return None
    return is_eligible(name, orb.instrument, orb.size_ticks, None)


def _state_of(orb: LiveORB, last: int | None) -> str:
    if orb.state is State.ARMED:
        return "broken"
    if orb.state is State.DONE or (last is not None and last >= orb.window.deadline - 1):
        return "no_break"
    if orb.state is State.IDLE or last is None:
        return "waiting"
    if last < orb.window.range_end - 1:
        return "forming"
    return "complete" if orb.size_ticks else "no_break"


def _without_trade(
    day: PaperDay, so_far: DaySoFar, position: int, strategy: PortfolioStrategy, orb: LiveORB | None
) -> StrategyToday:
    """Before the break, or where none concerns it."""
    state, reason, contracts = "waiting", None, None
    range_state = "no_break" if orb is None else _state_of(orb, _last_minute(so_far, orb))
    if orb is None:
        state, reason = "no_break", "no front month, or no such session today"
    elif range_state == "broken" or (range_state == "complete" and _passes(strategy.filter_type, orb) is False):
        state, reason = "not_eligible", strategy.filter_type
    elif range_state == "no_break":
        state = "no_break"
    elif range_state == "complete":
        contracts = _planned_contracts(day, strategy, orb.instrument, orb.size_ticks)
    refusal = so_far.halt if state == "waiting" else None
    return StrategyToday(
        position=position,
        strategy_id=strategy.strategy_id,
        instrument=strategy.instrument,
        orb_label=strategy.orb_label,
        state=state,
        confirm_bars=strategy.confirm_bars,
        contracts=contracts,
        blocked_by=refusal.check if refusal else None,
        reason=refusal.reason if refusal else reason,
    )


def _with_trade(
    day: PaperDay, so_far: DaySoFar, position: int, trade: ActiveTrade, cancelled: str | None
) -> StrategyToday:
    """From the break on."""
    edge = trade.orb.edge
    entry = edge if trade.decided_price is None else trade.decided_price
    tenths = round(trade.strategy.rr_target * 10)
    blocked_by, reason = _why(so_far, trade, cancelled)
    return StrategyToday(
        position=position,
        strategy_id=trade.strategy_id,
        instrument=trade.strategy.instrument,
        orb_label=trade.strategy.orb_label,
        state=_trade_state(trade),
        direction=trade.direction,
        closes=trade.confirm_count,
        confirm_bars=trade.confirm_needed,
        contracts=trade.contracts
        if trade.size is not None
        else _planned_contracts(day, trade.strategy, trade.instrument, edge - trade.stop),
        entry=trade.points(entry),
        stop=trade.points(trade.stop),
        target=trade.points(target_price(entry, trade.stop, tenths)),
        is_planned=trade.decision is None,
        entered_at=trade.entry_ts,
        exited_at=trade.exit_ts,
        exit=trade.exit_price,
        result_r=trade.pnl_r if trade.exit is not None else _open_result(so_far, trade),
        blocked_by=blocked_by,
        reason=reason,
    )


def _trade_state(trade: ActiveTrade) -> str:
    if trade.state is State.DONE:
        return "refused" if trade.decision is not None and not trade.decision.allowed else "cancelled"
    return str(trade.state.value).lower()


def _why(so_far: DaySoFar, trade: ActiveTrade, cancelled: str | None) -> tuple[str | None, str | None]:
    """The check in the way of a trade, and the reason in words."""
    if trade.state is State.DONE:
        decision = trade.decision
        return (None, cancelled or "not_confirmed") if decision is None else (decision.check, decision.reason)
    if trade.state is State.EXITED:
        return None, trade.exit_reason
    if trade.state is State.ENTERED:
        return None, None
    refusal = so_far.risk.can_enter(trade)
    return (None, None) if refusal.allowed else (refusal.check, refusal.reason)


def _open_result(so_far: DaySoFar, trade: ActiveTrade) -> float | None:
    """What closing at the last bar would make, in R; None without a position."""
    last = so_far.last_bars.get(trade.strategy.instrument)
    if trade.entry is None or last is None:
        return None
    gained = trade.orb.sign * last.close - trade.entry
    return pnl_r(gained, trade.entry - trade.stop, trade.instrument.tick_value, trade.instrument.friction)


def _planned_contracts(day: PaperDay, strategy: PortfolioStrategy, instrument: Instrument, risk_ticks: int) -> int:
    equity = day.context.account.equity
    return compute_position_size(day.account, equity, strategy, instrument, risk_ticks).contracts


def _members(day: PaperDay, orb: LiveORB) -> list[PortfolioStrategy]:
    session: Session = (orb.instrument.symbol, orb.label)
    return [strategy for strategy in day.portfolio.strategies if strategy.session == session]


def _last_minute(so_far: DaySoFar, orb: LiveORB) -> int | None:
    last = so_far.last_bars.get(orb.instrument.symbol)
    return None if last is None else last.minute
