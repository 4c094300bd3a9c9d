"""`orb ui`: Dagster's webserver and daemon for one home, in the foreground, ended together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

import psutil

from orb_pipeline.errors import BusyError
from orb_pipeline.orchestration.instance import open_instance
from orb_pipeline.orchestration.recovery import recover
from orb_pipeline.settings import HOME_VARIABLE, LAKE_VARIABLE, Home
from orb_pipeline.stopping import stopped_by_signals

_MODULE = "orb_pipeline.definitions"
_GRACE_SECONDS = 15.0  # for children to end by themselves; after it they are killed
_POLL_SECONDS = 0.2


def serve(home: Home, port: int = 3000, host: str = "127.0.0.1", on_ready: Callable[[str], None] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM, or until one of the two dies.

    Runs that killed processes left behind are failed first.

    Args:
        on_ready: told the address once it answers.

    Returns:
        exit code: 0 after Ctrl-C or SIGTERM, 1 after a child died.

    Raises:
        BusyError: the port is taken.
    """
    _refuse_a_taken_port(host, port)
    with open_instance(home) as instance:
        recover(instance)
    url = f"http://{host}:{port}"
    with ExitStack() as stack:
        stop = stack.enter_context(stopped_by_signals())
        web = ["dagster_webserver", "-h", host, "-p", str(port), "-m", _MODULE]
        daemon = ["dagster._daemon", "run", "-m", _MODULE]
        children = stack.enter_context(_children(home, [web, daemon]))
        is_told = False
        while not stop.wait(_POLL_SECONDS):
            if any(child.poll() is not None for child in children):
                return 1
            if not is_told and _answers(url):
                is_told = True
                if on_ready is not None:
                    on_ready(url)
    return 0


def _refuse_a_taken_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = (
                f"Port {port} of {host} cannot be used ({error.strerror}): something else listens there, perhaps "
                "another `orb ui`. Stop it, or choose another one with --port."
            )
            raise BusyError(message) from None


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/server_info", timeout=1):  # noqa: S310 - our own http address
            return True
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def _children(home: Home, commands: Sequence[Sequence[str]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Dagster processes of this home. On leaving they are ended, and so is everything that they have started."""
    children: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            children.append(_started(home, command))  # noqa: PERF401 - what has started must be ended if the next fails
        yield children
    finally:
        _end(children)


def _started(home: Home, command: Sequence[str]) -> subprocess.Popen[bytes]:
    """A module of Dagster as a process, in a session of its own, so that Ctrl-C reaches it through us alone.

    What it says goes to a log in the home's Dagster folder.
    """
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(home.dagster),
        HOME_VARIABLE: str(home.root),
        LAKE_VARIABLE: home.lake_url,
    }
    name = command[0].removeprefix("dagster").strip("._")
    with (home.dagster / f"{name}.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and modules
            [sys.executable, "-m", *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            restore_signals=True,
        )


def _end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """Interrupt all, wait for them and for everything they have started, and kill what stays."""
    processes = [process for child in children for process in _family(child.pid)]
    for child in children:
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
    _, alive = psutil.wait_procs(processes, timeout=_GRACE_SECONDS)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=_GRACE_SECONDS)
    for child in children:
        child.wait(_GRACE_SECONDS)


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
