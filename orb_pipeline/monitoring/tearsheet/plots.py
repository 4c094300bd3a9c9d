"""Plots of trades, drawn once: as PNG for metadata and as SVG that follows the page's light and dark."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from orb_pipeline.monitoring.tearsheet.figures import by_session, by_weekday, daily_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK, _QUIET, _GRID, _LINE, _GOOD, _BAD = "#1b1f24", "#5b6470", "#d9dce0", "#33658a", "#1f6f5c", "#a3262a"
_THEME = {_INK: "text", _QUIET: "quiet", _GRID: "line", _LINE: "curve", _GOOD: "good", _BAD: "bad"}
"""Colours as PNG has them, and the variables of report.css that stand for them in SVG."""

_OUTCOMES = {"win": _GOOD, "loss": _BAD, "scratch": _QUIET}
_MOST_POINTS = 600  # more are drawn as an image inside the SVG
_BINS = 40


def equity(trades: pd.DataFrame) -> Figure:
    """Cumulative R at the ends of days and, below it, how far it is under its high."""
    figure = _figure(3.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    curve = daily_curve(trades)
    above.step(curve["trading_day"], curve["cumulative_r"], where="post", linewidth=1.1, color=_LINE)
    above.axhline(0, linewidth=0.8, color=_QUIET)
    below.fill_between(curve["trading_day"], curve["drawdown_r"], 0, step="post", color=_BAD, alpha=0.55, linewidth=0)
    _dress(above, "", "cumulative R")
    _dress(below, "trading day", "drawdown")
    return figure


def distribution(trades: pd.DataFrame) -> Figure:
    """How many trades made how much."""
    figure = _figure(2.6)
    axes = figure.add_subplot()
    results = trades["pnl_r"].to_numpy(np.float64)
    edges = np.histogram_bin_edges(results, bins=_BINS) if len(results) else np.array([-1.0, 0.0, 1.0])
    for part, colour in ((results[results <= 0], _BAD), (results[results > 0], _GOOD)):
        axes.hist(part, bins=edges.tolist(), color=colour)
    axes.axvline(0, linewidth=0.8, color=_QUIET)
    _dress(axes, "R of a trade", "trades")
    return figure


def excursions(trades: pd.DataFrame) -> Figure:
    """A dot a trade: how far it went against it and for it."""
    figure = _figure(3.2)
    axes = figure.add_subplot()
    for outcome, colour in _OUTCOMES.items():
        part = trades[trades["outcome"] == outcome]
        axes.scatter(
            part["mae_r"],
            part["mfe_r"],
            s=9,
            color=colour,
            alpha=0.6,
            linewidths=0,
            label=f"{outcome}: {len(part):,}",
            rasterized=len(trades) > _MOST_POINTS,
        )
    figure.legend(loc="outside upper left", ncols=len(_OUTCOMES), frameon=False, labelcolor=_INK, markerscale=2)
    _dress(axes, "greatest loss on the way (MAE), R", "greatest gain on the way (MFE), R")
    return figure


def sessions_and_weekdays(trades: pd.DataFrame) -> Figure:
    """Total R by session and by weekday."""
    figure = _figure(2.6)
    for axes, table in zip(figure.subplots(1, 2), (by_session(trades), by_weekday(trades)), strict=True):
        colours = [_GOOD if value > 0 else _BAD for value in table["total_r"]]
        axes.bar([name[:12] for name in table["name"]], table["total_r"], color=colours)
        axes.axhline(0, linewidth=0.8, color=_QUIET)
        axes.tick_params(axis="x", rotation=45)
        _dress(axes, "", "total R")
    return figure


def svg(figure: Figure, key: str, label: str) -> str:
    """Inline SVG in the page's colours.

    Args:
        key: unique on the page: the ids inside begin with it.
        label: what a screen reader says.
    """
    from matplotlib import rc_context

    buffer = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": key}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    drawn = buffer.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>\s*", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r'\bid="', f'id="{key}-', drawn)
    drawn = re.sub(r"(url\(|href=\")#", rf"\g<1>#{key}-", drawn)
    drawn = re.sub(r"font-family: [^;]+; ", "", drawn)  # the page's own
    for colour, variable in _THEME.items():
        drawn = drawn.replace(colour, f"var(--{variable})")
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def _figure(height: float) -> Figure:
    """Inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # half a second: only when something is drawn
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.4, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _dress(axes: Axes, across: str, up: str) -> None:
    axes.set_xlabel(across, color=_QUIET)
    axes.set_ylabel(up, color=_QUIET)
    axes.tick_params(colors=_QUIET)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_GRID)
    axes.grid(axis="y", linewidth=0.5, color=_GRID)
    axes.set_axisbelow(True)
