"""`orb dashboard --serve`: the page for a browser of this machine, made anew whenever the home changes. Read-only."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from orb_pipeline.catalogue import Account
from orb_pipeline.errors import BusyError, OrbError
from orb_pipeline.monitoring.dashboard.page import dashboard_content, page, trade_page
from orb_pipeline.orchestration.dashboard.collect import collect
from orb_pipeline.orchestration.dashboard.open_day import OpenDay
from orb_pipeline.orchestration.dashboard.trades import read_trade
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.stopping import Signalled

ADDRESS = "127.0.0.1"
LOOK_SECONDS = 1.0  # between looks at whether the home has changed
_STALE_LOOKS = 300  # after so many looks the page is made anew though nothing changed: gates and waivers age
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What one address answers: status, kind and body."""

    status: HTTPStatus
    kind: str
    body: str


class LivePage:
    """The page of an account as the home is, kept up to date by `look`.

    Attributes:
        version: another one whenever the content is another one.
    """

    def __init__(self, workshop: Workshop, account: Account) -> None:
        self.version, self.content = "", "<p>Collecting the figures.</p>"
        self._workshop = workshop
        self._account = account
        self._open_day = OpenDay(workshop)
        self._seen: object = None
        self._looks = 0
        self._told = ""

    def look(self) -> bool:
        """Make the page anew where the home has changed; whether it did.

        An error of the home becomes its content. Any other is logged, once while it is the same, and the page stays.
        """
        try:
            return self._look()
        except Exception as error:  # noqa: BLE001 - whatever it is, the last page is served on
            self._open_day = OpenDay(self._workshop)
            if repr(error) != self._told:
                name = self._account.account
                _LOG.exception("The dashboard of %s could not be made anew; the last page is served on.", name)
            self._told = repr(error)
            return False

    def _look(self) -> bool:
        self._looks += 1
        state = self._state()
        if state == self._seen and self._looks < _STALE_LOOKS:
            return False
        self._looks, self._seen = 0, state  # noted before anything is read: what changes meanwhile is for the next look
        try:
            self.content = dashboard_content(
                collect(self._workshop, self._account, open_day=self._open_day, pages_elsewhere="/trade/")
            )
        except OrbError as error:
            _LOG.warning("The dashboard of %s could not be made: %s", self._account.account, error)
            self.content = f'<p class="banner" role="alert">{escape(str(error))}</p>'
            self._open_day = OpenDay(self._workshop)
        self.version = hashlib.sha256(self.content.encode()).hexdigest()
        self._told = ""
        return True

    def answer(self, path: str) -> Answer:
        """What stands at `path`."""
        if path == "/":
            title = f"{self._account.account}: opening-range breakouts"
            return _html(page(title, self.content, is_served=True))
        if path == "/content":
            return _html(self.content)
        if path == "/version":
            return Answer(HTTPStatus.OK, "text/plain", self.version)
        if path.startswith("/trade/"):
            return self._trade(unquote(path.removeprefix("/trade/")))
        return Answer(HTTPStatus.NOT_FOUND, "text/plain", "There is nothing here. The dashboard is at /.\n")

    def _trade(self, key: str) -> Answer:
        try:
            trade = read_trade(self._workshop, key)
        except OrbError as error:
            return Answer(HTTPStatus.NOT_FOUND, "text/plain", f"{error}\n")
        return _html(trade_page(trade, (str(trade.row["instrument"]),)))

    def _state(self) -> object:
        """What tells that the home may have changed: the warehouse's file, and the names on the tape."""
        home = self._workshop.home
        try:
            found = home.warehouse.stat()
            warehouse = (found.st_mtime_ns, found.st_size)
        except FileNotFoundError:
            warehouse = (0, 0)
        return warehouse, sorted(entry.name for entry in home.tape.iterdir()) if home.tape.is_dir() else []


def serve(
    workshop: Workshop,
    account: Account,
    port: int,
    stop: Signalled,
    on_ready: Callable[[str], None],
) -> None:
    """Serve until `stop` is set.

    Args:
        port: 0 takes a free one.
        on_ready: told the address.

    Raises:
        BusyError: the port is taken.
    """
    live = LivePage(workshop, account)
    try:
        server = _Server((ADDRESS, port), live)
    except OSError as error:
        message = (
            f"Port {port} of {ADDRESS} cannot be used ({error.strerror}): something else listens there. Stop it, or "
            "choose another one with --port."
        )
        raise BusyError(message) from None
    answering = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    with server:
        live.look()
        answering.start()
        on_ready(f"http://{ADDRESS}:{server.server_port}/")
        while not stop.wait(LOOK_SECONDS):
            live.look()
        server.shutdown()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], live: LivePage) -> None:
        super().__init__(address, _Handler)
        self.live = live
        self.hosts = {f"{name}:{self.server_port}" for name in (ADDRESS, "localhost")}
        if self.server_port == 80:
            self.hosts |= {ADDRESS, "localhost"}


class _Handler(BaseHTTPRequestHandler):
    """GET and HEAD for a browser that knows us by our own name: a foreign one is a page of somebody else's."""

    server: _Server
    server_version = "orb"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(has_body=True)

    def do_HEAD(self) -> None:
        self._answer(has_body=False)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._refuse_method
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        _LOG.debug(format, *args)

    def _answer(self, *, has_body: bool) -> None:
        if self.headers.get("Host") not in self.server.hosts:
            hosts = " or ".join(sorted(self.server.hosts))
            text = f"Host {self.headers.get('Host')!r} is not served; expected {hosts}.\n"
            self._send(Answer(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", text), has_body=has_body)
            return
        self._send(self.server.live.answer(self.path.partition("?")[0]), has_body=has_body)

    def _refuse_method(self) -> None:
        text = "The dashboard is read-only: GET and HEAD.\n"
        self._send(Answer(HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", text), has_body=True)

    def _send(self, answer: Answer, *, has_body: bool) -> None:
        body = answer.body.encode()
        self.send_response(answer.status)
        for name, value in {**_HEADERS, "Content-Type": f"{answer.kind}; charset=utf-8"}.items():
            self.send_header(name, value)
        if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if has_body:
            self.wfile.write(body)


def _html(body: str) -> Answer:
    return Answer(HTTPStatus.OK, "text/html", body)
