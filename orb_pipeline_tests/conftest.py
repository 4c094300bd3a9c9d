"""For every test: a home of its own, no user environment, and no silent gaps in CI."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from orb_pipeline.settings import HOME_VARIABLE, LAKE_VARIABLE, NOTIFY_VARIABLES, Home
from orb_pipeline_tests.data import SHARED_DATA

IN_CI = os.environ.get("CI") == "true"

settings.register_profile("suite", deadline=None, print_blob=True)  # two busy cores: no per-example deadline
settings.load_profile("suite")


def pytest_sessionstart(session: pytest.Session) -> None:
    if IN_CI and not (SHARED_DATA / "README.md").exists():
        message = f"CI=true and {SHARED_DATA} is missing: the tests on real bars would not run."
        raise pytest.UsageError(message)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In CI a skipped test is a failure: a gap nobody reads about would be no test at all."""
    report: Any = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and CI=true allows no skips: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """The same for a module that skips itself while it is collected."""
    report: Any = yield
    if IN_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, and CI=true allows no skips: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _no_home_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    channels = [variable for variable in os.environ if variable.startswith(NOTIFY_VARIABLES)]
    for variable in (HOME_VARIABLE, LAKE_VARIABLE, "DAGSTER_HOME", *channels):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home.at(tmp_path / "home")


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run see."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
