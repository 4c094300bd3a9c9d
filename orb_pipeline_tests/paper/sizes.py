"""How much of it is run: a little in `make test`, a lot in `make torture`."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Attributes:
    days: real trading days fed bar by bar.
    kills: SIGKILLs that one span of days survives.
    seeds: chaotic deliveries.
    years: simulated years through `orb paper --follow`.
    """

    days: int
    kills: int
    seeds: int
    years: int


_CI = Sizes(days=10, kills=20, seeds=4, years=1)
_TORTURE = Sizes(days=250, kills=200, seeds=100, years=10)

IS_TORTURE = os.environ.get("ORB_TORTURE") == "1"
SIZES = _TORTURE if IS_TORTURE else _CI
