"""One strategy on one day and session, from range to exit: the reference every faster reading is checked against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orb_pipeline.rules.bars import Bar, mirrored
from orb_pipeline.rules.costs import excursion_r, pnl_r
from orb_pipeline.rules.entries import find_confirmation, find_entry, target_price
from orb_pipeline.rules.exits import Outcome, find_exit
from orb_pipeline.rules.ranges import Break, OpeningRange


@dataclass(frozen=True)
class Trade:
    """A finished trade: minutes since the epoch, prices in ticks, results in R."""

    entry_minute: int
    entry: int
    stop: int
    target: int
    outcome: Outcome
    exit_minute: int
    exit: int
    pnl_r: float
    mae_r: float
    mfe_r: float


@dataclass(frozen=True)
class LongView:
    """A day with a broken range, turned so that the break is upward: a short is a long on mirrored bars.

    Attributes:
        bars: the trading day's bars in order.
        sign: 1 as they are, -1 mirrored; times it, a price is the right way up again.
        edge: the broken edge of the range; stop: the opposite one.
        break_index: the break bar's place in `bars`.
    """

    bars: Sequence[Bar]
    sign: int
    edge: int
    stop: int
    break_index: int

    @classmethod
    def of(cls, day: Sequence[Bar], opening_range: OpeningRange, broken: Break) -> LongView:
        if broken.direction == "long":
            return cls(day, 1, opening_range.high, opening_range.low, broken.index)
        return cls([mirrored(bar) for bar in day], -1, -opening_range.low, -opening_range.high, broken.index)


def trade_of(
    view: LongView,
    *,
    model: str,
    confirm_bars: int,
    rr_tenths: int,
    tick_value: float,
    friction: float,
    through_ticks: int = 0,
) -> Trade | None:
    """The trade a strategy makes of a broken range, None where no entry fills.

    Args:
        tick_value: dollars a tick.
        friction: dollars a round trip (F of RULES.md).
        through_ticks: see find_entry.
    """
    bars, sign, stop = view.bars, view.sign, view.stop
    confirmed = find_confirmation(bars, view.break_index, view.edge, confirm_bars)
    entry = None if confirmed is None else find_entry(bars, model, confirmed, view.edge, stop, through_ticks)
    if entry is None:
        return None
    target = target_price(entry.price, stop, rr_tenths)
    done = find_exit(bars, entry, stop, target)
    risk = entry.price - stop
    return Trade(
        entry_minute=bars[entry.index].minute,
        entry=sign * entry.price,
        stop=sign * stop,
        target=sign * target,
        outcome=done.outcome,
        exit_minute=bars[done.index].minute,
        exit=sign * done.price,
        pnl_r=pnl_r(done.price - entry.price, risk, tick_value, friction),
        mae_r=excursion_r(done.adverse, risk, tick_value, friction),
        mfe_r=excursion_r(done.favourable, risk, tick_value, friction),
    )
