"""What the HTML reports have in common: the page around them, sections and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources


def page(title: str, body: str) -> str:
    """A self-contained page, readable offline, light and dark. `body` is HTML already."""
    style = resources.files("orb_pipeline.monitoring").joinpath("report.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>\n"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def simulated_banner() -> str:
    return (
        '<p class="banner"><strong>SIMULATED</strong> '
        "These bars are made up. Nothing here says anything about a market.</p>\n"
    )


def section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>\n"


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    empty: str,
    *,
    numbers: Sequence[str] = (),
    kind: str = "plain",
) -> str:
    """A table of cells that are HTML already. Columns in `numbers` are aligned right; kind `stacked` sets the cells of
    a row below each other where the page is narrow.
    """
    marks = [' class="number"' if column in numbers else "" for column in columns]
    body = "".join(
        f"<tr>{''.join(f'<td{mark}>{cell}</td>' for mark, cell in zip(marks, row, strict=True))}</tr>" for row in rows
    )
    if not body:
        return f"<p>{empty}</p>"
    head = "".join(f"<th{mark}>{escape(column)}</th>" for mark, column in zip(marks, columns, strict=True))
    label = escape(f"Table of {', '.join(filter(None, columns))}", quote=True)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{label}"><table class="{kind}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
