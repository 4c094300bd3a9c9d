"""Databento's live gateway on this machine: its text handshake with the CRAM challenge, then DBN records."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import databento_dbn as dbn

from orb_pipeline_tests.feeds.house import NINE

KEY = "db-0123456789abcdef0123456789abc"
NS = 60 * 10**9
SYMBOLS = {1: "MGCJ4", 2: "MGCM4", 3: "MGCJ4-MGCM4"}

Fields = dict[str, str]


def ohlcv(minute: int, number: int = 1, tenths: int = 21001, volume: int = 4) -> dbn.OHLCVMsg:
    """A bar of the minute so many after NINE; 1 is MGCJ4, 2 MGCM4, 3 their spread."""
    price = tenths * 10**8
    return dbn.OHLCVMsg(33, 1, number, (NINE + minute) * NS, price, price + 10**8, price - 10**8, price, volume)


def end_of_interval(minute: int) -> dbn.SystemMsg:
    """Stamped, as Databento does, with the end of the interval."""
    return dbn.SystemMsg((NINE + minute + 1) * NS, "End of interval for ohlcv-1m", dbn.SystemCode.END_OF_INTERVAL)


def mapping(number: int, symbol: str) -> dbn.SymbolMappingMsg:
    parent, raw = dbn.SType.PARENT, dbn.SType.RAW_SYMBOL
    return dbn.SymbolMappingMsg(1, number, NINE * NS, parent, "MGC.FUT", raw, symbol, 0, 2**63 - 1)


@dataclass
class DatabentoGateway:
    """Serves one client after the other.

    Attributes:
        records: what the source has, in order; those from a subscription's start on are sent.
        cuts: of each connection in turn, after how many records it is cut, inside the next; without a number it stays.
        refuse: the gateway's answer to a login, instead of a session.
    """

    records: Sequence[dbn.DBNRecord] = ()
    cuts: list[int] = field(default_factory=list)
    refuse: str | None = None
    symbols: dict[int, str] = field(default_factory=lambda: dict(SYMBOLS))
    logins: list[Fields] = field(default_factory=list)
    subscriptions: list[Fields] = field(default_factory=list)
    port: int = 0

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError, EOFError):
                self._session(connection)

    def _session(self, connection: socket.socket) -> None:
        lines = connection.makefile("rb")
        challenge = f"challenge{len(self.logins)}"
        connection.sendall(f"lsg_version=0.6.0\ncram={challenge}\n".encode())
        login = _fields(lines.readline())
        self.logins.append(login)
        expected = hashlib.sha256(f"{challenge}|{KEY}".encode()).hexdigest() + "-" + KEY[-5:]
        refused = "User authentication failed: Invalid or unknown API key" if login["auth"] != expected else self.refuse
        if refused:
            connection.sendall(f"success=0|error={refused}\n".encode())
            return
        connection.sendall(b"success=1|session_id=7\n")
        subscription = _fields(lines.readline())
        self.subscriptions.append(subscription)
        assert _fields(lines.readline()) == {"start_session": "0"}
        self._stream(connection, login, int(subscription["start"]))
        lines.read()  # until the client goes

    def _stream(self, connection: socket.socket, login: Fields, start: int) -> None:
        metadata = dbn.Metadata(login["dataset"], start, dbn.SType.PARENT, dbn.SType.INSTRUMENT_ID, None, version=3)
        head = [bytes(metadata), *(bytes(mapping(number, symbol)) for number, symbol in self.symbols.items())]
        connection.sendall(b"".join(head))
        records = [record for record in self.records if record.ts_event >= start]
        cut = self.cuts.pop(0) if self.cuts else None
        for record in records[:cut]:
            connection.sendall(bytes(record))
        if cut is not None:
            connection.sendall(b"".join(bytes(record)[:20] for record in records[cut : cut + 1]))
            raise EOFError


def _fields(line: bytes) -> Fields:
    if not line:
        raise EOFError
    return dict(pair.split("=", 1) for pair in line.decode().strip().split("|"))


@contextmanager
def serving(gateway: DatabentoGateway) -> Iterator[DatabentoGateway]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gateway.port = listener.getsockname()[1]
        thread = threading.Thread(target=gateway.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield gateway
        finally:
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=10)
