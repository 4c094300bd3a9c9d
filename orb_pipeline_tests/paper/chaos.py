"""A feed that does everything wrong: bars out of order, twice, corrected, impossible; files cut off, empty, no text."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from orb_pipeline_tests.paper.tape_reading import COLUMNS

HEADER = ",".join(COLUMNS)
Values = list[str]


def _with(place: str, change: Callable[[str], str]) -> Callable[[Values], Values]:
    number = COLUMNS.index(place)
    return lambda values: [*values[:number], change(values[number]), *values[number + 1 :]]


CORRECTIONS = (
    _with("volume", lambda volume: str(int(float(volume)) + 1)),
    _with("close", lambda _: "1.0"),  # below the low: no bar at all
)
FAULTS = (
    _with("open", lambda price: f"{float(price) + 0.0005:.4f}"),
    _with("high", lambda _: "1.0"),
    _with("low", lambda _: "99999.0"),
    _with("open", lambda _: "-5.0"),
    _with("close", lambda _: "abc"),
    _with("close", lambda _: ""),
    _with("high", lambda _: "inf"),
    _with("volume", lambda _: "-1"),
    _with("volume", lambda _: "1.5"),
    _with("ts_utc", lambda stamp: stamp.replace(":00+", ":30+")),
    _with("ts_utc", lambda _: "soon"),
    _with("ts_utc", lambda stamp: stamp.replace("20", "21", 1)),  # a century ahead
    _with("source_symbol", lambda _: "XAGUSD"),
    lambda values: values[:-1],
    lambda values: [*values, "7"],
)


def chaotic_files(lines: Sequence[str], chance: random.Random) -> list[bytes]:
    """Files that hold these lines of bars, and what they should not."""
    rows = [",".join(values) for _, values in sorted(_arrivals(lines, chance), key=lambda item: item[0])]
    files: list[bytes] = []
    while rows:
        count = chance.choice([1, 1, 2, 5, 10, 30])
        rows, taken = rows[count:], rows[:count]
        files += _file(_first_stamp_readable(taken), chance)
    return files


def _arrivals(lines: Sequence[str], chance: random.Random) -> list[tuple[float, Values]]:
    """Each bar, when it comes (in minutes), and what comes besides."""
    found: list[tuple[float, Values]] = []
    for number, line in enumerate(lines):
        values = line.split(",")
        found.append((number + (chance.uniform(0.0, 5.0) if chance.random() < 0.2 else 0.0), values))
        if chance.random() < 0.03:
            found.append((number + chance.uniform(0.0, 60.0), values))
        if chance.random() < 0.03:
            found.append((number + chance.uniform(0.0, 60.0), chance.choice(CORRECTIONS)(values)))
        if chance.random() < 0.03:
            found.append((number + chance.uniform(-1.0, 1.0), chance.choice(FAULTS)(values)))
    return found


def _first_stamp_readable(rows: list[str]) -> list[str]:
    """The first row tells how stamps are written: one that says nothing goes to the end, or away where it is alone."""
    readable = [row for row in rows if not row.startswith("soon")]
    return readable + [row for row in rows if row.startswith("soon")] if readable else []


def _file(rows: list[str], chance: random.Random) -> list[bytes]:
    whole = "\n".join([HEADER, *rows]).encode() + b"\n"
    fate = chance.random()
    if fate < 0.02:
        return [b"", whole]
    if fate < 0.04:
        return [chance.randbytes(200), whole]
    if fate < 0.08:
        cut = chance.choice([10, chance.randrange(len(HEADER), len(whole))])  # in the header, or after it
        return [whole[:cut], *([whole] if chance.random() < 0.7 else [])]
    return [whole]
