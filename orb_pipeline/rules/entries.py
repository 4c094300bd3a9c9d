"""From break to entry (RULES.md section 3), written for a long: shorts come in as mirrored bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orb_pipeline.rules.bars import Bar

LIMIT_MODEL: Final = "E3"
TRADE_THROUGH_TICKS = 1  # its stress: a touch does not fill the limit, the first bar that trades beyond it does


@dataclass(frozen=True)
class Entry:
    """A filled entry.

    Attributes:
        index: the bar of the fill (E1, E3) or of the confirmation (E2).
        price: ticks.
        first_examined: the first bar looked at for an exit.
        is_filled_by_limit: E3, only the stop counts on the fill bar.
    """

    index: int
    price: int
    first_examined: int
    is_filled_by_limit: bool = False


def find_confirmation(day: Sequence[Bar], break_index: int, edge: int, confirm_bars: int) -> int | None:
    """The bar that makes `confirm_bars` consecutive closes above `edge`; the break bar is the first."""
    count = 0
    for index in range(break_index, len(day)):
        count = count + 1 if day[index].close > edge else 0
        if count == confirm_bars:
            return index
    return None


def find_entry(
    day: Sequence[Bar], model: str, confirmed: int, edge: int, stop: int, through_ticks: int = 0
) -> Entry | None:
    """The entry of a long confirmed on bar `confirmed`, or None: no next bar, no touch, or an open at the stop.

    Args:
        through_ticks: how far beyond E3's limit a bar must trade to fill it; 0 is a touch.
    """
    if model == "E1":
        return _market_on_next_bar(day, confirmed, stop)
    if model == "E2":
        return Entry(index=confirmed, price=day[confirmed].close, first_examined=confirmed + 1)
    return _limit_at_edge(day, confirmed, edge, through_ticks)


def _market_on_next_bar(day: Sequence[Bar], confirmed: int, stop: int) -> Entry | None:
    index = confirmed + 1
    if index == len(day) or day[index].open <= stop:
        return None
    return Entry(index=index, price=day[index].open, first_examined=index)


def _limit_at_edge(day: Sequence[Bar], confirmed: int, edge: int, through_ticks: int) -> Entry | None:
    for index in range(confirmed + 1, len(day)):
        if day[index].low <= edge - through_ticks:
            return Entry(index=index, price=edge, first_examined=index, is_filled_by_limit=True)
    return None


def target_price(entry: int, stop: int, rr_tenths: int) -> int:
    """Entry plus risk times the multiple, rounded away from entry, in exact tenths."""
    return entry + -(-(entry - stop) * rr_tenths // 10)
