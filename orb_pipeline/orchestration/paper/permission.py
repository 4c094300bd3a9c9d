"""Whether an account may enter trades: its gates, for the very content that its day is traded with, and the alerts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from orb_pipeline.catalogue import Account
from orb_pipeline.errors import GateFailedError, MissingDataError, OrbError
from orb_pipeline.orchestration import builds, verdicts
from orb_pipeline.orchestration.bench import AccountBench
from orb_pipeline.orchestration.gates import ACCOUNT_ASSETS, ASSETS, WATCHING_ASSETS
from orb_pipeline.orchestration.trading import portfolio_of
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.portfolio.model import Portfolio
from orb_pipeline.storage.alerts import unacknowledged_critical

Connection = duckdb.DuckDBPyConnection

SETUPS = "validated_setups"
VOUCHING = tuple(asset for asset in ACCOUNT_ASSETS if asset not in WATCHING_ASSETS)


@dataclass(frozen=True)
class Permitted:
    """What may be traded.

    Attributes:
        contents: asset, or "asset:instrument" -> hash of the content that its gates vouch for.
        simulated: any of it was made from simulated bars.
    """

    portfolio: Portfolio
    contents: Mapping[str, str]
    simulated: bool


def permitted(workshop: Workshop, account: Account) -> Permitted:
    """What the account may trade from now on.

    Raises:
        GateFailedError: a gate of its assets or of its setups does not hold, the portfolio has no member, or a CRITICAL
            alert has not been acknowledged; says which.
        MissingDataError, InputError: an asset has not been built, or they do not belong together.
    """
    with workshop.warehouse.transaction() as connection:
        _refuse_critical(connection)
    bench = AccountBench(workshop, VOUCHING[-1], account.account, "paper")
    try:
        members, *_ = bench.read(*VOUCHING)
    except MissingDataError as error:
        message = f"{error} `orb run` makes everything that trading asks for."
        raise MissingDataError(message) from None
    portfolio = portfolio_of(account, members.pandas())
    if not portfolio.strategies:
        message = f"The portfolio of {account.account} has no member: `orb portfolio --why` says why."
        raise GateFailedError(message)
    for symbol in portfolio.instruments:
        bench.read_instrument(symbol, SETUPS)
    contents = {name: content for name, content in bench.inputs.items() if name.partition(":")[0] in ASSETS}
    return Permitted(portfolio, contents, bench.simulated)


def why_refused(connection: Connection, account: str, contents: Mapping[str, str], now: dt.datetime) -> str | None:
    """Why the account may not enter now what these contents vouched for; None: it may."""
    try:
        _refuse_critical(connection)
        for name, content in contents.items():
            asset, scope = builds.source_of(name, account)
            if asset in ASSETS:
                verdicts.require(connection, asset, scope, content, now)
    except OrbError as error:
        return str(error)
    return None


def _refuse_critical(connection: Connection) -> None:
    alerts = unacknowledged_critical(connection)
    if alerts:
        first = alerts[0]
        more = f" and {len(alerts) - 1} more" if len(alerts) > 1 else ""
        message = (
            f"Alert {first.alert_id} ({first.alert}) is CRITICAL and not acknowledged{more}: {first.message} "
            f"Look into it, then `orb alerts --ack {first.alert_id}`."
        )
        raise GateFailedError(message)
