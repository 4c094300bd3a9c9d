"""Minutes of one contract from its five-second bars."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from orb_pipeline.feeds.feed import FeedBar

PARTS = 12  # of a minute


class Part(NamedTuple):
    """Five seconds of one contract.

    Attributes:
        second: the one it opened in, UTC seconds since the epoch.
        volume: 0 where nothing traded; the prices are then those of earlier trades.
    """

    second: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int


@dataclass(frozen=True)
class Built:
    """What is known of a minute: its bar, unless nothing traded, and whether that is all of it."""

    bar: FeedBar | None
    is_whole: bool


@dataclass
class MinuteBuilder:
    """Collects parts in any order; a part that comes again counts once."""

    contract: str
    last_minute: int | None = None
    _parts: dict[int, dict[int, Part]] = field(default_factory=dict)

    def add(self, part: Part) -> None:
        minute = part.second // 60
        self._parts.setdefault(minute, {}).setdefault(part.second % 60 // 5, part)
        self.last_minute = minute if self.last_minute is None else max(self.last_minute, minute)

    def has_any(self, first: int, last: int) -> bool:
        """Whether any part of the minutes from `first` to `last` has come."""
        return any(first <= minute <= last for minute in self._parts)

    def built(self, minute: int) -> Built:
        """A minute as far as its parts have come: whole when all twelve have."""
        parts = self._parts.get(minute, {})
        traded = [parts[place] for place in sorted(parts) if parts[place].volume > 0]
        return Built(_bar(minute, self.contract, traded) if traded else None, len(parts) == PARTS)

    def forget(self, minute: int) -> None:
        """Let go of the minutes up to `minute`."""
        self._parts = {one: parts for one, parts in self._parts.items() if one > minute}


def _bar(minute: int, contract: str, parts: list[Part]) -> FeedBar:
    return FeedBar(
        minute,
        contract,
        parts[0].open,
        max(part.high for part in parts),
        min(part.low for part in parts),
        parts[-1].close,
        sum(part.volume for part in parts),
    )
