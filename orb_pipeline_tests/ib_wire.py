"""How a gateway of Interactive Brokers speaks: over TCP, in messages of NUL-ended fields behind their length."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

SERVER_VERSION = 178


class Wire:
    """One client's connection, greeted."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._input = connection.makefile("rb")
        assert self._read(4) == b"API\0"
        assert self.receive()[0].startswith("v157..")
        self.send(SERVER_VERSION, "20260209 12:00:00 UTC")

    def send(self, *fields: Any) -> None:
        text = "".join(f"{int(value) if isinstance(value, bool) else value}\0" for value in fields).encode()
        self._connection.sendall(struct.pack(">I", len(text)) + text)

    def receive(self) -> list[str]:
        """The fields of the next message, and the empty one behind the last; EOFError where there is none."""
        (length,) = struct.unpack(">I", self._read(4))
        return self._read(length).decode().split("\0")

    def _read(self, size: int) -> bytes:
        data = self._input.read(size)
        if len(data) < size:
            raise EOFError
        return data


@contextmanager
def listening(serve: Callable[[Wire], None]) -> Iterator[int]:
    """A local port. Each client that connects is served in a thread, until that raises EOFError or the client goes."""
    sockets: list[socket.socket] = []

    def talk(connection: socket.socket) -> None:
        with connection, suppress(OSError, EOFError):
            try:
                serve(Wire(connection))
            finally:
                connection.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                sockets.append(connection)
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection in sockets:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            acceptor.join()
