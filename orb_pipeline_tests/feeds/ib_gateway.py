"""TWS on this machine, as far as the feed asks it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from orb_pipeline_tests.feeds.house import NINE, Now
from orb_pipeline_tests.ib_wire import Wire, listening

CONTRACTS = {101: "202404", 102: "202406", 103: "202408", 104: "202410"}  # number -> delivery month
LETTERS = {"202404": "J4", "202406": "M4", "202408": "Q4", "202410": "V4"}

Bar = tuple[float, float, float, float, int]


@dataclass
class IbGateway:
    """What it serves, and how it fails.

    Attributes:
        bars: (number of a contract, minutes after NINE) -> open, high, low, close, volume.
        first, end: five-second bars come from the first of these minutes to before the other.
        cuts: of each connection in turn, after how many five seconds it is cut; without a number it stays.
        skipped: five seconds that go by while nobody is connected, after each cut.
        dropped: (minute, part) that are never sent.
        now: is moved along with what is sent, where there is one.
        history_error: code and text in place of history.
        subscription_error: code and text in place of five-second bars.
        message: code and text that end the first connection's stream, while it stays open.
        exchanges: where the futures are listed.
        is_deaf: it does not say what time it is.
        is_taken: another client has this one's number.
        asked: history that was asked for: contract, end, duration.
    """

    bars: Mapping[tuple[int, int], Bar] = field(default_factory=dict)
    first: int = 0
    end: int = 0
    cuts: list[int] = field(default_factory=list)
    skipped: int = 0
    dropped: set[tuple[int, int]] = field(default_factory=set)
    now: Now | None = None
    history_error: tuple[int, str] | None = None
    subscription_error: tuple[int, str] | None = None
    message: tuple[int, str] | None = None
    exchanges: tuple[str, ...] = ("COMEX",)
    wanted: int = 2
    is_deaf: bool = False
    is_taken: bool = False
    asked: list[tuple[int, str, str]] = field(default_factory=list)
    messages: list[list[str]] = field(default_factory=list)
    port: int = 0
    _at: int | None = None

    def next_part(self) -> tuple[int, int] | None:
        """Minute and place of the five seconds that come next."""
        self._at = self.first * 12 if self._at is None else self._at
        if self._at >= self.end * 12:
            return None
        self._at += 1
        return divmod(self._at - 1, 12)

    def skip(self) -> None:
        if self._at is not None:
            self._at += self.skipped
            self.tell_time()

    def tell_time(self) -> None:
        if self.now is not None and self._at is not None:
            self.now.moment = dt.datetime.fromtimestamp(NINE * 60 + self._at * 5, dt.UTC)

    def history(self, contract: int, first: int, end: int) -> list[tuple[int, Bar]]:
        inside = [(m, bar) for (number, m), bar in self.bars.items() if number == contract and first <= m < end]
        return sorted(inside)


class _Session:
    def __init__(self, gateway: IbGateway, wire: Wire) -> None:
        self._gateway, self._receive, self._send = gateway, wire.receive, wire.send
        self._subscribed: dict[int, int] = {}

    def run(self) -> None:
        while True:
            fields = self._receive()
            self._gateway.messages.append(fields)
            answer = {
                "71": self._start,
                "61": self._positions,
                "9": self._contracts,
                "20": self._history,
                "49": self._time,
                "50": self._subscribe,
            }.get(fields[0])
            if answer is not None and not (self._gateway.is_deaf and fields[0] == "49"):
                answer(fields)

    def _start(self, _fields: list[str]) -> None:
        if self._gateway.is_taken:
            self._error("-1", 326, "Unable to connect as the client id is already in use")
            raise EOFError
        self._send(15, 1, "DU1")
        self._send(9, 1, 1)

    def _positions(self, _fields: list[str]) -> None:
        self._send(62, 1)

    def _time(self, _fields: list[str]) -> None:
        self._send(49, 1, NINE * 60)

    def _contracts(self, fields: list[str]) -> None:
        request, symbol = fields[2], fields[4]
        if symbol != "MGC":
            self._error(request, 200, "No security definition has been found for the request")
            return
        for exchange in self._gateway.exchanges:
            for number, month in reversed(CONTRACTS.items()):
                head = (10, request, symbol, "FUT", f"{month}26", 0, "", exchange, "USD", f"MGC{LETTERS[month]}", "MGC")
                middle = (
                    "MGC",
                    number,
                    0.1,
                    10,
                    "",
                    exchange,
                    1,
                    7,
                    "Micro Gold",
                    "",
                    month,
                    "",
                    "",
                    "",
                    "UTC",
                    "",
                    "",
                )
                self._send(*head, *middle, "", 0, 0, 1, "MGC", "IND", "26", f"{month}26", "", 1, 1, 1)
        self._send(52, 1, request)

    def _history(self, fields: list[str]) -> None:
        request, number, ends, duration = fields[1], int(fields[2]), fields[15], fields[17]
        self._gateway.asked.append((number, ends, duration))
        if self._gateway.history_error is not None:
            self._error(request, *self._gateway.history_error)
            return
        end = dt.datetime.strptime(ends, "%Y%m%d %H:%M:%S UTC").replace(tzinfo=dt.UTC)
        last = int(end.timestamp()) // 60 - NINE
        found = self._gateway.history(number, last - int(duration.removesuffix(" S")) // 60, last)
        if not found:
            self._error(request, 162, "Historical Market Data Service error message:HMDS query returned no data: MGC")
            return
        values = [value for m, (o, h, lo, c, v) in found for value in ((NINE + m) * 60, o, h, lo, c, v, c, 1)]
        self._send(17, request, "", "", len(found), *values)

    def _subscribe(self, fields: list[str]) -> None:
        request, number = fields[2], int(fields[3])
        if self._gateway.subscription_error is not None:
            self._error(request, *self._gateway.subscription_error)
            return
        self._subscribed[number] = int(request)
        if len(self._subscribed) == self._gateway.wanted:
            self._stream()

    def _stream(self) -> None:
        cut = self._gateway.cuts.pop(0) if self._gateway.cuts else None
        sent = 0
        while (cut is None or sent < cut) and (part := self._gateway.next_part()) is not None:
            sent += 1
            for number, request in self._subscribed.items():
                if part not in self._gateway.dropped:
                    self._part(request, number, *part)
            self._gateway.tell_time()
        if self._gateway.message is not None:
            (code, text), self._gateway.message = self._gateway.message, None
            self._error("-1", code, text)
        elif cut is not None:
            self._gateway.skip()
            raise EOFError

    def _part(self, request: int, number: int, minute: int, place: int) -> None:
        """The minute's volume trades in its parts 1, 4 and 9: its open, both extremes, its close."""
        second = (NINE + minute) * 60 + place * 5
        nothing = (9.9, 9.9, 9.9, 9.9, 0)  # five seconds without a trade repeat an old price
        o, h, lo, c, v = self._gateway.bars.get((number, minute), nothing)
        share, rest = v // 3, v - 2 * (v // 3)
        traded = {1: (o, o, lo, lo, share), 4: (h, h, lo, lo, share), 9: (c, c, c, c, rest)} if v else {}
        first, high, low, last, volume = traded.get(place, nothing)
        self._send(50, 1, request, second, first, high, low, last, volume, last, 1)

    def _error(self, request: str, code: int, text: str) -> None:
        self._send(4, 2, request, code, text, "")


@contextmanager
def serving(gateway: IbGateway) -> Iterator[IbGateway]:
    """The gateway on a free local port, until the block ends."""
    with listening(lambda wire: _Session(gateway, wire).run()) as gateway.port:
        yield gateway
