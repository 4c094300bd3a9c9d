"""The `orb` command as a user types it: a process of its own, its two streams, its exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ORB = Path(sys.executable).with_name("orb")
TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class Answer:
    """What a command left: exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    def csv(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.out)))

    def json(self) -> Any:
        return json.loads(self.out)


def orb(home: Path, *arguments: str | Path, **environment: str) -> Answer:
    """Run `orb --home HOME ARGUMENTS...` away from the repository and away from a terminal."""
    home.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [ORB, "--home", home, *arguments],
        cwd=home,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def simulate(
    home: Path, out: Path, *, start: str = "2024-01-01", end: str = "2024-02-29", symbol: str = "MGC"
) -> Answer:
    return orb(home, "simulate", "--instrument", symbol, "--start", start, "--end", end, "--seed", "7", "--out", out)
