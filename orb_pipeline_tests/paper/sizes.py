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
    soak_days: simulated trading days through `orb paper --follow`; a year has 260.
    """

    days: int
    kills: int
    seeds: int
    soak_days: int


_CI = Sizes(days=10, kills=20, seeds=4, soak_days=260)
_TORTURE = Sizes(days=250, kills=200, seeds=100, soak_days=2600)

IS_TORTURE = os.environ.get("ORB_TORTURE") == "1"
SIZES = _TORTURE if IS_TORTURE else _CI
