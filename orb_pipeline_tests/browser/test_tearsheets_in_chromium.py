"""Tearsheets in a real browser: on a phone and on a wide screen, by day and by night."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext

from orb_pipeline.orchestration.tearsheets import Written, write_tearsheets
from orb_pipeline.settings import Home
from orb_pipeline_tests.browser.homes import ACCOUNT, workshop_of

GRAVE = ("serious", "critical")


@pytest.fixture(scope="module")
def sheets(traded_home: Home) -> dict[str, Written]:
    workshop = workshop_of(traded_home)
    account = workshop.catalogue.account(ACCOUNT)
    return {mode: write_tearsheets(workshop, account, mode) for mode in ("replay", "paper")}


@pytest.fixture
def context(sheets: dict[str, Written], browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """Made after the pages: Playwright runs an event loop in this thread."""
    width, scheme = request.param
    made = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    yield made
    made.close()


@pytest.mark.parametrize(
    "context", [(360, "light"), (360, "dark"), (1600, "light"), (1600, "dark")], indirect=True, ids=str
)
def test_it_opens_alone_fits_the_screen_and_is_read_by_those_who_do_not_see_it(
    context: BrowserContext, sheets: dict[str, Written]
) -> None:
    whole, (strategy, *_) = sheets["replay"].portfolio, sheets["replay"].strategies.values()
    for path in (whole, strategy, sheets["paper"].portfolio):
        assert isinstance(path, Path)
        page, heard = context.new_page(), list[str]()
        page.on("console", lambda message, heard=heard: heard.append(message.text))
        page.on("pageerror", lambda error, heard=heard: heard.append(str(error)))
        page.on("request", lambda asked, heard=heard: heard.append(asked.url))
        page.goto(path.as_uri())
        assert heard == [path.as_uri()], "nothing is complained of, nothing else is asked for"
        assert page.locator("svg").count() >= 4
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = Axe().run(page).response
        assert [violation["help"] for violation in found["violations"] if violation["impact"] in GRAVE] == []
        page.close()


def test_every_strategy_that_has_traded_leads_to_its_page(sheets: dict[str, Written]) -> None:
    for written in sheets.values():
        assert written.portfolio is not None
        html = written.portfolio.read_text(encoding="utf-8")
        links = set(re.findall(r'href="([^"#]+\.html)"', html))
        assert len(links) > 3
        assert links <= {path.name for path in written.strategies.values()}
