"""The terminal. What a script reads goes to `out`, what a person reads while it works to `notes`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_WIDE = 10_000  # away from a terminal nothing is cut to fit one


def console(stream: TextIO) -> Console:
    """A console on `stream` that colours and cuts lines in a terminal only."""
    return Console(file=stream, width=None if stream.isatty() else _WIDE, highlight=False, soft_wrap=True)


out = console(sys.stdout)
notes = console(sys.stderr)

SIMULATED = "SIMULATED"


def say(text: str, *, style: str | None = None) -> None:
    """One paragraph for a person, on stderr; `text` is taken literally."""
    notes.print(escape(text), style=style)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Iterable[str] = ()) -> Table:
    """A plain table; columns named in `right` hold numbers."""
    aligned = set(right)
    result = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        result.add_column(escape(column), justify="right" if column in aligned else "left", no_wrap=column in aligned)
    for row in rows:
        result.add_row(*(escape(str(cell)) for cell in row))
    return result


def span(first: str | None, last: str | None) -> str:
    """The days from `first` to `last`, given as ISO days or times."""
    return f"{first[:10]} to {last[:10]}" if first and last else ""


def show(result: Table, *, on: Console = out) -> None:
    """Print a table; lines too long for the terminal are wrapped inside their cells."""
    on.print(result, soft_wrap=False)
