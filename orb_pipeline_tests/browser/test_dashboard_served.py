"""`orb dashboard --serve`: for this machine only, read-only, and always as the home is."""

from __future__ import annotations

import http.client
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from orb_pipeline.orchestration.dashboard.serve import serve
from orb_pipeline.orchestration.paper.halting import halt
from orb_pipeline.settings import Home
from orb_pipeline.stopping import Signalled
from orb_pipeline.storage.paper import TradingEvent, record_events
from orb_pipeline_tests.acceptance.command import ORB, orb
from orb_pipeline_tests.browser.homes import ACCOUNT, workshop_of

WAIT_MS = 30_000


@dataclass
class Served:
    """A dashboard that is being served, and its home."""

    home: Home
    port: int

    def ask(self, path: str = "/", *, method: str = "GET", host: str | None = None) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.putrequest(method, path, skip_host=True)
        if host != "":
            connection.putheader("Host", host or f"127.0.0.1:{self.port}")
        connection.endheaders()
        return connection.getresponse()


@pytest.fixture
def served(traded_home: Home, home: Home) -> Iterator[Served]:
    shutil.copytree(traded_home.root, home.root)
    stop, ready, told = Signalled(), threading.Event(), []

    def on_ready(url: str) -> None:
        told.append(url)
        ready.set()

    workshop = workshop_of(home)
    account = workshop.catalogue.account(ACCOUNT)
    thread = threading.Thread(target=serve, args=(workshop, account, 0, stop, on_ready))
    thread.start()
    assert ready.wait(120)
    yield Served(home, int(told[0].rstrip("/").rpartition(":")[2]))
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


