"""`orb ui` serves the home's graph in the foreground and leaves cleanly."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from orb_pipeline_tests.acceptance.command import ORB, orb

START_SECONDS, STOP_SECONDS = 120, 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(url: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"{url} did not answer; exit code {process.poll()}")


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_it_serves_until_it_is_stopped_and_then_exits_with_0(tmp_path: Path, stop: signal.Signals) -> None:
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = subprocess.Popen(
        [ORB, "--home", tmp_path / "home", "ui", "--port", str(port)],
        cwd=tmp_path,
        env={**os.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until_it_answers(f"{url}/server_info", process)
        if stop is signal.SIGINT:
            os.killpg(process.pid, stop)  # as a terminal does: the whole foreground group gets it
        else:
            process.terminate()  # as a supervisor does
        process.communicate(timeout=STOP_SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=5)


def test_a_taken_port_is_one_paragraph(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        answer = orb(tmp_path / "home", "ui", "--port", port)
    assert answer.code == 1
    assert port in answer.err
    assert "Traceback" not in answer.err
