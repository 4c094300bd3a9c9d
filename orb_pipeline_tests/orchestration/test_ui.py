"""`serve`: answers, stops cleanly, leaves nothing behind."""

from __future__ import annotations

import signal
import socket

import psutil
import pytest

from orb_pipeline.errors import BusyError
from orb_pipeline.orchestration.ui import serve
from orb_pipeline.settings import Home
from orb_pipeline_tests.orchestration.serving import eventually, serving


def test_it_answers_and_after_ctrl_c_leaves_no_process_behind(home: Home) -> None:
    with serving(home) as server:
        version = server.graphql("{ version }", {})["version"]
        family = eventually(lambda: found if len(found := server.family()) >= 4 else None)  # two servers of code
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(60) == 0
    assert version
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []


def test_it_ends_with_1_when_a_child_dies(home: Home) -> None:
    with serving(home) as server:
        web = next(child for child in server.family() if "dagster_webserver" in child.cmdline())
        web.kill()
        assert server.process.wait(60) == 1


def test_a_taken_port_is_an_error_that_names_it(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(BusyError, match=f"Port {port} of 127.0.0.1 cannot be used"):
            serve(home, port)
