"""What should stand in the market by what the session has traded so far: a pure function of the engine's trades."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from orb_pipeline.catalogue import Instrument
from orb_pipeline.errors import ConfigurationError
from orb_pipeline.execution.brokers.ids import TradeKey
from orb_pipeline.execution.brokers.orders import DesiredOrder, Side, Wish
from orb_pipeline.execution.risk import Risk
from orb_pipeline.execution.states import State
from orb_pipeline.execution.trade import ActiveTrade, stamp
from orb_pipeline.market.trading_day import day_open, number_of
from orb_pipeline.rules.bars import Bar
from orb_pipeline.rules.entries import target_price

Withheld = Callable[[ActiveTrade], bool]


def desired_orders(
    account: str,
    trading_day: dt.date,
    contract_of_instrument: Mapping[str, str],
    trades: Iterable[ActiveTrade],
    is_withdrawn: Withheld,
    *,
    last_bars: Mapping[str, Bar],
    flat_by: int | None = None,
    must_be_flat: bool = False,
) -> tuple[DesiredOrder, ...]:
    """Of each trade that has been given a size, in their order: its entry and bracket, its position, or nothing.

    An E1 order is sent at the market when it is placed, so before the bar that fills it by the rules; its target is
    reckoned from the last close until the session has the fill, and then moved. A trade that ended, was refused or
    found no entry is wished FLAT, whatever the broker has made of its orders.

    Args:
        account: its name.
        contract_of_instrument: symbol -> the code that is traded for it; see `contract_to_trade`.
        trades: the day's, finished ones included.
        is_withdrawn: whether the entry of this working trade may not stand now; see `withheld_by`.
        last_bars: the last bar that the session has taken, by symbol (not turned).
        flat_by: minute since the epoch after which nothing may be entered; None: the end of the day.
        must_be_flat: that time has come by the clock, whether or not a bar has.
    """
    ends = int(day_open(number_of(trading_day) + 1))
    expires_at = stamp(ends if flat_by is None else min(ends, flat_by))
    assert expires_at is not None  # noqa: S101 - of a minute that is there
    orders = []
    for trade in trades:
        if trade.contracts == 0:
            continue
        last = last_bars[trade.strategy.instrument]
        orders.append(
            DesiredOrder(
                key=TradeKey(account, trading_day, trade.strategy_id),
                instrument=trade.strategy.instrument,
                contract=contract_of_instrument[trade.strategy.instrument],
                side=Side.BUY if trade.orb.sign > 0 else Side.SELL,
                contracts=trade.contracts,
                limit_price=_price(trade, trade.orb.edge) if trade.is_limit else None,
                stop_price=_price(trade, trade.stop),
                target_price=_price(trade, _target(trade, last)),
                wish=Wish.FLAT if must_be_flat else _wish(trade, last, is_withdrawn),
                expires_at=expires_at,
                session_holds=trade.state is State.ENTERED,
            )
        )
    return tuple(orders)


def withheld_by(risk: Risk, *, entries_stopped: bool = False) -> Withheld:
    """Whether a working entry would be refused if it filled now: a limit is reached, a halt latched, entries stopped.

    It asks the session's own risk manager, as it stands after the last bar.
    """
    return lambda trade: entries_stopped or not risk.can_enter(trade).allowed


def contract_to_trade(instrument: Instrument, front_month: str) -> str:
    """The contract that is bought for `front_month`: of GC, traded as MGC, MGCZ25 for GCZ25.

    Raises:
        ConfigurationError: it is sized as a future and has no contracts of its own (spot).
    """
    traded_as, prefix = instrument.traded_as, instrument.contract_prefix
    if traded_as is None or traded_as == instrument.symbol:
        return front_month
    if prefix is None or re.fullmatch(rf"{re.escape(prefix)}[A-Z]\d\d", front_month) is None:
        message = (
            f"{instrument.symbol} is traded as {traded_as}, but {front_month} is no contract of {prefix or 'a future'} "
            f"that tells which {traded_as} to buy. Trade {traded_as} itself, or leave this account at `broker: paper`."
        )
        raise ConfigurationError(message)
    return traded_as + front_month.removeprefix(prefix)


def _wish(trade: ActiveTrade, last: Bar, is_withdrawn: Withheld) -> Wish:
    if trade.state is State.WORKING:
        return Wish.WITHHOLD if is_withdrawn(trade) else Wish.ENTER
    if trade.state is State.ENTERED:
        is_at_this_close = trade.entry_model == "E2" and trade.entry_minute == last.minute
        return Wish.ENTER if is_at_this_close else Wish.HOLD
    return Wish.FLAT


def _target(trade: ActiveTrade, last: Bar) -> int:
    """Turned ticks."""
    if trade.entry is not None:
        return trade.target
    entry = trade.orb.edge if trade.is_limit else trade.orb.sign * last.close
    return target_price(entry, trade.stop, round(trade.strategy.rr_target * 10))


def _price(trade: ActiveTrade, turned: int) -> Decimal:
    """Exactly on the grid."""
    return trade.orb.sign * turned * trade.instrument.tick
