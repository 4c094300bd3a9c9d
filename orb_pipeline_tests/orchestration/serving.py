"""`orb ui` as a process of its own, and the GraphQL a page would send it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil

from orb_pipeline.settings import Home

_SCRIPT = """
import sys
from orb_pipeline.orchestration.ui import serve
from orb_pipeline.settings import Home
sys.exit(serve(Home.at(sys.argv[1]), int(sys.argv[2]), on_ready=lambda url: print(url, flush=True)))
"""


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[str]
    url: str

    def graphql(self, query: str, variables: dict[str, Any]) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer
        return answer["data"]

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(home: Home, port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, str(home.root), str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def serving(home: Home) -> Iterator[Server]:
    """Started and answering; ended with SIGTERM, which leaves no process behind."""
    process = start(home, free_port())
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http"), process.communicate()
        yield Server(process, url)
    finally:
        if process.poll() is None:
            family = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
            assert process.returncode == 0
            assert psutil.wait_procs(family, timeout=5)[1] == []


def eventually(condition: Any, seconds: float = 90) -> Any:
    """The first truthy answer of `condition`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.2)
    message = f"it did not become true within {seconds} s"
    raise AssertionError(message)


def process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
