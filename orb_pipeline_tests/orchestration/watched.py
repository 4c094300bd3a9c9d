"""A home that is watched: what there is to be told of, written by hand, and what its alerts answer."""

from __future__ import annotations

import datetime as dt
from typing import Any

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.market.trading_day import date_of
from orb_pipeline.monitoring.alerts import RunEnd
from orb_pipeline.orchestration.monitoring import evaluate_alerts
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import Home
from orb_pipeline.storage.journal import replace_journal
from orb_pipeline.storage.paper import StoredDay, begin_day
from orb_pipeline_tests.orchestration.journals import Journal, at
from orb_pipeline_tests.series import DAY

NOW = at(900)
TRADING_DAY = date_of(DAY)
MEMBER = {
    "strategy_id": "S01",
    "instrument": "MGC",
    "orb_label": "0900",
    "win_rate": 0.5,
    "expectancy_r": 0.4,
}


def workshop_of(home: Home) -> Workshop:
    home.root.mkdir(parents=True, exist_ok=True)
    workshop = Workshop(home, load_catalogue(home.catalogue), now=lambda: NOW)
    with workshop.warehouse.transaction():
        pass
    return workshop


def write_paper(workshop: Workshop, journal: Journal, mode: str = "paper") -> None:
    rows = journal.frame().drop(columns=["journal_id", "mode", "account", "run_id", "created_at"])
    rows["trading_day"] = rows["trading_day"].dt.date
    replace_journal(workshop.warehouse, mode, "25k", rows, run_id="a test", at=NOW)


def begin(workshop: Workshop, day: dt.date, *members: dict[str, Any]) -> None:
    stored = StoredDay("25k", day, {}, members, {}, 25_000.0, 25_000.0, None, NOW, None, simulated=False)
    with workshop.warehouse.transaction() as connection:
        begin_day(connection, stored)


def evaluated(workshop: Workshop, now: dt.datetime = NOW, runs: list[RunEnd] | None = None) -> list[tuple[str, str]]:
    return [(item.alert.alert, item.change.value) for item in evaluate_alerts(workshop, now, runs)]
