"""The dashboard in a real browser, on a phone and on a wide screen, by day and by night, by mouse and by keyboard."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from orb_pipeline.monitoring.dashboard.panels import PANELS
from orb_pipeline.settings import Home

PHONE, WIDE = 360, 1600
WAIT_SECONDS = 60.0
SIZES = pytest.mark.parametrize("width", [PHONE, WIDE])
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


@dataclass
class Visit:
    """A page that is open, and everything that it did which nobody asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def draw(self) -> None:
        """Scroll from plot to plot, as each is drawn when it comes into view, until all that can be seen are drawn."""
        self.until(
            """(() => {
                const next = [...document.querySelectorAll('.canvas')]
                    .find((found) => found.checkVisibility() && !found.querySelector('.main-svg'));
                next?.scrollIntoView({ block: 'center' });
                return !next;
            })()"""
        )
        self.page.evaluate("scrollTo(0, 0)")

    def until(self, holds: str) -> None:
        """Wait until an expression holds. Playwright's own waiting evaluates text, which the page's policy forbids."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not self.page.evaluate(holds):
            assert time.monotonic() < deadline, holds
            self.page.wait_for_timeout(20)

    def overflow(self) -> list[str]:
        """What reaches beyond the right edge of the screen, outside of regions that scroll by themselves."""
        found: list[str] = self.page.evaluate(
            """() => document.documentElement.scrollWidth <= innerWidth ? [] :
                [...document.querySelectorAll('main *')]
                    .filter((found) => found.getBoundingClientRect().right > innerWidth)
                    .filter((found) => !found.closest('.wide, pre, nav ul'))
                    .map((found) => found.outerHTML.slice(0, 120))"""
        )
        return found


Open = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, dashboard: Path) -> Iterator[Open]:
    contexts = []

    def open_page(width: int = WIDE, scheme: str = "light", at: str = "", path: Path = dashboard) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        visited = Visit(page)
        page.on("console", lambda message: visited.complaints.append(message.text))
        page.on("pageerror", lambda error: visited.complaints.append(str(error)))
        page.on("request", lambda request: visited.requests.append(request.url))
        page.goto(f"{path.as_uri()}{at}")
        page.wait_for_selector("html[data-ready]")
        return visited

    yield open_page
    for context in contexts:
        context.close()


def a_trade(page: Page) -> str:
    """The link of a trade that has its page within the dashboard."""
    found = page.locator('#today a[href^="#trade="]').first.get_attribute("href")
    assert found
    return found


@SIZES
@SCHEMES
def test_every_panel_is_drawn_without_a_complaint_a_request_or_scrolling_sideways(
    visit: Open, traded_home: Home, width: int, scheme: str
) -> None:
    visited = visit(width, scheme)
    visited.draw()
    page = visited.page
    assert page.locator(".panels > .panel").count() == len(PANELS)
    assert all(panel.is_visible() for panel in page.locator(".panels > .panel").all())
    assert page.locator(".panels .canvas .main-svg").count() > 5
    page.screenshot(path=traded_home.reports / f"dashboard-{width}-{scheme}.png", full_page=True)
    assert visited.overflow() == []
    page.evaluate("document.querySelectorAll('details').forEach((found) => { found.open = true; })")
    assert visited.overflow() == []
    assert visited.complaints == []
    assert visited.requests == [page.url]


@SIZES
@SCHEMES
def test_a_page_of_a_trade_shows_the_day_around_it(visit: Open, traded_home: Home, width: int, scheme: str) -> None:
    link = a_trade(visit().page)
    visited = visit(width, scheme, link)
    page = visited.page
    page.wait_for_selector(".trade:target .main-svg")
    assert not page.locator(".panels").is_visible()
    assert page.locator(".trade:target .candlestick, .trade:target .boxlayer path, .trade:target .box").count() > 0
    drawn = page.evaluate("document.querySelector('.trade:target .canvas').data[0].close.length")
    assert drawn > 100
    named = page.locator(".trade:target .annotation-text").all_text_contents()
    assert {text.split()[0] for text in named} >= {"entry", "stop"}
    page.screenshot(path=traded_home.reports / f"dashboard-trade-{width}-{scheme}.png", full_page=True)
    assert visited.overflow() == []
    assert visited.complaints == []
    assert visited.requests == [page.url.partition("#")[0]]


def test_the_night_is_dark_and_plots_follow_when_it_falls(visit: Open) -> None:
    visited = visit(scheme="light")
    visited.draw()
    page = visited.page
    ink = "getComputedStyle(document.querySelector('#plot-curve .xtick text')).fill"
    ground = "getComputedStyle(document.body).backgroundColor"
    by_day = page.evaluate(f"[{ink}, {ground}]")
    page.emulate_media(color_scheme="dark")
    visited.until(f"{ink} !== '{by_day[0]}'")
    assert page.evaluate(ground) != by_day[1]
    assert visited.complaints == []


@SCHEMES
@pytest.mark.parametrize("what", ["overview", "trade"])
def test_the_accessibility_engine_finds_nothing_serious(visit: Open, scheme: str, what: str) -> None:
    visited = visit(scheme=scheme)
    if what == "trade":
        visited.page.goto(f"{visited.page.url}{a_trade(visited.page)}")
        visited.page.wait_for_selector(".trade:target .main-svg")
    else:
        visited.draw()
        visited.page.evaluate("document.querySelectorAll('details').forEach((found) => { found.open = true; })")
    found = Axe().run(visited.page).response
    assert len(found["passes"]) > 15
    assert [
        _told(violation) for violation in found["violations"] if violation["impact"] in ("serious", "critical")
    ] == []


def _told(violation: dict[str, Any]) -> str:
    nodes = "; ".join(node["html"][:160] for node in violation["nodes"][:5])
    return f"{violation['id']}: {violation['help']} ({len(violation['nodes'])}): {nodes}"


def test_the_keyboard_reaches_everything_in_the_order_of_the_page(visit: Open) -> None:
    page = visit().page
    wanted = page.evaluate(
        """() => [...document.querySelectorAll('a[href], summary, [tabindex="0"]')].filter((found) =>
            found.checkVisibility()).map((found, number) => { found.dataset.number = number; return number; })"""
    )
    reached = []
    for _ in wanted:
        page.keyboard.press("Tab")
        reached.append(page.evaluate("Number(document.activeElement.dataset.number)"))
        if len(reached) == 5:
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert reached == wanted


def test_a_trade_is_opened_and_left_by_keyboard_and_focus_goes_along(visit: Open) -> None:
    visited = visit()
    page = visited.page
    link = page.locator('#trades a[href^="#trade="]').nth(2)
    link.focus()
    before = page.evaluate("scrollY")
    assert before > 0
    page.keyboard.press("Enter")
    page.wait_for_selector(".trade:target .main-svg")
    assert page.evaluate("document.activeElement.closest('.trade').matches(':target')")
    canvas = page.locator(".trade:target .canvas")
    canvas.focus()
    shown = "document.querySelector('.trade:target .canvas')._fullLayout.xaxis.range.join()"
    at_first = page.evaluate(shown)
    page.keyboard.press("ArrowLeft")
    visited.until(f"{shown} !== '{at_first}'")
    page.locator(".trade:target .back").press("Enter")
    page.wait_for_selector(".trade:target", state="detached")
    visited.until(f"scrollY === {before}")
    assert page.evaluate("document.activeElement.getAttribute('href')") == link.get_attribute("href")


def test_text_and_tables_are_there_where_plots_cannot_be_drawn(browser: Browser, dashboard: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(dashboard.as_uri())
    assert page.locator("#curve table").is_visible()
    page.locator('#today a[href^="#trade="]').first.click()
    assert page.locator(".trade:target table").first.is_visible()
    assert not page.locator(".panels").is_visible()
    context.close()
