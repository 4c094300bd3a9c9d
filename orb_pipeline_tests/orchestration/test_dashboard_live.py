"""The served page follows the home: nothing that changes is passed over, and nothing unexpected ends it."""

from __future__ import annotations

import http.client
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from orb_pipeline.orchestration.dashboard import serve as serving
from orb_pipeline.orchestration.dashboard.serve import ADDRESS, LivePage, serve
from orb_pipeline.orchestration.paper.halting import halt, resume
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import Home
from orb_pipeline.stopping import Signalled
from orb_pipeline_tests.orchestration.watched import NOW, workshop_of

Collect = Callable[..., Any]


@pytest.fixture
def workshop(home: Home) -> Workshop:
    return workshop_of(home)


@pytest.fixture
def live(workshop: Workshop) -> LivePage:
    return LivePage(workshop, workshop.catalogue.account("25k"))


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What happens after each collection, in turn, before the page is made of it."""
    collect, happens = serving.collect, list[Callable[[], object]]()

    def interrupted(*arguments: Any, **more: Any) -> Any:
        data = collect(*arguments, **more)
        if happens:
            happens.pop(0)()
        return data

    monkeypatch.setattr(serving, "collect", interrupted)
    return happens


def defect() -> None:
    message = "a defect"
    raise RuntimeError(message)


def test_a_home_that_is_left_alone_is_read_once(live: LivePage) -> None:
    assert [live.look() for _ in range(4)] == [True, False, False, False]


def test_what_changes_while_the_page_is_made_is_taken_in_by_the_next_look(
    live: LivePage, workshop: Workshop, meanwhile: list[Callable[[], object]]
) -> None:
    meanwhile.append(lambda: halt(workshop.home, "during the collection", NOW))
    assert live.look()
    assert "during the collection" not in live.content
    assert live.look()
    assert "during the collection" in live.content
    assert not live.look()


def test_a_defect_is_told_once_and_the_last_page_stays_until_a_better_one_can_be_made(
    live: LivePage,
    workshop: Workshop,
    meanwhile: list[Callable[[], object]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    live.look()
    before = live.version, live.content
    meanwhile += [defect, defect]
    for number in range(2):
        halt(workshop.home, f"news {number}", NOW)
        assert not live.look()
        assert (live.version, live.content) == before
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "a defect" in caplog.text
    resume(workshop.home, NOW)
    halt(workshop.home, "all is well again", NOW)
    assert live.look()
    assert "all is well again" in live.content


def test_a_defect_does_not_end_the_server(workshop: Workshop, meanwhile: list[Callable[[], object]]) -> None:
    stop, ready, failed, told = Signalled(), threading.Event(), threading.Event(), list[str]()

    def on_ready(url: str) -> None:
        told.append(url)
        ready.set()

    def fail() -> None:
        failed.set()
        defect()

    thread = threading.Thread(target=serve, args=(workshop, workshop.catalogue.account("25k"), 0, stop, on_ready))
    thread.start()
    try:
        assert ready.wait(60)
        meanwhile.append(fail)
        halt(workshop.home, "a test", NOW)
        assert failed.wait(60)
        assert not stop.wait(0.5)
        connection = http.client.HTTPConnection(ADDRESS, int(told[0].rstrip("/").rpartition(":")[2]), timeout=60)
        connection.request("GET", "/content")
        answer = connection.getresponse()
        assert answer.status == 200
        assert b"No alert stands" in answer.read()
        assert thread.is_alive()
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()
