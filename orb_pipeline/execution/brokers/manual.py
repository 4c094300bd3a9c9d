"""Fills that somebody types in, where orders are not sent by a program."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orb_pipeline.catalogue import Instrument
from orb_pipeline.errors import InputError
from orb_pipeline.execution.brokers.holdings import holdings_of
from orb_pipeline.execution.brokers.ids import Leg, TradeKey
from orb_pipeline.execution.brokers.orders import BrokerFill, DesiredOrder
from orb_pipeline.market.ticks import to_ticks
from orb_pipeline.market.trading_day import day_open, number_of

MANUAL = "manual"


@dataclass(frozen=True)
class ManualFill:
    """What was typed: `quantity` contracts of a leg, at `price` points, at an aware time."""

    key: TradeKey
    leg: Leg
    quantity: int
    price: float
    filled_at: dt.datetime


def enter_manual_fill(
    typed: ManualFill,
    desired: Sequence[DesiredOrder],
    stored_fills: Iterable[BrokerFill],
    instruments: Mapping[str, Instrument],
    now: dt.datetime,
) -> BrokerFill:
    """The fill to store. Typed twice it has the same execution id, and so counts once.

    Args:
        desired: of the trading day, trades that are over included.
        stored_fills: that are known so far.
        instruments: by symbol.
        now: aware.

    Raises:
        InputError: no such trade; a price off the grid; a time before the trading day or to come; more contracts than
            the leg has left.
    """
    order = _order(typed, desired)
    _check_price(typed, instruments[order.instrument])
    filled_at = _checked_time(typed, now)
    side = order.side if typed.leg is Leg.ENTRY else order.side.opposite
    name = f"{MANUAL}:{typed.key.client_id(typed.leg)}:{filled_at:%Y%m%dT%H%M%S}:{typed.quantity}@{typed.price:g}"
    others = [fill for fill in stored_fills if fill.execution_id != name]
    _check_quantity(typed, order, others)
    return BrokerFill(
        execution_id=name,
        client_id=typed.key.client_id(typed.leg),
        contract=order.contract,
        side=side,
        quantity=typed.quantity,
        price=typed.price,
        filled_at=filled_at,
        source=MANUAL,
    )


def _order(typed: ManualFill, desired: Sequence[DesiredOrder]) -> DesiredOrder:
    found = next((order for order in desired if order.key == typed.key), None)
    if found is None:
        known = ", ".join(order.key.strategy_id for order in desired) or "none"
        message = (
            f"{typed.key.strategy_id} has no order on {typed.key.trading_day} in account {typed.key.account}. Orders "
            f"of that day: {known}. Name one of them, or the trade's day with --day: a position may be closed after it."
        )
        raise InputError(message)
    return found


def _check_price(typed: ManualFill, instrument: Instrument) -> None:
    is_price = math.isfinite(typed.price) and typed.price > 0
    if not is_price or not to_ticks([typed.price], instrument.tick)[1][0]:
        message = (
            f"A fill of {typed.key.strategy_id} at {typed.price} is no price of {instrument.symbol}; expected a "
            f"positive multiple of its tick, {instrument.tick}. Enter the price that the broker confirmed."
        )
        raise InputError(message)


def _checked_time(typed: ManualFill, now: dt.datetime) -> dt.datetime:
    if typed.filled_at.tzinfo is None:
        message = f"The time {typed.filled_at} of a fill has no zone; add one, such as 2026-02-09T13:45+00:00."
        raise InputError(message)
    filled_at = typed.filled_at.astimezone(dt.UTC)
    first = dt.datetime.fromtimestamp(int(day_open(number_of(typed.key.trading_day))) * 60, dt.UTC)
    if not first <= filled_at <= now:
        message = (
            f"A fill at {filled_at:%Y-%m-%d %H:%M} UTC comes before trading day {typed.key.trading_day} begins "
            f"({first:%Y-%m-%d %H:%M} UTC) or lies in the future. Enter its real time."
        )
        raise InputError(message)
    return filled_at


def _check_quantity(typed: ManualFill, order: DesiredOrder, fills: Sequence[BrokerFill]) -> None:
    holding = holdings_of(fills).get(typed.key)
    entered = 0 if holding is None else order.side.sign * holding.entered
    held = 0 if holding is None else order.side.sign * holding.position
    left = order.contracts - entered if typed.leg is Leg.ENTRY else held
    if not 0 < typed.quantity <= left:
        message = (
            f"{typed.quantity} contracts cannot have filled: the {typed.leg.value} of {typed.key.strategy_id} has "
            f"{left} left ({entered} of {order.contracts} entered, {held} held). Enter what the broker confirmed, "
            "entries before exits."
        )
        raise InputError(message)
