"""Databento's live gateway: minute bars of all outright contracts of an instrument."""

from __future__ import annotations

import datetime as dt
import queue
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from types import ModuleType
from typing import Any

from orb_pipeline.catalogue import Instrument
from orb_pipeline.errors import ConfigurationError, InputError
from orb_pipeline.feeds.feed import Clock, Disconnected, Event, FeedBar, Gap, Stop
from orb_pipeline.feeds.keys import without
from orb_pipeline.feeds.minutes import OpenMinutes
from orb_pipeline.feeds.stamps import minute_of, moment_of
from orb_pipeline.market.contracts import is_spread, parse_contract
from orb_pipeline.market.trading_day import MINUTES_PER_DAY, day_number, day_open

KEY_VARIABLE = "DATABENTO_API_KEY"
DATASET = "GLBX.MDP3"  # CME Globex, where the futures of the packaged catalogue trade
PORT = 13000
SCHEMA = "ohlcv-1m"
_KEPT_MINUTES = MINUTES_PER_DAY - 1  # the gateway replays the last 24 hours
_HEARTBEAT_SECONDS = 10  # the client gives a silent connection up ten seconds after one is due
_POLL_SECONDS = 0.25
_GRACE = dt.timedelta(seconds=5)  # after a minute, and after the last record, where the gateway does not end it
_NS_PER_MINUTE = 60 * 10**9
_PASSING = ("limit", "internal", "unavailable", "try again", "timed out")  # refusals that waiting mends


@dataclass(frozen=True)
class DatabentoFeed:
    """Subscribes to `ohlcv-1m` of the instrument's parent symbol (MGC.FUT).

    Attributes:
        key: the API key; it goes to the client and nowhere else.
        gateway: host in place of the one Databento names for the dataset.
    """

    instrument: Instrument
    key: str = field(repr=False)
    clock: Clock
    dataset: str = DATASET
    gateway: str | None = None
    port: int = PORT

    name = "databento"

    def events(self, after: int | None, stop: Stop) -> Generator[Event]:
        """Minutes from after `after` on, at most 24 hours back; without it from the open of the trading day.

        Raises:
            ConfigurationError: the package is missing, or the gateway does not take the key or the subscription.
            InputError: the instrument has no futures contracts.
            Disconnected: the gateway cannot be reached, or no longer.
        """
        now = minute_of(self.clock())
        first = int(day_open(day_number(now))) if after is None else after + 1
        start = min(max(first, now - _KEPT_MINUTES), now)
        session = _Session(self, first - 1)
        try:
            session.connect(start)
            yield None
            if start > first:
                yield Gap(first, start - 1, "older than the 24 hours that the gateway sends again")
            while not stop.is_set():
                yield from session.next()
        finally:
            session.close()


