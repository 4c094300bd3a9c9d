"""What the engine is told before a trading day opens, all of it known by then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from orb_pipeline.market.trading_day import Int64Array, date_of, day_open


class SessionWindow(NamedTuple):
    """A session on one day, in minutes since the epoch, UTC: its range is [start, range_end), a break counts before
    `deadline`.
    """

    label: str
    start: int
    range_end: int
    deadline: int


class VolumeHistory(Protocol):
    """Volumes of the front-month series before the day."""

    def at(self, local_minute: int) -> Sequence[int]:
        """Of the latest bars at this minute of the local day, in order of time; as many as the filter looks back."""
        ...


@dataclass(frozen=True)
class MarketDay:
    """One instrument on one day.

    Attributes:
        front_month: the contract that is traded; None: there is none, and no bar of this instrument may come.
        windows: sessions of the day in order of time.
        local_minutes: minute of the local day, in the zone of the session set, of each of the day's 1,440 minutes.
        history: volumes before the day.
    """

    front_month: str | None
    windows: tuple[SessionWindow, ...]
    local_minutes: Int64Array
    history: VolumeHistory


@dataclass(frozen=True)
class AccountDay:
    """The account at the start of a day, by its journal. Dollars.

    Attributes:
        equity: now.
        highest_equity: the highest it had at the end of any day, the start included.
        lost_on: the day on which a drawdown rule ended the account; None while it lives.
    """

    equity: float
    highest_equity: float
    lost_on: dt.date | None = None


@dataclass(frozen=True)
class DayContext:
    """A trading day before it opens.

    Attributes:
        day: days since the epoch.
        markets: by symbol; the instruments of the portfolio that have bars or may have them.
        account: the account at the start of the day.
        flat_by: minute since the epoch by which everything is closed; None: trades run to the end of the day.
    """

    day: int
    markets: Mapping[str, MarketDay]
    account: AccountDay
    flat_by: int | None = None

    @property
    def trading_day(self) -> dt.date:
        return date_of(self.day)

    @property
    def first_minute(self) -> int:
        return int(day_open(self.day))

    @property
    def end(self) -> int:
        """The first minute after the day."""
        return int(day_open(self.day + 1))
