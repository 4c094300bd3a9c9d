"""First paint of the dashboard of ten years, in headless Chromium, beside that of a blank page in the same run.

`python benchmarks/dashboard.py HOME` of a home that `orb run` has built, such as that of `make demo`.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from measure import say
from playwright.sync_api import Browser, sync_playwright

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.orchestration.dashboard import write_dashboard
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import Home

ROUNDS = 7
_BLANK = "<!doctype html><html lang=en><head><title>blank</title></head><body><p>blank</p></body></html>"
_ARGUMENTS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]


def main() -> None:
    home = Home.at(sys.argv[1] if len(sys.argv) > 1 else "orb_home")
    catalogue = load_catalogue(home.catalogue)
    workshop = Workshop(home, catalogue)
    started = time.perf_counter()
    path = write_dashboard(workshop, catalogue.account(None))
    say(f"written in {time.perf_counter() - started:.1f} s, {path.stat().st_size / 1e6:.2f} MB")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        blank = Path(folder) / "blank.html"
        blank.write_text(_BLANK, encoding="utf-8")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=_ARGUMENTS, chromium_sandbox=False
        )
        first_paint(browser, blank)  # warm
        pairs = [(first_paint(browser, path), first_paint(browser, blank)) for _ in range(ROUNDS)]
        ready = plots_ready(browser, path)
        browser.close()
    page, nothing = (min(times) for times in zip(*pairs, strict=True))
    say(f"first paint: {page:.0f} ms (asked: 1,500), a blank page {nothing:.0f} ms: {page / nothing:.1f}x")
    say(f"worst of {ROUNDS}: {max(times[0] for times in pairs):.0f} ms; first plots drawn after {ready:.0f} ms")


def first_paint(browser: Browser, path: Path) -> float:
    """Milliseconds from the start of the navigation to the first text on the screen."""
    page = browser.new_page()
    page.goto(path.as_uri(), wait_until="load")
    found = "performance.getEntriesByName('first-contentful-paint').map((entry) => entry.startTime)"
    while not (times := page.evaluate(found)):
        page.wait_for_timeout(10)
    page.close()
    return float(times[0])


def plots_ready(browser: Browser, path: Path) -> float:
    page = browser.new_page()
    page.goto(path.as_uri())
    while not page.evaluate("document.querySelector('.main-svg') !== null"):
        page.evaluate("document.querySelector('.canvas').scrollIntoView()")
        page.wait_for_timeout(10)
    taken = float(page.evaluate("performance.now()"))
    page.close()
    return taken


if __name__ == "__main__":
    main()
