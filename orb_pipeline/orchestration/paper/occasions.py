"""Occasions for a run of paper trading. Each has a name; for each name the sensor asks for one run.

A file of bars is one, and so is what goes by the clock or comes from a person while no file does.
"""

from __future__ import annotations

import math
from pathlib import Path

from orb_pipeline.catalogue import Account
from orb_pipeline.intake.tape import MarkKind, Tape
from orb_pipeline.market.trading_day import day_number, day_open
from orb_pipeline.orchestration.paper.waiting import PATIENCE_SECONDS
from orb_pipeline.settings import Home
from orb_pipeline.storage.lake import Lake

_BY_HAND = (MarkKind.HALT, MarkKind.RESUME)


def occasion(home: Home, account: Account, symbols: list[str], now: float, grace: float) -> str | None:
    """The name of the present one; None where no bars wait and no day is open.

    It is that of the latest file, waiting or on the tape, the same before and after it is taken. Once entries were
    halted or let go on, once no file has come for a while, and once its trading day is over by the clock, by `grace`
    seconds, it says so and is another one.
    """
    tape = Tape(home)
    content, waiting = tape.read(), tape.waiting(symbols)
    if not waiting and not content.files:
        return None
    path = waiting[-1] if waiting else content.files[-1].path
    name = f"{path.parent.name}/{path.name}" if waiting else f"{content.files[-1].symbol}/{content.files[-1].name}"
    arrived = _arrived(path)
    parts = [f"{name}@{arrived:.3f}"]
    parts += [f"mark {mark.number}" for mark in content.marks if mark.kind in _BY_HAND][-1:]
    if now >= int(day_open(day_number(int(arrived) // 60) + 1)) * 60 + grace:
        parts.append("end")
    else:
        parts += _quiet(home, account, now - arrived, grace)
    return " ".join(parts)


def _quiet(home: Home, account: Account, seconds: float, grace: float) -> list[str]:
    """How often it has been looked though no file came for so long.

    Orders at a broker are looked after every minute. Of several instruments one may be silent: the others wait for it
    in the run that finds it so, and less and less often it is looked again. After `grace` there is a run in any case:
    the last file may have brought the end of a day that is long over.
    """
    if seconds < PATIENCE_SECONDS:
        return []
    if account.broker != "paper":
        return [f"quiet {int(seconds // 60)}"]
    is_alone = len(Lake(home.lake_url).scopes("landed_bars")) <= 1
    if is_alone:
        return ["quiet"] if seconds >= grace else []
    return [f"quiet {int(math.log2(seconds / PATIENCE_SECONDS))}"]


def _arrived(path: Path) -> float:
    """When the file was written; a rename does not change it."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # taken this very moment
        return 0.0
