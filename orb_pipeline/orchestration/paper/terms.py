"""What a paper day is traded with: fixed in `paper_days` when the day begins, and read back from there ever after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import duckdb

from orb_pipeline.catalogue import Account, Catalogue
from orb_pipeline.execution.context import AccountDay
from orb_pipeline.execution.ledger import AccountLedger
from orb_pipeline.execution.open_day import market_before
from orb_pipeline.execution.paper import PaperBar, PaperDay, in_engine_order
from orb_pipeline.intake.stream import Stream
from orb_pipeline.market.trading_day import date_of, number_of
from orb_pipeline.orchestration.landed_bars import LandedBars
from orb_pipeline.orchestration.paper.landed import batches_of, landed_contents
from orb_pipeline.orchestration.paper.permission import Permitted
from orb_pipeline.portfolio.model import Portfolio, PortfolioStrategy
from orb_pipeline.storage.paper import StoredDay, TradingEvent, begin_day, lost_on, results_before

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Terms:
    """A paper day that has begun.

    Attributes:
        rolls: instruments whose front month is another one than that of the last bar before the day.
    """

    stored: StoredDay
    paper_day: PaperDay
    rolls: Sequence[TradingEvent]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Instruments that are traded."""
        return self.paper_day.portfolio.instruments

    @property
    def awaited(self) -> dict[str, str | None]:
        """Instrument -> its front month, whose bars are traded."""
        return {symbol: self.paper_day.context.markets[symbol].front_month for symbol in self.symbols}

    def bars(self, stream: Stream, through: int) -> list[PaperBar]:
        """The front months' bars of the day up to minute `through` (since the epoch, UTC), in the engine's order.

        Each with the place at which its minute was complete, since it is not traded before that.
        """
        bars = [
            PaperBar(symbol, item.bar, item.arrival)
            for symbol, front_month in self.awaited.items()
            for item in stream.of_day(symbol, self.paper_day.context.day)
            if item.contract == front_month and item.bar.minute <= through
        ]
        if len(self.symbols) == 1:
            return bars
        completed_at = stream.completed_at(self.awaited, self.paper_day.context.day)
        return [item._replace(arrival=completed_at(item.bar.minute)) for item in in_engine_order(bars)]


def begin(
    connection: Connection, account: Account, day: int, allowed: Permitted | None, now: dt.datetime, *, simulated: bool
) -> StoredDay:
    """Fix the terms of trading day `day` (days since the epoch); without `allowed` there is nothing to trade."""
    trading_day = date_of(day)
    start = _account_on(connection, account, trading_day)
    stored = StoredDay(
        account=account.account,
        trading_day=trading_day,
        terms=account.model_dump(mode="json"),
        members=[asdict(member) for member in allowed.portfolio.strategies] if allowed else [],
        contents={**allowed.contents, **landed_contents(connection)} if allowed else {},
        equity=start.equity,
        highest_equity=start.highest_equity,
        lost_on=start.lost_on,
        began_at=now,
        finished_at=None,
        simulated=simulated or (allowed is not None and allowed.simulated),
    )
    begin_day(connection, stored)
    return stored


def terms_of(stored: StoredDay, catalogue: Catalogue, landed: LandedBars) -> Terms:
    """The day as the engine needs it: its portfolio, the markets before it opens, the account as it starts it.

    The markets are those of the bars that had landed when it began, whatever has landed since.
    """
    batches = batches_of(stored.contents)
    account = Account.model_validate(stored.terms)
    portfolio = Portfolio.of(account, tuple(PortfolioStrategy(**member) for member in stored.members))
    day = number_of(stored.trading_day)
    markets, rolls = {}, []
    for symbol in portfolio.instruments:
        look_back = landed.look_back(symbol, day, batches.get(symbol, 0))
        markets[symbol] = market_before(look_back, day, catalogue.sessions_of(symbol), catalogue.grid)
        last = look_back.bars["source_symbol"].iloc[-1:].tolist()
        front = look_back.front_month
        if last and front is not None and last[0] != front:
            rolls.append(_roll(stored, symbol, str(last[0]), front))
    instruments = {symbol: catalogue.instrument(symbol) for symbol in portfolio.instruments}
    start = AccountDay(stored.equity, stored.highest_equity, stored.lost_on)
    return Terms(stored, PaperDay.of(portfolio, account, instruments, day, markets, start), rolls)


def _account_on(connection: Connection, account: Account, trading_day: dt.date) -> AccountDay:
    """The account at the start of a day, by its paper journal."""
    ledger = AccountLedger(account)
    lost = lost_on(connection, account.account, trading_day)
    for day, dollars in results_before(connection, account.account, trading_day):
        ledger.close_day(day, dollars, is_lost=lost is not None and day >= lost)
    return AccountDay(ledger.today.equity, ledger.today.highest_equity, lost)


def _roll(stored: StoredDay, symbol: str, last: str, front: str) -> TradingEvent:
    return TradingEvent(
        event_ts=stored.began_at,
        event="roll",
        reason=f"{symbol}: front month {front} after {last}",
        source=f"roll:{symbol}:{stored.trading_day}",
        instrument=symbol,
        trading_day=stored.trading_day,
    )
