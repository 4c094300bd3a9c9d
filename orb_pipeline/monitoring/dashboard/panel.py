"""What a panel is, and how it stands on the page: heading, figures, and, folded away, the queries that give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from orb_pipeline.monitoring.dashboard.results import Result


@dataclass(frozen=True)
class Panel:
    """One panel.

    Attributes:
        key: its anchor.
        html: everything below the heading.
        sources: results that its figures are from.
        label: its name in the navigation; None: its title.
        is_wide: takes the whole width of the page.
        state: a badge beside the heading, HTML.
    """

    key: str
    title: str
    html: str
    sources: Sequence[Result]
    label: str | None = None
    is_wide: bool = False
    state: str = ""

    @property
    def query(self) -> str:
        """The queries of its figures, as they are given to `orb sql`."""
        return ";\n\n".join(source.query for source in self.sources if source.is_sql)

    def section(self) -> str:
        size = " full" if self.is_wide else ""
        return (
            f'<section class="panel{size}" id="{self.key}" aria-labelledby="{self.key}-title">'
            f'<header><h2 id="{self.key}-title" tabindex="-1">{escape(self.title)}</h2>{self.state}</header>'
            f"{self.html}{queries(self.key, self.sources)}</section>\n"
        )


def queries(key: str, sources: Sequence[Result]) -> str:
    """The sources, folded away; what `orb sql` is given stands in an element of its own."""
    shown = "".join(_source(source) for source in sources)
    return (
        f'<details class="queries" id="{escape(key, quote=True)}-queries"><summary>Queries</summary>{shown}</details>'
    )


def _source(source: Result) -> str:
    name = escape(source.name, quote=True)
    if not source.is_sql:
        return f"<p>Given by <code>{escape(source.query)}</code>.</p>"
    return (
        f'<p><code>orb sql</code> with</p><pre class="query" tabindex="0" role="region" aria-label="Query {name}">'
        f'<code data-query="{name}">{escape(source.query)}</code></pre>'
    )
