"""Homes with real bars: a small one that is quick, and one whose setups validate."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.intake.ingest import ingest_file
from orb_pipeline.orchestration.gates import RESEARCH_ASSETS
from orb_pipeline.orchestration.run import run_graph
from orb_pipeline.orchestration.status import AssetStatus, read_status
from orb_pipeline.orchestration.verdicts import add_waiver
from orb_pipeline.settings import Home
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.data import real_data

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
FILES = {
    "GC": [("comex_gc", "2013-10.parquet")],
    "XAUUSD": [("gold_spot_recent", "2025.parquet"), ("gold_spot_recent", "2026.parquet")],
}


def land(home: Home, symbol: str) -> None:
    for parts in FILES[symbol]:
        ingest_file(home, load_catalogue(home.catalogue), real_data(*parts), symbol, now=NOW)


def override(home: Home, name: str, text: str) -> None:
    """Put a file of the user's own into the home's catalogue."""
    home.catalogue.mkdir(parents=True, exist_ok=True)
    (home.catalogue / name).write_text(text, encoding="utf-8")


def waive(home: Home, asset: str, check: str, scope: str = "25k") -> None:
    """Pass over a gate for a month."""
    now = dt.datetime.now(dt.UTC)
    warehouse, catalogue = Warehouse(home.warehouse), load_catalogue(home.catalogue)
    add_waiver(warehouse, catalogue, asset, check, scope, "for a test", now.date() + dt.timedelta(days=30), now)


def statuses(home: Home, account: str = "25k") -> dict[str, AssetStatus]:
    """The account's assets as they stand now, by name."""
    status = read_status(home, load_catalogue(home.catalogue), dt.datetime.now(dt.UTC))
    (found,) = (item for item in status.accounts if item.account == account)
    return {asset.asset: asset for asset in found.assets}


@event.listens_for(Engine, "connect")
def _do_not_wait_for_the_disk(connection: Any, _record: object) -> None:
    """Dagster commits each event to SQLite; tests need no safety from power cuts, and would wait half their time."""
    connection.execute("pragma synchronous = off")


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folders of homes that are made once and copied: `landed` (both instruments), `built` (XAUUSD, its assets)."""
    made: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in made:
            root = tmp_path_factory.mktemp(kind)
            home = Home.at(root)
            if kind == "landed":
                for symbol in FILES:
                    land(home, symbol)
            else:
                shutil.copytree(make("landed"), root, dirs_exist_ok=True)
                (summary,) = run_graph(home, load_catalogue(), ["XAUUSD"], to=RESEARCH_ASSETS[-1])
                assert summary.succeeded, summary.message
            made[kind] = root
        return made[kind]

    return make


@pytest.fixture
def landed_home(homes: Callable[[str], Path], home: Home) -> Home:
    """Bars of GC (a week) and of XAUUSD (three months), nothing built."""
    shutil.copytree(homes("landed"), home.root)
    return home


@pytest.fixture
def built_home(homes: Callable[[str], Path], home: Home) -> Home:
    """The same, XAUUSD built up to its setups."""
    shutil.copytree(homes("built"), home.root, ignore=shutil.ignore_patterns("dagster"))
    return home
