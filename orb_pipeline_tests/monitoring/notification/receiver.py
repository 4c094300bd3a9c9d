"""A service on this machine that takes messages over HTTP, or does not: what a webhook looks like from our side."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "s3cret-t0ken"
PASSWORD = "p4ssword"


@dataclass
class Receiver:
    """What came in.

    Attributes:
        answers: status of the next answers, in order; afterwards 200.
        is_silent: take the message and never answer.
        over: set when the test is over, so that silent answers end.
    """

    port: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    is_silent: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        """Its URL as apprise knows it, with a password and a token in it; waits long, so that our limit counts."""
        return f"json://operator:{PASSWORD}@127.0.0.1:{self.port}/hook/{TOKEN}?rto=60&cto=60"

    @property
    def titles(self) -> list[str]:
        return [message["title"] for message in self.messages]


@contextmanager
def receiver(**settings: Any) -> Iterator[Receiver]:
    """A receiver that listens on a free port."""
    receiving = Receiver(**settings)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiving.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            if receiving.is_silent:
                receiving.over.wait()
            self.send_response(receiving.answers.pop(0) if receiving.answers else 200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiving.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiving
    finally:
        receiving.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
