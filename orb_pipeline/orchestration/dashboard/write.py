"""The dashboard's files in `reports/`."""

from __future__ import annotations

import logging
from pathlib import Path

from orb_pipeline.catalogue import Account
from orb_pipeline.monitoring.dashboard.page import dashboard_page, trade_page
from orb_pipeline.orchestration.dashboard.collect import collect
from orb_pipeline.orchestration.dashboard.trades import read_trade
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.storage.files import appearing_whole

NAME = "dashboard.html"
_LOG = logging.getLogger(__name__)


def write_dashboard(workshop: Workshop, account: Account) -> Path:
    """Write `reports/dashboard.html` of an account, whole or not at all; returns its path.

    Raises:
        OrbError: the home cannot be read, or the file not be written.
    """
    return _write(workshop.home.reports / NAME, dashboard_page(collect(workshop, account)))


def refresh_dashboard(workshop: Workshop, account: Account) -> Path | None:
    """The same after something else has been done, which a dashboard that fails must not undo: that is logged."""
    try:
        return write_dashboard(workshop, account)
    except Exception:  # noqa: BLE001 - whatever it is, the run that came before it stands
        _LOG.exception("The dashboard of %s was not written; what came before it stands.", account.account)
        return None


def write_trade(workshop: Workshop, key: str) -> Path:
    """Write the page of one trade, named `account/mode/day/strategy`; returns its path.

    Raises:
        InputError: it is no such name.
        MissingDataError: the journal has no such row.
    """
    trade = read_trade(workshop, key)
    simulated = (str(trade.row["instrument"]),) if trade.row["simulated"] else ()
    name = f"trade-{key.replace('/', '-')}.html"
    return _write(workshop.home.reports / name, trade_page(trade, simulated))


def _write(path: Path, page: str) -> Path:
    with appearing_whole(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path
