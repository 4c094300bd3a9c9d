"""What the feed asks of `ib_async`, and what it makes of the answers and of IB's message codes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import ModuleType
from typing import Any

from orb_pipeline.catalogue import Instrument
from orb_pipeline.errors import ConfigurationError, InputError
from orb_pipeline.feeds.feed import Disconnected, FeedBar
from orb_pipeline.feeds.minute_builder import MinuteBuilder, Part
from orb_pipeline.feeds.stamps import minute_of, moment_of
from orb_pipeline.market.contracts import MONTH_LETTERS
from orb_pipeline.market.trading_day import MINUTES_PER_DAY

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
_ALIVE_SECONDS = 10.0
_LOST = frozenset({1100, 1101, 1300, 10182, 326})  # TWS and IB are apart, or were; the client's number is taken
_NO_SECURITY = 200
_HISTORY = 162
_HARMLESS = frozenset({300, 366, 10225})  # nothing left to cancel; ib_async subscribes anew by itself


@dataclass(frozen=True)
class Source:
    """A contract as IB names it, and its canonical code."""

    contract: Any
    code: str


class IbClient:
    """One connection to TWS or IB Gateway; all its coroutines run on one loop."""

    def __init__(self, host: str, port: int, client_id: int) -> None:
        self._api = _package()
        self._address = host, port, client_id
        self._ib: Any = None
        self._requests: set[int] = set()
        self._lost: str | None = None
        self._refused: str | None = None
        self._has_heard = False

    async def connect(self) -> None:
        """Log in, read-only.

        Raises:
            Disconnected: nobody answers there, or not in time.
        """
        host, port, client_id = self._address
        self._ib = self._api.IB()
        self._ib.RaiseRequestErrors = True
        self._ib.errorEvent += self._take_error
        self._ib.disconnectedEvent += self._take_end
        try:
            await self._ib.connectAsync(
                host,
                port,
                client_id,
                timeout=CONNECT_SECONDS,
                readonly=True,
                fetchFields=self._api.StartupFetchNONE,
            )
        except (OSError, TimeoutError) as error:
            reason = self._lost or str(error) or "no answer in time"
            message = f"no API at {host}:{port} ({reason}); expected TWS or IB Gateway there, with its API switched on"
            raise Disconnected(message) from None

    async def contracts(self, instrument: Instrument, exchange: str | None, count: int) -> list[Source]:
        """The nearest futures of an instrument.

        Raises:
            InputError: it has none.
            ConfigurationError: IB does not list any, or at several exchanges.
        """
        prefix = instrument.contract_prefix
        if prefix is None:
            message = f"{instrument.symbol} has no contract_prefix in the catalogue, and ib is asked for futures."
            raise InputError(message)
        wanted = self._api.Future(symbol=prefix, exchange=exchange or "")
        try:
            details = await self._answer(self._ib.reqContractDetailsAsync(wanted))
        except self._api.RequestError as error:
            if error.code != _NO_SECURITY:
                message = f"contracts of {prefix}: {error.message}"
                raise Disconnected(message) from None
            details = []
        listed = sorted({detail.contract.exchange for detail in details})
        if len(listed) != 1:
            found = f"it is listed at {', '.join(listed)}" if listed else "IB lists none"
            message = (
                f"Futures of {prefix} at {exchange or 'any exchange'}: {found}. Name one exchange: --exchange COMEX."
            )
            raise ConfigurationError(message)
        nearest = sorted(details, key=_month)[:count]
        return [Source(detail.contract, _code(prefix, detail)) for detail in nearest]

    async def subscribe(self, sources: Sequence[Source], builders: Mapping[str, MinuteBuilder]) -> None:
        """Give five-second bars to the contracts' builders from now on."""
        for source in sources:
            bars = self._ib.reqRealTimeBars(source.contract, 5, "TRADES", useRTH=False)
            self._requests.add(bars.reqId)
            bars.updateEvent += self._taker(builders[source.code])

    async def history(self, source: Source, first: int, last: int) -> tuple[list[FeedBar], str | None]:
        """Bars of the minutes `first` to `last`, a day at a time; with the reason where IB does not give them.

        Raises:
            Disconnected: the connection is lost.
        """
        bars: list[FeedBar] = []
        for start in range(first, last + 1, MINUTES_PER_DAY):
            end = min(start + MINUTES_PER_DAY - 1, last)
            try:
                found = await self._answer(
                    self._ib.reqHistoricalDataAsync(
                        source.contract,
                        moment_of(end + 1),
                        f"{(end - start + 1) * 60} S",
                        "1 min",
                        "TRADES",
                        useRTH=False,
                        formatDate=2,
                        timeout=0,
                    )
                )
            except self._api.RequestError as error:
                if error.code == _HISTORY and "no data" in error.message.lower():
                    continue
                return bars, f"{error.message} ({error.code})"
            except TimeoutError:
                return bars, f"no answer in {ANSWER_SECONDS:.0f} s"
            bars += [bar for item in found if (bar := _minute(item, source.code)) and start <= bar.minute <= end]
        return bars, None

    async def ask_whether_alive(self) -> None:
        """Raises Disconnected where no answer comes."""
        try:
            await self._answer(self._ib.reqCurrentTimeAsync(), _ALIVE_SECONDS)
        except TimeoutError:
            message = f"TWS has not answered for {_ALIVE_SECONDS:.0f} s"
            raise Disconnected(message) from None

    def take_heard(self) -> bool:
        """Whether a bar has come since the last call."""
        heard, self._has_heard = self._has_heard, False
        return heard

    def give_up(self, reason: str) -> None:
        """Have the next check raise Disconnected."""
        self._lost = self._lost or reason

    def check(self) -> None:
        """Raises Disconnected where the connection is lost, ConfigurationError where a subscription is refused."""
        if self._refused is not None:
            message = (
                f"IB does not give real-time bars: {self._refused}. Expected a market data subscription for the "
                "exchange, shared with this login. Subscribe in IB's account management, or choose another feed."
            )
            raise ConfigurationError(message)
        if self._lost is not None:
            raise Disconnected(self._lost)

    async def close(self) -> None:
        if self._ib is not None:
            self._ib.disconnectedEvent -= self._take_end
            self._ib.disconnect()
            await asyncio.sleep(0)  # lets the socket close

    async def _answer(self, request: Any, seconds: float = ANSWER_SECONDS) -> Any:
        try:
            return await asyncio.wait_for(request, seconds)
        except ConnectionError as error:
            raise Disconnected(self._lost or str(error)) from None

    def _taker(self, builder: MinuteBuilder) -> Any:
        def take(bars: Any, _has_new: bool) -> None:
            self._has_heard = True
            builder.add(_part(bars[-1]))
            bars.clear()

        return take

    def _take_error(self, request: int, code: int, text: str, _contract: Any) -> None:
        if code in _LOST:
            self._lost = f"{text} ({code})"
        elif request in self._requests and code not in _HARMLESS and not 2100 <= code < 2200:
            self._refused = f"{text} ({code})"

    def _take_end(self) -> None:
        self._lost = self._lost or "TWS closed the connection"