class _Session:
    """One connection to the gateway."""

    def __init__(self, feed: DatabentoFeed, after: int) -> None:
        self._feed = feed
        self._databento, self._dbn = _packages()
        self._records: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._client: Any = None
        self._open = OpenMinutes(after)
        self._symbols: dict[int, str] = {}
        self._strangers: set[str] = set()
        self._last_record = feed.clock()
        self._error: str | None = None

    def connect(self, start: int) -> None:
        """Log in and subscribe from minute `start` on."""
        prefix = self._feed.instrument.contract_prefix
        if prefix is None:
            message = (
                f"{self._feed.instrument.symbol} has no contract_prefix in the catalogue, and databento is asked for "
                "futures. Choose an instrument with contracts."
            )
            raise InputError(message)
        try:
            self._client = self._databento.Live(
                key=self._feed.key,
                gateway=self._feed.gateway,
                port=self._feed.port,
                heartbeat_interval_s=_HEARTBEAT_SECONDS,
            )
            self._client.add_callback(self._records.put)
            self._client.subscribe(
                dataset=self._feed.dataset,
                schema=SCHEMA,
                stype_in="parent",
                symbols=[f"{prefix}.FUT"],
                start=start * _NS_PER_MINUTE,
            )
            self._client.start()
        except (self._databento.BentoError, ValueError) as error:
            raise self._refusal(error) from None

    def next(self) -> Iterator[Event]:
        """What the next record brings; None after a while without one."""
        is_connected = self._client.is_connected()
        try:
            record = self._records.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            if not is_connected:
                raise Disconnected(self._why_closed()) from None
            yield self._ended_by_clock()
            return
        self._last_record = self._feed.clock()
        if isinstance(record, self._dbn.OHLCVMsg):
            yield from self._bar(record)
        elif isinstance(record, self._dbn.SymbolMappingMsg):
            self._symbols[record.instrument_id] = record.stype_out_symbol
        elif isinstance(record, self._dbn.SystemMsg) and record.code == self._dbn.SystemCode.END_OF_INTERVAL:
            yield self._open.end(record.ts_event // _NS_PER_MINUTE - 1)  # it is stamped with the interval's end
        elif isinstance(record, self._dbn.ErrorMsg):
            self._take_error(record)

    def close(self) -> None:
        if self._client is not None:
            self._client.terminate()

    def _bar(self, record: Any) -> Iterator[Event]:
        minute = record.ts_event // _NS_PER_MINUTE
        symbol = self._symbols.get(record.instrument_id, f"number {record.instrument_id}")
        prefix, opened = self._feed.instrument.contract_prefix or "", moment_of(minute)
        contract = parse_contract(symbol, prefix, opened.year, opened.month)
        if contract is not None:
            opened_at, high, low, close = map(_price, (record.open, record.high, record.low, record.close))
            yield self._open.add(FeedBar(minute, contract.code, opened_at, high, low, close, record.volume))
        elif not is_spread(symbol) and symbol not in self._strangers:
            self._strangers.add(symbol)
            yield Gap(
                minute, minute, f"{symbol} is no contract of {self._feed.instrument.symbol}; its bars are passed over"
            )

    def _ended_by_clock(self) -> Event:
        """Minutes that are over where the gateway says nothing, and sends nothing."""
        now = self._feed.clock()
        return self._open.end(minute_of(now - _GRACE) - 1) if now - self._last_record >= _GRACE else None

    def _take_error(self, record: Any) -> None:
        codes = self._dbn.ErrorCode
        final = (
            codes.AUTH_FAILED,
            codes.API_KEY_DEACTIVATED,
            codes.SYMBOL_RESOLUTION_FAILED,
            codes.INVALID_SUBSCRIPTION,
        )
        self._error = without(self._feed.key, record.err)
        if record.code in final:
            raise ConfigurationError(_refused(self._feed, self._error))

    def _why_closed(self) -> str:
        try:
            self._client.block_for_close(timeout=1)
        except self._databento.BentoError as error:
            return f"the gateway cut the connection ({self._error or without(self._feed.key, error)})"
        return f"the gateway closed the connection ({self._error or 'without a reason'})"

    def _refusal(self, error: Exception) -> Exception:
        """What a failed attempt to connect means: try again, or correct something."""
        text = without(self._feed.key, error)
        is_reached = not text.startswith(("Connection to", "Authentication with"))
        if is_reached and not any(word in text.lower() for word in _PASSING):
            return ConfigurationError(_refused(self._feed, text))
        return Disconnected(text)


def _refused(feed: DatabentoFeed, text: str) -> str:
    return (
        f"Databento's gateway refused the subscription to {SCHEMA} of {feed.instrument.symbol} in {feed.dataset}: "
        f"{text}. Expected a key in {KEY_VARIABLE} that may read this dataset live. "
        "Correct the key, the dataset or the instrument."
    )


def _price(fixed: int) -> Decimal:
    """A DBN price, which counts billionths."""
    return Decimal(fixed).scaleb(-9)


def _packages() -> tuple[ModuleType, ModuleType]:
    try:
        import databento
        import databento_dbn
    except ImportError:
        message = (
            "The databento feed needs package databento, which is not installed. Install it: "
            "pip install 'orb_pipeline[databento]'."
        )
        raise ConfigurationError(message) from None
    return databento, databento_dbn
