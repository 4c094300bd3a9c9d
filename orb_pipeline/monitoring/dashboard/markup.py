"""HTML of values and tables. A figure of a query stands in an element that says which row and column it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from orb_pipeline.monitoring.dashboard.results import Result

MISSING = '<span class="none">&ndash;</span>'
Render = Callable[[Result, int], str]


@dataclass(frozen=True)
class Form:
    """How a number is written.

    Attributes:
        decimals: places shown; None: up to ten significant digits, as prices are.
        sign: a plus before gains, and the colour of gain or loss.
        percent: the value is a share.
    """

    decimals: int | None = 0
    sign: bool = False
    percent: bool = False
    prefix: str = ""

    def text(self, value: float) -> str:
        """The number as people read it, with a real minus sign."""
        number = value * 100 if self.percent else value
        body = f"{abs(number):.10g}" if self.decimals is None else f"{abs(number):,.{self.decimals}f}"
        is_zero = not any(digit in body for digit in "123456789")
        mark = "" if is_zero else "\u2212" if number < 0 else "+" if self.sign else ""
        return f"{mark}{self.prefix}{body}{' %' if self.percent else ''}"


COUNT = Form(0)
R = Form(2, sign=True)
RATIO = Form(2)
SHARE = Form(1, percent=True)
PRICE = Form(None)
DOLLARS = Form(0, prefix="$")
GAIN = Form(0, sign=True, prefix="$")


def value(result: Result, row: int, column: str, form: Form = COUNT) -> str:
    """One figure of a query."""
    found = result.records[row][column]
    if found is None:
        return MISSING
    number = float(found)
    tone = ("", ' class="gain"', ' class="loss"')[(number > 0) - (number < 0)] if form.sign else ""
    return f'<data{tone} value="{number!r}" data-of="{result.name}:{row}:{column}">{escape(form.text(number))}</data>'


def day(result: Result, row: int, column: str) -> str:
    found = result.records[row][column]
    return MISSING if found is None else f'<time datetime="{found:%Y-%m-%d}">{found:%Y-%m-%d}</time>'


def moment(result: Result, row: int, column: str) -> str:
    """A time in UTC, to the minute."""
    found = result.records[row][column]
    return MISSING if found is None else stamp(found)


def stamp(at: dt.datetime) -> str:
    at = at.astimezone(dt.UTC)
    return f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}">{at:%Y-%m-%d %H:%M}</time>'


def clock(result: Result, row: int, column: str) -> str:
    """The time of day in UTC."""
    found = result.records[row][column]
    if found is None:
        return MISSING
    at = found.astimezone(dt.UTC)
    return f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}" title="{at:%Y-%m-%d %H:%M} UTC">{at:%H:%M}</time>'


def text(result: Result, row: int, column: str) -> str:
    found = result.records[row][column]
    return MISSING if found is None else broken(str(found))


def broken(words: str) -> str:
    """Text in which a long name may be broken after an underscore."""
    return escape(words).replace("_", "_<wbr>")


def badge(words: str, tone: str = "quiet") -> str:
    """A word that says a state; tone is good, warn, bad or quiet."""
    return f'<span class="badge {tone}">{escape(words)}</span>'


@dataclass(frozen=True)
class Column:
    """A column of a table: what it is called, and how a row's cell is made."""

    title: str
    cell: Render
    is_number: bool = False
    note: str = ""


def number(title: str, column: str, form: Form = COUNT, note: str = "") -> Column:
    return Column(title, lambda result, row: value(result, row, column, form), is_number=True, note=note)


def words(title: str, column: str) -> Column:
    return Column(title, lambda result, row: text(result, row, column))


def table(
    result: Result, columns: Sequence[Column], caption: str, *, rows: Iterable[int] | None = None, empty: str = ""
) -> str:
    """A table of rows of a query; on a narrow screen each row becomes a block. Without rows the paragraph `empty`."""
    chosen = list(range(len(result))) if rows is None else list(rows)
    return plain_table(
        [(column.title, column.is_number, column.note) for column in columns],
        [[column.cell(result, row) for column in columns] for row in chosen],
        caption,
        empty=empty,
    )


def plain_table(
    columns: Sequence[tuple[str, bool, str]], rows: Sequence[Sequence[str]], caption: str, *, empty: str = ""
) -> str:
    """A table of cells that are HTML already; a column is its title, whether it holds numbers, and a note."""
    if not rows:
        return f'<p class="empty">{escape(empty or "Nothing yet.")}</p>'
    head = "".join(
        f'<th scope="col"{_class(is_number)}{_title(note)}>{escape(title)}</th>' for title, is_number, note in columns
    )
    body = "".join(
        "<tr>"
        + "".join(
            _cell(place, cell, title, is_number=is_number)
            for place, ((title, is_number, _), cell) in enumerate(zip(columns, row, strict=True))
        )
        + "</tr>"
        for row in rows
    )
    label = escape(caption, quote=True)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{label}"><table class="stacked">'
        f'<caption class="unseen">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def facts(items: Iterable[tuple[str, str]]) -> str:
    """Names and values, values being HTML already."""
    inner = "".join(f"<div><dt>{escape(name)}</dt><dd>{shown}</dd></div>" for name, shown in items)
    return f'<dl class="facts">{inner}</dl>'


def note(words: str) -> str:
    """A paragraph in small print, HTML already."""
    return f'<p class="note">{words}</p>'


def folded(title: str, body: str, key: str = "") -> str:
    mark = f' id="{escape(key, quote=True)}"' if key else ""
    return f"<details{mark}><summary>{escape(title)}</summary>{body}</details>"


def strategy(name: Any) -> str:
    return f"<code>{broken(str(name))}</code>"


def _cell(place: int, cell: str, title: str, *, is_number: bool) -> str:
    label = escape(title, quote=True)
    if place == 0:
        return f'<th scope="row"{_class(is_number)} data-label="{label}">{cell}</th>'
    return f'<td{_class(is_number)} data-label="{label}">{cell}</td>'


def _class(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def _title(note: str) -> str:
    return f' title="{escape(note, quote=True)}"' if note else ""
