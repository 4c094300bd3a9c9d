"""Which instruments an account may trade: those whose research holds as it is now, gate by gate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import duckdb

from orb_pipeline.catalogue import Catalogue
from orb_pipeline.errors import OrbError
from orb_pipeline.intake.ledger import select_landed
from orb_pipeline.orchestration import contents
from orb_pipeline.orchestration.contents import Contents
from orb_pipeline.orchestration.gates import RESEARCH_ASSETS
from orb_pipeline.orchestration.scope import ScopeKind
from orb_pipeline.orchestration.upstream import Upstream
from orb_pipeline.orchestration.workshop import Workshop


class Holding(NamedTuple):
    """Instruments whose research holds, and why it does not of the others."""

    symbols: tuple[str, ...]
    refused: Mapping[str, str]

    def text(self) -> str:
        """The symbols as builds record them."""
        return " ".join(self.symbols)


def holding_instruments(workshop: Workshop) -> Holding:
    """Of the instruments with landed bars those whose every research asset may be built upon.

    That is: it has been built, each of its gates holds for the very content, and no content was built from another one
    than the present or under another catalogue.
    """
    present = contents.in_lake(workshop.lake, ScopeKind.INSTRUMENT)
    with workshop.warehouse.transaction() as connection:
        symbols = sorted(select_landed(connection))
        present |= contents.in_warehouse(connection, ScopeKind.INSTRUMENT, symbols)
        return select_holding(connection, workshop.catalogue, symbols, present, workshop.now())


def select_holding(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    symbols: Iterable[str],
    present: Contents,
    now: dt.datetime,
) -> Holding:
    """The same of `symbols`, for contents that are known."""
    reasons = {symbol: _refusal(connection, catalogue, symbol, present, now) for symbol in symbols}
    return Holding(
        tuple(symbol for symbol, reason in reasons.items() if reason is None),
        {symbol: reason for symbol, reason in reasons.items() if reason is not None},
    )


def _refusal(
    connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, symbol: str, present: Contents, now: dt.datetime
) -> str | None:
    """Why nothing may be built on the symbol's research: the first reason in the order of the graph."""
    upstream = Upstream(catalogue)
    try:
        for asset in RESEARCH_ASSETS:
            content_hash = present.get((asset, symbol))
            if content_hash is None:
                return f"{asset} of {symbol} has not been built. Build it: `orb run --instrument {symbol}`."
            upstream.admit(connection, symbol, {asset: content_hash}, now)
    except OrbError as error:
        return str(error)
    return None


def nothing_holds(account: str, holding: Holding) -> str:
    """Why an account has no portfolio."""
    reasons = " ".join(holding.refused.values()) or "No bars have landed: `orb ingest FILE --instrument SYMBOL`."
    return f"No instrument's research holds, so that account {account} has nothing to choose from. {reasons}"