@dataclass
class LivePage:
    """The served dashboard in a browser, and everything that it did which nobody asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def live(served: Served, browser: Browser) -> Iterator[LivePage]:
    """It has begun to follow the home."""
    context = browser.new_context(viewport={"width": 1600, "height": 900})
    opened = LivePage(context.new_page())
    opened.page.on("console", lambda message: opened.complaints.append(message.text))
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.page.on("request", lambda request: opened.requests.append(request.url))
    opened.page.goto(f"http://127.0.0.1:{served.port}/")
    opened.page.wait_for_selector("html[data-ready]")
    opened.page.locator("#live", has_text=", live").wait_for(timeout=WAIT_MS)
    yield opened
    assert opened.complaints == []
    assert {url.split("/")[2] for url in opened.requests} == {f"127.0.0.1:{served.port}"}
    context.close()


def test_it_answers_its_own_names_and_nobody_elses(served: Served) -> None:
    for host in (f"127.0.0.1:{served.port}", f"localhost:{served.port}"):
        assert served.ask(host=host).status == 200
    for host in ("evil.example", f"evil.example:{served.port}", "127.0.0.1", "127.0.0.1:1", ""):
        answer = served.ask(host=host)
        assert (host, answer.status) == (host, 421)
        assert b"expectancy" not in answer.read()


def test_it_only_reads(served: Served) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"):
        answer = served.ask(method=method)
        assert (method, answer.status) == (method, 405)
        assert answer.getheader("Allow") == "GET, HEAD"
    head = served.ask(method="HEAD")
    assert head.status == 200
    assert int(head.getheader("Content-Length") or 0) > 1_000_000
    assert head.read() == b""


def test_pages_of_trades_are_served_and_what_is_none_is_not_found(served: Served) -> None:
    frame = workshop_of(served.home).warehouse.frame("select * from trade_journal where mode = 'replay' limit 1")
    row = frame.iloc[0]
    path = f"/trade/{ACCOUNT}/replay/{row['trading_day']:%Y-%m-%d}/{row['strategy_id']}"
    answer = served.ask(path)
    assert answer.status == 200
    assert row["strategy_id"].encode() in answer.read()
    for wrong in ("/trade/25k", "/trade/25k/replay/2001-01-01/NONE", "/../warehouse.duckdb", "/dashboard.js"):
        assert served.ask(wrong).status == 404


def test_the_page_takes_in_what_is_new_and_moves_nothing_that_is_read(served: Served, live: LivePage) -> None:
    page = live.page
    page.locator("#events-queries summary").click()
    page.locator("#events-queries summary").focus()
    place = page.evaluate("scrollY")
    assert place > 0
    tell(served.home, "told to the browser")
    page.wait_for_selector("#events >> text=told to the browser", timeout=WAIT_MS)
    assert page.locator("#events-queries").get_attribute("open") is not None
    assert abs(page.evaluate("scrollY") - place) < 2
    assert page.evaluate("document.activeElement.closest('details').id") == "events-queries"


def test_who_reads_a_trade_stays_on_its_page_with_its_plot_and_comes_back_to_the_link(
    served: Served, live: LivePage
) -> None:
    page = live.page
    link = page.locator('#trades a[href^="#trade="]').nth(2)
    link.focus()
    left, href = page.evaluate("scrollY"), link.get_attribute("href") or ""
    page.keyboard.press("Enter")
    opened = f'[id="{href[1:]}"]'
    page.wait_for_selector(f"{opened} .main-svg", timeout=WAIT_MS)
    page.locator(f"{opened} .canvas").focus()
    page.evaluate("scrollTo(0, 150)")

    for reason in ("first news", "second news"):
        tell(served.home, reason)
        page.wait_for_selector(f"#events >> text={reason}", state="attached", timeout=WAIT_MS)
        page.wait_for_selector(f"{opened} .main-svg", timeout=WAIT_MS)
        assert not page.locator(".overview").is_visible()
        assert page.locator(".trade:visible").count() == 1
        assert page.evaluate("scrollY") == 150
        assert page.evaluate("document.activeElement.className").startswith("canvas")

    strategy = href.rpartition("/")[2]
    with workshop_of(served.home).warehouse.transaction() as connection:
        connection.execute("delete from trade_journal where strategy_id = ?", [strategy])
    tell(served.home, "it is in the journal no more")
    page.wait_for_selector("#events >> text=in the journal no more", state="attached", timeout=WAIT_MS)
    page.wait_for_selector(f"{opened} .main-svg", timeout=WAIT_MS)
    assert page.locator(f'.overview a[href="{href}"]').count() == 0
    assert page.locator(".trade:visible").count() == 1

    page.go_back()
    page.locator(".overview").wait_for(timeout=WAIT_MS)
    page.wait_for_selector(opened, state="hidden", timeout=WAIT_MS)
    assert abs(page.evaluate("scrollY") - left) < 400  # some trades are gone


def test_focus_comes_back_to_the_link_that_was_followed_though_the_page_is_another_one(
    served: Served, live: LivePage
) -> None:
    page = live.page
    link = page.locator('#trades a[href^="#trade="]').first
    href = link.get_attribute("href")
    assert page.locator(f'#today a[href="{href}"]').count() == 1
    link.press("Enter")
    page.wait_for_selector(".trade .main-svg", timeout=WAIT_MS)
    tell(served.home, "while it is read")
    page.wait_for_selector("#events >> text=while it is read", state="attached", timeout=WAIT_MS)
    page.locator(".trade:visible .back").press("Enter")
    page.locator(".overview").wait_for(timeout=WAIT_MS)
    assert page.locator(".trade:visible").count() == 0
    assert page.evaluate("document.activeElement.getAttribute('href')") == href
    assert page.evaluate("document.activeElement.closest('[id]').id") == "trades"


def tell(home: Home, reason: str) -> None:
    """Something new for the page."""
    workshop = workshop_of(home)
    event = TradingEvent(event_ts=workshop.now(), event="limit", reason=reason, source=f"test:{reason}")
    with workshop.warehouse.transaction() as connection:
        record_events(connection, [event], workshop.now())


def test_a_mark_on_the_tape_is_a_change(served: Served) -> None:
    before = served.ask("/version").read()
    halt(served.home, "a test", workshop_of(served.home).now())
    deadline = threading.Event()
    for _ in range(60):
        if served.ask("/version").read() != before:
            return
        deadline.wait(0.5)
    pytest.fail("the page is still as it was")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_the_command_serves_until_it_is_stopped_and_exits_with_0(home: Home, number: signal.Signals) -> None:
    home.root.mkdir(parents=True)
    process = subprocess.Popen(
        [ORB, "--home", home.root, "dashboard", "--serve", "--port", "0"], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    assert "Serving http://127.0.0.1:" in line
    process.send_signal(number)
    rest = process.communicate(timeout=60)[1]
    assert process.returncode == 0
    assert "Traceback" not in rest


def test_a_taken_port_is_one_paragraph(served: Served, tmp_path: Path) -> None:
    answer = orb(tmp_path / "other", "dashboard", "--serve", "--port", str(served.port))
    assert answer.code == 1
    assert str(served.port) in answer.err
    assert "Traceback" not in answer.err


def test_the_command_writes_a_page_for_an_empty_home_and_names_it(tmp_path: Path) -> None:
    answer = orb(tmp_path / "empty", "dashboard")
    path = tmp_path / "empty" / "reports" / "dashboard.html"
    assert (answer.code, answer.out.strip()) == (0, str(path))
    text = path.read_text(encoding="utf-8")
    for words in ("No day has been traded yet", "No bars have landed", "No alert stands", "has no member yet"):
        assert words in text


def test_wrong_use_is_exit_code_2(tmp_path: Path) -> None:
    for arguments in (("--trade", "x"), ("--serve", "--trade", "x"), ("--account", "nobody")):
        assert orb(tmp_path / "empty", "dashboard", *arguments).code == 2
