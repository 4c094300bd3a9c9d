"""Interactive Brokers, through TWS or IB Gateway: five-second bars built into minutes, the missing ones fetched."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from orb_pipeline.catalogue import Instrument
from orb_pipeline.feeds.feed import Batch, Clock, Event, FeedBar, Gap, Stop, in_batches
from orb_pipeline.feeds.ib_client import IbClient, Source
from orb_pipeline.feeds.minute_builder import MinuteBuilder
from orb_pipeline.feeds.stamps import minute_of
from orb_pipeline.market.trading_day import MINUTES_PER_DAY, day_number, day_open

HOST, PORT, CLIENT_ID = "127.0.0.1", 4002, 18  # the broker is 17
CONTRACTS = 3
_POLL_SECONDS = 0.2
_GRACE = dt.timedelta(seconds=10)  # after a minute, until its last part is here
_QUIET = dt.timedelta(seconds=30)  # without a bar; then the gateway is asked whether it lives
_SILENT_MINUTES = 15  # in a row, then they are asked for: the market may trade and not be told
_KEPT_MINUTES = 7 * MINUTES_PER_DAY  # fetched one day a request, of which 60 are allowed in ten minutes
_BARS_A_BATCH = 5_000


@dataclass(frozen=True)
class IbFeed:
    """Real-time bars of the nearest contracts.

    A minute is delivered as built when all its twelve parts came; else its bar is fetched from history, and where that
    fails it is a gap.

    Attributes:
        exchange: where the futures are listed; None: the only one that lists them.
        contracts: how many, nearest expiry first: the front month and those that may follow it.
        client_id: a number no other API client of this TWS uses.
    """

    instrument: Instrument
    clock: Clock
    host: str = HOST
    port: int = PORT
    client_id: int = CLIENT_ID
    exchange: str | None = None
    contracts: int = CONTRACTS

    name = "ib"

    def events(self, after: int | None, stop: Stop) -> Generator[Event]:
        """Minutes from after `after` on, at most a week back; without it from the open of the trading day.

        Raises:
            ConfigurationError: the package is missing, or IB does not know or give the data.
            InputError: the instrument has no futures contracts.
            Disconnected: TWS cannot be reached, or has lost its own connection.
        """
        now = minute_of(self.clock())
        first = int(day_open(day_number(now))) if after is None else after + 1
        start = min(max(first, now - _KEPT_MINUTES), now)
        client = IbClient(self.host, self.port, self.client_id)
        with asyncio.Runner() as runner:
            try:
                runner.run(client.connect())
                sources = runner.run(client.contracts(self.instrument, self.exchange, self.contracts))
                yield None
                if start > first:
                    yield Gap(first, start - 1, "more than a week back; land it with `orb ingest`")
                minutes = _Minutes(client, sources, self.clock, start - 1)
                yield from runner.run(minutes.settle(minute_of(self.clock() - _GRACE) - 1))
                minutes.subscribe(runner)
                while not stop.is_set():
                    yield from runner.run(minutes.next())
            finally:
                runner.run(client.close())


class _Minutes:
    """The minutes of one connection, settled one after the other."""

    def __init__(self, client: IbClient, sources: list[Source], clock: Clock, through: int) -> None:
        self._client = client
        self._sources = sources
        self._clock = clock
        self._through = through
        self._builders = {source.code: MinuteBuilder(source.code) for source in sources}
        self._heard_at = clock()

    def subscribe(self, runner: asyncio.Runner) -> None:
        """Have the parts of all contracts collected from now on."""
        runner.run(self._client.subscribe(self._sources, self._builders))

    async def next(self) -> list[Event]:
        """The minutes that are over; none, after a moment, where none is."""
        await asyncio.sleep(_POLL_SECONDS if self._waits() else 0)
        self._client.check()
        if self._waits():
            await self._ask_whether_alive()
            return [None]
        last = self._over()
        is_silent = self._is_silent(last)
        events = await self.settle(last)
        if is_silent and any(isinstance(event, Batch) for event in events):
            self._client.give_up("the market trades, and no real-time bars come")
        return events

    async def settle(self, last: int) -> list[Event]:
        """Bars and gaps of all minutes up to `last` that are not settled yet."""
        first, bars, gaps = self._through + 1, list[FeedBar](), list[Gap]()
        if first > last:
            return [None]
        for source in self._sources:
            built, gap = await self._of_contract(source, first, last)
            bars += built
            gaps += [gap] if gap is not None else []
        for builder in self._builders.values():
            builder.forget(last)
        self._through = last
        return [*gaps, *in_batches(sorted(bars), _BARS_A_BATCH)]

    async def _of_contract(self, source: Source, first: int, last: int) -> tuple[list[FeedBar], Gap | None]:
        builder = self._builders[source.code]
        built = {minute: builder.built(minute) for minute in range(first, last + 1)}
        missing = [minute for minute, one in built.items() if not one.is_whole]
        whole = [one.bar for one in built.values() if one.is_whole and one.bar is not None]
        if not missing:
            return whole, None
        fetched, failure = await self._client.history(source, missing[0], missing[-1])
        wanted = set(missing)
        bars = whole + [bar for bar in fetched if bar.minute in wanted]
        if failure is None:
            return bars, None
        return bars, Gap(
            missing[0], missing[-1], f"{source.code}: five-second bars are missing, and so is history: {failure}"
        )

    def _waits(self) -> bool:
        """Whether there is nothing to settle: no minute is over, or the market seems to be closed."""
        last = self._over()
        return last <= self._through or (last - self._through < _SILENT_MINUTES and self._is_silent(last))

    def _is_silent(self, last: int) -> bool:
        """Whether no part has come of any minute up to `last` that is not settled."""
        return not any(builder.has_any(self._through + 1, last) for builder in self._builders.values())

    def _over(self) -> int:
        """The last minute that is over: all contracts are in a later one, or the clock is well past it."""
        by_clock = minute_of(self._clock() - _GRACE) - 1
        lasts = [builder.last_minute for builder in self._builders.values()]
        return max(by_clock, min(_known(lasts), default=0) - 1 if None not in lasts else by_clock)

    async def _ask_whether_alive(self) -> None:
        now = self._clock()
        if self._client.take_heard():
            self._heard_at = now
        elif now - self._heard_at >= _QUIET:
            await self._client.ask_whether_alive()
            self._heard_at = now


def _known(minutes: list[int | None]) -> Iterator[int]:
    return (minute for minute in minutes if minute is not None)
