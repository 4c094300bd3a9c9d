"""Plots by plotly: figures as JSON beside the element that shows them, in colours that the page turns for the dark."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

INK, QUIET, GRID, CARD = "#1a2029", "#56606e", "#dfe3e8", "#fffffe"
REPLAY, WALK_FORWARD, PAPER, LIVE = "#6b7686", "#2f6fb3", "#0b7a5b", "#8a3ffc"
GAIN, LOSS, WARN, BAND = "#0b7a5c", "#b3261e", "#9a5b00", "#c9d6e6"

DARK = {
    INK: "#e8ebef",
    QUIET: "#9da8b6",
    GRID: "#2b323c",
    CARD: "#171b21",
    REPLAY: "#93a0b1",
    WALK_FORWARD: "#6fb1f5",
    PAPER: "#3fcf9f",
    LIVE: "#be95ff",
    GAIN: "#3fcf9e",
    LOSS: "#ff8a80",
    WARN: "#f0b35a",
    BAND: "#33475e",
}
"""What stands for each colour in the dark."""

MODES = {
    "replay": ("Replay", REPLAY, "dot"),
    "walk_forward": ("Walk-forward, out of sample", WALK_FORWARD, "dash"),
    "paper": ("Paper", PAPER, "solid"),
    "live": ("Live", LIVE, "solid"),
}
"""Mode of the journal -> its name, colour and dash, so that it is told apart without colours, too."""

RED_TO_BLUE = [[0.0, "#2f6fb4"], [0.5, "#f4f5f7"], [1.0, "#b3261f"]]


def figure(**layout: Any) -> Figure:
    """An empty figure in the page's style."""
    import plotly.graph_objects as go

    made = go.Figure()
    made.update_layout(
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": QUIET, "size": 12},
        margin={"l": 48, "r": 12, "t": 8, "b": 36},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        hovermode="x unified",
        height=300,
    )
    axis = {"gridcolor": GRID, "zerolinecolor": QUIET, "linecolor": GRID, "automargin": True}
    made.update_xaxes(**axis, showgrid=False)
    made.update_yaxes(**axis)
    made.update_layout(**layout)
    return made


def days(column: pd.Series) -> list[str]:
    """Days as plotly takes them."""
    return pd.to_datetime(column).dt.strftime("%Y-%m-%d").tolist()


def plot(made: Figure, label: str, caption: str, *, key: str) -> str:
    """The figure on the page, as `drawn` puts it there."""
    return drawn(made.to_json(remove_uids=True), int(made.layout.height), label, caption, key=key)


def drawn(document: str, height: int, label: str, caption: str, *, key: str) -> str:
    """A figure on the page.

    Args:
        document: its JSON. height: in pixels.
        label: what a screen reader says in its place.
        caption: key figures in words, HTML; the table of the same panel has all of them.
        key: its name, unique on the page.
    """
    document = document.replace("<", "\\u003c")
    return (
        f'<figure class="plot" id="{escape(key, quote=True)}"><div class="canvas" style="height:{height}px" '
        f'tabindex="0" role="img" aria-label="{escape(label, quote=True)}"></div>'
        f'<script type="application/json" class="figure">{document}</script>'
        f"<figcaption>{caption}</figcaption></figure>"
    )
