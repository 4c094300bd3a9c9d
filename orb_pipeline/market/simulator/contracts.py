"""The two contract months that trade on a simulated day, and how volume rolls from one to the next."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass

from orb_pipeline.catalogue import Simulation
from orb_pipeline.market.contracts import MONTH_LETTERS

ROLL_DAYS_BEFORE_EXPIRY = 6  # calendar days; both months trade alike then
ROLL_PACE_DAYS = 1.2  # of the logistic by which volume moves over
BACKGROUND_SHARE = 0.02  # of the volume, in the month that is not the lead
_FRIDAY = 4


@dataclass(frozen=True)
class Listing:
    """One series on one day.

    Attributes:
        code: the contract, such as MGCG24; for spot the symbol.
        share: of the day's volume.
        basis_points: what it costs above the underlying price, constant through the trading day.
    """

    code: str
    share: float
    basis_points: float


def listings(symbol: str, prefix: str | None, simulation: Simulation, day: dt.date) -> tuple[Listing, ...]:
    """The series that trade on `day`, the one with more volume first: two contract months, or one spot series."""
    if prefix is None:
        return (Listing(symbol, 1.0, 0.0),)
    months = _months_from(simulation, day)
    front, following = next(months), next(months)
    into_roll = (day - _expiry(*front)).days + ROLL_DAYS_BEFORE_EXPIRY
    moved = 1.0 / (1.0 + math.exp(-into_roll / ROLL_PACE_DAYS))
    share = BACKGROUND_SHARE + (1.0 - 2.0 * BACKGROUND_SHARE) * moved
    pair = (
        _listing(prefix, simulation, front, 1.0 - share, day),
        _listing(prefix, simulation, following, share, day),
    )
    return pair if share < 0.5 else pair[::-1]


def _listing(prefix: str, simulation: Simulation, month: tuple[int, int], share: float, day: dt.date) -> Listing:
    years_left = (_expiry(*month) - day).days / 365.25
    code = f"{prefix}{MONTH_LETTERS[month[1] - 1]}{month[0] % 100:02d}"
    return Listing(code, share, simulation.price * simulation.yearly_carry * years_left)


def _months_from(simulation: Simulation, day: dt.date) -> Iterator[tuple[int, int]]:
    """Delivery months (year, month) that expire on `day` or later, nearest first."""
    year = day.year
    while True:
        for letter in simulation.contract_months:
            month = MONTH_LETTERS.index(letter) + 1
            if _expiry(year, month) >= day:
                yield year, month
        year += 1


def _expiry(year: int, month: int) -> dt.date:
    """The third Friday of the delivery month, whatever the exchange."""
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(_FRIDAY - first.weekday()) % 7 + 14)
