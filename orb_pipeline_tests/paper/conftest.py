"""Desks, made once for all who run these tests at the same time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import filelock
import pandas as pd
import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.market.simulator import simulate_bars
from orb_pipeline_tests.data import real_data
from orb_pipeline_tests.paper.homes import BUSY, PROP, TIGHT, Desk, make_desk
from orb_pipeline_tests.paper.sizes import IS_TORTURE, SIZES

SIMULATED_FROM = dt.date(2023, 1, 2)


def _once(folder: Path, make: Callable[[Path], Desk]) -> Desk:
    folder.mkdir(exist_ok=True)
    with filelock.FileLock(folder / "lock"):
        return make(folder)


@pytest.fixture(scope="session")
def desk(shared_folder: Path) -> Desk:
    """Spot gold: ten weeks built, three accounts, the days from 2026-03-02 on to be fed."""
    return _once(shared_folder / "recent_gold", _recent_gold)


@pytest.fixture(scope="session")
def long_desk(desk: Desk, shared_folder: Path) -> Desk:
    """Enough real days for `make torture`: 2014, built on 2013. In `make test` it is `desk`."""
    return _once(shared_folder / "long_gold", _long_gold) if IS_TORTURE else desk


@pytest.fixture(scope="session")
def pair_desk(shared_folder: Path) -> Desk:
    """Two simulated instruments, with contracts that roll."""
    return _once(shared_folder / "simulated_pair", _simulated_pair)


@pytest.fixture(scope="session")
def simulated_desk(shared_folder: Path) -> Desk:
    """Simulated gold futures, as many days to be fed as asked for."""
    return _once(shared_folder / "simulated_gold", _simulated_gold)


def _recent_gold(folder: Path) -> Desk:
    files = [real_data("gold_spot_recent", f"{year}.parquet") for year in (2025, 2026)]
    bars = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    return make_desk(folder, {"XAUUSD": bars}, dt.date(2026, 3, 2), (BUSY, TIGHT, PROP))


def _long_gold(folder: Path) -> Desk:
    files = [real_data("gold_spot", f"{year}.parquet") for year in (2013, 2014)]
    bars = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    return make_desk(
        folder, {"XAUUSD": bars}, dt.date(2014, 1, 2), (BUSY, TIGHT, PROP), ("NO_FILTER", "ORB_G2", "ORB_G3")
    )


def _simulated_pair(folder: Path) -> Desk:
    return make_desk(folder, {"MGC": _simulated("MGC", 1), "MNQ": _simulated("MNQ", 1)}, SIMULATED_FROM, (BUSY, TIGHT))


def _simulated_gold(folder: Path) -> Desk:
    return make_desk(folder, {"MGC": _simulated("MGC", 1 + SIZES.soak_days // 20)}, SIMULATED_FROM, (BUSY,))


def _simulated(symbol: str, months: int) -> pd.DataFrame:
    """Four months to build on, and some months to be fed."""
    catalogue = load_catalogue()
    start = (pd.Timestamp(SIMULATED_FROM) - pd.DateOffset(months=4)).date()
    end = (pd.Timestamp(SIMULATED_FROM) + pd.DateOffset(months=months, days=3)).date()
    instrument, sessions = catalogue.instrument(symbol), catalogue.sessions_of(symbol)
    return simulate_bars(instrument, sessions, start, end, seed=1, breakout_drift=0.4)
