"""Debian's Chromium, driven by Playwright, and homes to look at, made once for all who run at the same time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import pytest
from playwright.sync_api import Browser, sync_playwright

from orb_pipeline.orchestration.dashboard import write_dashboard
from orb_pipeline.settings import Home
from orb_pipeline_tests.browser.homes import ACCOUNT, build_account, trade_on_paper, workshop_of

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser(traded_home: Home) -> Iterator[Browser]:
    """Where there is none, a test is skipped on a laptop and fails in CI.

    Playwright runs an event loop in this thread. So homes are built before it, and it ends with the module.
    """
    del traded_home
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        message = "chromium, which these tests drive, is not installed: `apt-get install chromium`"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS, chromium_sandbox=False)
        yield chromium
        chromium.close()


def _once(folder: Path, make: Callable[[Path], object]) -> Home:
    """The home in `folder`, made by whoever comes first."""
    folder.mkdir(exist_ok=True)
    with filelock.FileLock(folder / "lock"):
        if not (folder / "made").exists():
            make(folder / "home")
            (folder / "made").touch()
    return Home.at(folder / "home")


@pytest.fixture(scope="session")
def replayed_home(shared_folder: Path) -> Home:
    """Built up to the journal; nothing has been traded on paper. Not to be changed."""
    return _once(shared_folder / "dashboard_replayed", build_account)


@pytest.fixture(scope="session")
def traded_home(replayed_home: Home, shared_folder: Path) -> Home:
    """The same with paper days, alerts and events, and its dashboard written. Not to be changed."""

    def make(root: Path) -> None:
        shutil.copytree(replayed_home.root, root)
        home = Home.at(root)
        trade_on_paper(home)
        workshop = workshop_of(home)
        write_dashboard(workshop, workshop.catalogue.account(ACCOUNT))

    return _once(shared_folder / "dashboard_traded", make)


@pytest.fixture(scope="session")
def dashboard(traded_home: Home) -> Path:
    return traded_home.reports / "dashboard.html"
