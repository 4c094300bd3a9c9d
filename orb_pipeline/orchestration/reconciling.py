"""The end of a paper day: its journal against the backtest of that day, and what was found kept in the warehouse."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb
import pandas as pd

from orb_pipeline.catalogue import Account
from orb_pipeline.errors import MissingDataError
from orb_pipeline.execution.flat import calendars_of, flat_minute
from orb_pipeline.execution.reconcile import Difference, TradedDay, reconcile
from orb_pipeline.market.trading_day import number_of
from orb_pipeline.orchestration import verdicts
from orb_pipeline.orchestration.landed_bars import LandedBars
from orb_pipeline.orchestration.landed_market import LandedMarket, span_of
from orb_pipeline.orchestration.paper.landed import batches_of
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline.storage.alerts import Alert, Severity, raise_or_restate, resolve
from orb_pipeline.storage.paper import StoredDay, paper_journal, select_day
from orb_pipeline.storage.reconciliation import (
    DifferenceRow,
    replace_reconciled,
    select_late_bars,
)

Connection = duckdb.DuckDBPyConnection

ALERT = "reconciliation"
_VOUCHES_FOR_EQUALITY = ("replay_results", "parity")
_NAMED = 3  # differences in an alert


@dataclass(frozen=True)
class ReconciledDay:
    """What was found.

    Attributes:
        compared: strategies with an entry on either side.
    """

    account: str
    trading_day: dt.date
    compared: int
    differences: tuple[Difference, ...]

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        return tuple(difference for difference in self.differences if not difference.explained)

    @property
    def passed(self) -> bool:
        return not self.unexplained


def reconcile_day(
    workshop: Workshop,
    landed: LandedBars,
    account_name: str,
    trading_day: dt.date,
    seen_bars: pd.DataFrame,
    now: dt.datetime,
) -> ReconciledDay:
    """Compare a finished paper day with the backtest of what has landed, and write what is found, in one transaction.

    Done again, it takes the place of what was found before. A day with an unexplained difference raises one CRITICAL
    alert, which has the figures of the latest comparison and opens again where there are more; one that has none any
    more resolves it.

    Args:
        seen_bars: the bars of that day that counted, of all instruments and contracts, in order of time; columns of
            storage.tables.LANDED_BARS.

    Raises:
        MissingDataError: the account has not traded that day on paper, or the day is not over; the lake no longer
            holds what landed.
        ConfigurationError: the catalogue no longer knows an instrument of the day.
    """
    with workshop.warehouse.transaction() as connection:
        stored = _finished(connection, account_name, trading_day)
        journal = paper_journal(connection, account_name, trading_day)
        waiver = _waiver(connection, stored)
    day = number_of(trading_day)
    members = tuple(PortfolioStrategy(**member) for member in stored.members)
    symbols = sorted({member.instrument for member in members})
    markets = {symbol: LandedMarket.of(workshop, landed, symbol, day) for symbol in symbols}
    batches = batches_of(stored.contents)
    with workshop.warehouse.transaction() as connection:
        late = {symbol: _late(connection, market) for symbol, market in markets.items()}
    traded = TradedDay(
        day=day,
        members=members,
        journal=journal,
        seen={symbol: market.seen(seen_bars, batches.get(symbol, 0)) for symbol, market in markets.items()},
        late=late,
        flat_by=_flat_by(workshop, stored, symbols),
        waiver=waiver,
    )
    found = reconcile(traded, {symbol: market.backtest for symbol, market in markets.items()})
    reconciled = ReconciledDay(account_name, trading_day, found.compared, found.differences)
    with workshop.warehouse.transaction() as connection:
        _write(connection, reconciled, now)
    return reconciled


def _finished(connection: Connection, account: str, trading_day: dt.date) -> StoredDay:
    stored = select_day(connection, account, trading_day)
    if stored is None or stored.finished_at is None:
        state = "has not traded" if stored is None else "is still trading"
        message = (
            f"Account {account} {state} on paper on {trading_day}; expected a finished paper day to reconcile. Trade "
            f"it with `orb paper --account {account} --once`."
        )
        raise MissingDataError(message)
    return stored


def _waiver(connection: Connection, stored: StoredDay) -> str | None:
    """The waiver under which the day was traded although engine and backtest were known to part, in words."""
    asset, check = _VOUCHES_FOR_EQUALITY
    content = stored.contents.get(asset)
    if content is None:
        return None
    verdict = verdicts.select_verdicts(connection, asset, stored.account, content, stored.began_at).get(check)
    return None if verdict is None or verdict.waiver is None else str(verdict.waiver)


def _flat_by(workshop: Workshop, stored: StoredDay, symbols: list[str]) -> int | None:
    account = Account.model_validate(stored.terms)
    instruments = {symbol: workshop.catalogue.instrument(symbol) for symbol in symbols}
    return flat_minute(account.flat_by, number_of(stored.trading_day), calendars_of(account, instruments))


def _late(connection: Connection, market: LandedMarket) -> frozenset[int]:
    """Minutes of bars of research's front month that came too late for paper."""
    first, end = (time.to_pydatetime() for time in span_of(market.day))
    bars = select_late_bars(connection, market.symbol, first, end)
    return frozenset(int(time.timestamp()) // 60 for contract, time in bars if contract == market.contract)


def _write(connection: Connection, day: ReconciledDay, now: dt.datetime) -> None:
    rows = [_row(difference) for difference in day.differences]
    replace_reconciled(connection, day.account, day.trading_day, rows, compared=day.compared, at=now)
    condition = f"{ALERT}:{day.account}:{day.trading_day}"
    if day.passed:
        resolve(connection, condition, now)
    else:
        raise_or_restate(connection, _alert(day, condition, now), now)


def _row(difference: Difference) -> DifferenceRow:
    return DifferenceRow(
        instrument=difference.instrument,
        strategy_id=difference.strategy_id,
        difference=difference.difference.value,
        cause=difference.cause.value,
        explained=difference.explained,
        detail=difference.detail,
        paper_r=difference.paper_r,
        backtest_r=difference.backtest_r,
    )


def _alert(day: ReconciledDay, condition: str, now: dt.datetime) -> Alert:
    named = " ".join(f"{item.strategy_id}: {item.detail}" for item in day.unexplained[:_NAMED])
    of_day = f"account = '{day.account}' and trading_day = '{day.trading_day}'"
    message = (
        f"{len(day.unexplained)} of {day.compared} strategies of {day.account} on {day.trading_day} differ from the "
        f"backtest, and nothing explains it. {named} All of them: `orb sql` on table reconciliation where {of_day}. "
        "This is a defect: find it before you acknowledge it."
    )
    return Alert(
        alert=ALERT,
        condition=condition,
        severity=Severity.CRITICAL,
        message=message,
        raised_at=now,
        account=day.account,
        trading_day=day.trading_day,
        value=float(len(day.unexplained)),
        threshold=0.0,
    )