def _part(bar: Any) -> Part:
    opened, high, low, close = map(_decimal, (bar.open_, bar.high, bar.low, bar.close))
    return Part(int(bar.time.timestamp()), opened, high, low, close, max(0, round(bar.volume)))


def _minute(bar: Any, code: str) -> FeedBar | None:
    """A bar of history; None where nothing traded."""
    if bar.volume <= 0:
        return None
    opened, high, low, close = map(_decimal, (bar.open, bar.high, bar.low, bar.close))
    return FeedBar(minute_of(bar.date), code, opened, high, low, close, round(bar.volume))


def _decimal(price: float) -> Decimal:
    """IB writes prices as decimals, and the double nearest to one has it for its shortest text."""
    return Decimal(repr(price))


def _month(detail: Any) -> str:
    """Delivery month, YYYYMM."""
    return str(detail.contractMonth or detail.contract.lastTradeDateOrContractMonth)[:6]


def _code(prefix: str, detail: Any) -> str:
    month = _month(detail)
    return f"{prefix}{MONTH_LETTERS[int(month[4:]) - 1]}{month[2:4]}"


def _package() -> ModuleType:
    try:
        import ib_async
    except ImportError:
        message = (
            "The ib feed needs package ib_async, which is not installed. Install it: pip install 'orb_pipeline[ib]'."
        )
        raise ConfigurationError(message) from None
    logging.getLogger("ib_async").addHandler(logging.NullHandler())  # what matters of it comes back as our own words
    return ib_async
