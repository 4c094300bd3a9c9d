"""The execution engine: one bar after the other through RULES.md section 5, all strategies of a portfolio at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from orb_pipeline.catalogue import Instrument
from orb_pipeline.execution.book import Book
from orb_pipeline.execution.context import DayContext
from orb_pipeline.execution.desk import UNLIMITED, SessionDesk
from orb_pipeline.execution.events import EventType, TradeEvent
from orb_pipeline.execution.intake import BarError, check_bar, not_expected, not_in_order
from orb_pipeline.execution.live_orb import LiveORB
from orb_pipeline.execution.risk import Risk
from orb_pipeline.execution.states import State
from orb_pipeline.execution.summary import DailySummary, summarise
from orb_pipeline.execution.trade import FLAT_BY, SESSION_END, ActiveTrade
from orb_pipeline.portfolio.model import Portfolio
from orb_pipeline.rules.bars import Bar

NO_NEXT_BAR, NOT_TOUCHED, NOT_CONFIRMED = "no_next_bar", "limit_not_touched", "not_confirmed"
OPEN_AT_STOP = "open_at_or_through_stop"
CONFIRMED = "confirm_bars_met"


class ExecutionEngine:
    """Runs a portfolio over trading days, a bar at a time. It knows bars and the day's context, and nothing else.

    Args:
        portfolio: strategies in portfolio order.
        instruments: by symbol, every one that the portfolio trades.
        risk: every fill is put to it.
    """

    def __init__(self, portfolio: Portfolio, instruments: Mapping[str, Instrument], risk: Risk) -> None:
        self.portfolio = portfolio
        self.risk = risk
        self._instruments = {symbol: instruments[symbol] for symbol in portfolio.instruments}
        self._members = {
            symbol: [
                (position, strategy)
                for position, strategy in enumerate(portfolio.strategies)
                if strategy.instrument == symbol
            ]
            for symbol in portfolio.instruments
        }
        self._books: dict[str, Book] = {}
        self._context: DayContext | None = None
        self._is_open = False
        self._last = (-1, "")  # minute and symbol of the last bar
        self._scratched: list[ActiveTrade] = []  # closed to be flat; they count when the day ends

    # A day: start, bars, end.

    def on_trading_day_start(self, context: DayContext) -> None:
        """Forget yesterday and stand ready for the day's bars.

        Raises:
            BarError: a day is still open, or this one is not after the last.
        """
        if self._is_open and self._context is not None:
            message = (
                f"Trading day {self._context.trading_day} is still open; end it before {context.trading_day} starts."
            )
            raise BarError(message)
        if self._context is not None and context.day <= self._context.day:
            message = f"Trading day {context.trading_day} is not after {self._context.trading_day}; days come in order."
            raise BarError(message)
        self._context = context
        self._books = {
            symbol: Book(self._instruments[symbol], context, market, self._members[symbol])
            for symbol, market in sorted(context.markets.items())
            if symbol in self._members and market.front_month is not None
        }
        self._last = (context.first_minute, "")
        self._scratched = []
        self._end = context.end
        self._flat_by = UNLIMITED if context.flat_by is None else context.flat_by
        self._is_open = True
        self.risk.daily_reset(context.account)

    def on_bar(self, symbol: str, bar: Bar) -> list[TradeEvent]:
        """Take one bar of the open day, in order of time, within a minute in the order of the symbols.

        Returns:
            what happened, in order.

        Raises:
            BarError: the bar is out of order, doubled, off the grid, of another day or instrument. Nothing has changed.
        """
        book = self._books.get(symbol)
        if book is None or not self._is_open:
            raise not_expected(symbol, bar, self._context if self._is_open else None, self._books)
        check_bar(symbol, bar)
        place = (bar.minute, symbol)
        if place <= self._last or bar.minute >= self._end:
            raise not_in_order(symbol, bar, book.context, self._last)
        self._last = place
        book.bars.append(bar)
        if bar.minute < book.wake and book.quiet_low <= bar.low and bar.high <= book.quiet_high:
            return self._take_stock(bar.minute) if self.risk.watches_open_losses else []
        return self._step(book, bar)

    def on_trading_day_end(self) -> list[TradeEvent]:
        """Close all open positions as scratches at their last bar and withdraw every order."""
        if not self._is_open or self._context is None:
            message = "No trading day is open; start one before ending it."
            raise BarError(message)
        events: list[TradeEvent] = []
        reason = SESSION_END if self._context.flat_by is None else FLAT_BY
        for book in self._books.values():
            if not book.is_flat:
                self._flatten(book, reason, events)
        for trade in self._scratched:
            self.risk.on_trade_exit(trade)
        self._is_open = False
        return events

    # What can be asked of it.

    def get_active_trades(self) -> list[ActiveTrade]:
        """Trades between break and exit, in portfolio order."""
        return sorted((trade for trade in self._trades() if not trade.state.is_final), key=_position)

    def get_finished_trades(self) -> list[ActiveTrade]:
        """The day's trades that have exited, were rejected or found no entry, in portfolio order."""
        return sorted((trade for trade in self._trades() if trade.state.is_final), key=_position)

    def get_ranges(self) -> list[LiveORB]:
        """The sessions of the day that are traded, as they stand, in order of instrument and time."""
        return [desk.orb for book in self._books.values() for desk in book.desks]

    def get_daily_summary(self) -> DailySummary:
        """The day as it stands; after its end, until the next one starts, as it ended."""
        if self._context is None:
            message = "No trading day has been started; there is nothing to sum up."
            raise BarError(message)
        return summarise(self._context.trading_day, self._trades(), self.risk.halt)

    # One bar, step by step (RULES.md section 5).

    def _step(self, book: Book, bar: Bar) -> list[TradeEvent]:
        events: list[TradeEvent] = []
        if bar.minute >= self._flat_by and not book.is_flat:
            self._flatten_before(book, bar, events)
        desks = [] if book.is_flat else book.woken(bar)
        self._fill_working_orders(desks, bar, events)
        self._exit(desks, bar, events)
        self._enter_at_close(self._confirm(book, desks, bar, events), events)
        if bar.minute == self._flat_by - 1:
            self._flatten(book, FLAT_BY, events)
        book.settle(bar.minute, desks)
        return events

    def _fill_working_orders(self, desks: list[SessionDesk], bar: Bar, events: list[TradeEvent]) -> None:
        """Step 1: orders from earlier bars, in portfolio order."""
        due = [
            (trade.position, desk, trade, price)
            for desk in desks
            if desk.working
            for trade, price in desk.due(desk.turned(bar))
        ]
        for _, desk, trade, price in sorted(due, key=lambda order: order[0]):
            if price is None:
                desk.abandon(trade)
                events.append(trade.event(EventType.CANCEL, bar.minute, None, OPEN_AT_STOP))
            else:
                self._put_to_risk(desk, trade, price, bar.minute, events)

    def _exit(self, desks: list[SessionDesk], bar: Bar, events: list[TradeEvent]) -> None:
        """Step 2: stops and targets, then the day's result is taken."""
        for desk in desks:
            if desk.open:
                for trade in desk.exits(desk.turned(bar)):
                    self.risk.on_trade_exit(trade)
                    events.append(trade.event(EventType.EXIT, bar.minute, trade.exit, str(trade.exit_reason)))
        events.extend(self._take_stock(bar.minute))

    def _confirm(
        self, book: Book, desks: list[SessionDesk], bar: Bar, events: list[TradeEvent]
    ) -> list[tuple[SessionDesk, ActiveTrade, Bar]]:
        """Steps 3 and 4: ranges, breaks, confirmations. Orders are sized here; fills at this close are for step 5."""
        at_close = []
        for desk in desks:
            for trade in desk.observe(bar, book.relative_volume):
                turned = desk.turned(bar)
                reference = desk.orb.edge if trade.is_limit else turned.close
                trade.size = self.risk.size(trade, reference - trade.stop)
                if trade.entry_model == "E2":
                    at_close.append((desk, trade, turned))
                else:
                    trade.advance(State.WORKING)
                    desk.working.append(trade)
                    price = desk.orb.edge if trade.is_limit else None
                    events.append(trade.event(EventType.ORDER, bar.minute, price, CONFIRMED))
        return at_close

    def _enter_at_close(self, confirmed: list[tuple[SessionDesk, ActiveTrade, Bar]], events: list[TradeEvent]) -> None:
        """Step 5, in portfolio order."""
        for desk, trade, turned in sorted(confirmed, key=lambda order: order[1].position):
            self._put_to_risk(desk, trade, turned.close, turned.minute, events)

    def _put_to_risk(
        self, desk: SessionDesk, trade: ActiveTrade, price: int, minute: int, events: list[TradeEvent]
    ) -> None:
        """The one way in."""
        decision = self.risk.can_enter(trade)
        trade.decide(decision, price, minute)
        if not decision.allowed:
            desk.abandon(trade)
            events.append(trade.event(EventType.REJECTION, minute, price, decision.reason))
            return
        if trade.state is State.WORKING:
            desk.working.remove(trade)
        trade.enter()
        desk.open.append(trade)
        self.risk.on_trade_entry(trade)
        events.append(trade.event(EventType.ENTRY, minute, price, CONFIRMED))

    def _take_stock(self, minute: int) -> list[TradeEvent]:
        open_loss = self._open_loss() if self.risk.watches_open_losses else 0.0
        halt = self.risk.take_stock(open_loss)
        if halt is None:
            return []
        time = dt.datetime.fromtimestamp(minute * 60, dt.UTC)
        return [TradeEvent(EventType.HALT, None, None, time, None, None, 0, halt.reason, halt)]

    def _open_loss(self) -> float:
        """Dollars, of open positions and of those closed to be flat, whose result is not booked yet."""
        scratched = sum(max(-(trade.pnl_dollars or 0.0), 0.0) for trade in self._scratched)
        return sum(book.open_loss() for book in self._books.values()) + scratched

    # Endings.

    def _flatten_before(self, book: Book, bar: Bar, events: list[TradeEvent]) -> None:
        """`bar` is the first one at or after `flat_by`: all books close at the last bar they had before it."""
        book.bars.pop()
        for other in self._books.values():
            if not other.is_flat:
                self._flatten(other, FLAT_BY, events)
        book.bars.append(bar)

    def _flatten(self, book: Book, reason: str, events: list[TradeEvent]) -> None:
        """Close every position at the book's last bar, withdraw orders, and expect nothing more."""
        for desk in book.desks:
            for trade in list(desk.open):
                desk.scratch(trade, book.bars[-1], reason)
                self._scratched.append(trade)
                events.append(trade.event(EventType.SCRATCH, book.bars[-1].minute, trade.exit, reason))
            for trade in [*desk.working, *desk.waiting]:
                why = NOT_CONFIRMED if trade in desk.waiting else NOT_TOUCHED if trade.is_limit else NO_NEXT_BAR
                was_working = trade.state is State.WORKING
                desk.abandon(trade)
                if was_working:
                    events.append(trade.event(EventType.CANCEL, book.bars[-1].minute, None, why))
            desk.orb.end()
        book.is_flat = True

    def _trades(self) -> list[ActiveTrade]:
        return [
            trade
            for book in self._books.values()
            for desk in book.desks
            for group in (desk.waiting, desk.working, desk.open, desk.finished)
            for trade in group
        ]


def _position(trade: ActiveTrade) -> int:
    return trade.position
