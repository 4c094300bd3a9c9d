"""Pictures and tables for the metadata of assets."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow as pa

from orb_pipeline.research.validation import PASSED
from orb_pipeline.storage.meanings import MEANINGS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from orb_pipeline.orchestration.gates.base import Fact

_ROWS_SHOWN = 50
_INCHES = (7.0, 2.8)
_DOTS_PER_INCH = 110
_LINE, _QUIET, _KEPT = "#33658a", "#b8c4d4", "#1f6f5c"


def bars_per_day(trading_days: pd.DataFrame) -> dg.MarkdownMetadataValue:
    """A dot a day: short Sundays and Fridays are bands of their own, a hole in the data is a cloud below them."""
    figure, axes = _figure("Bars per trading day", across="trading day", up="bars")
    axes.plot(trading_days["trading_day"], trading_days["bar_count"], ".", markersize=2.5, color=_LINE)
    axes.set_ylim(bottom=0)
    return picture(figure, "Bars per trading day")


def closing_prices(bars: pd.DataFrame) -> dg.MarkdownMetadataValue:
    figure, axes = _figure("Close of the front month", across="UTC", up="points")
    step = max(1, len(bars) // 2_000)
    axes.plot(bars["ts_utc"].iloc[::step], bars["close"].iloc[::step], linewidth=0.8, color=_LINE)
    return picture(figure, "Closing prices")


def ranges_by_session(features: pd.DataFrame) -> dg.MarkdownMetadataValue:
    figure, axes = _figure("Opening ranges: median, quartiles and reach", across="session", up="points")
    sizes = features.dropna(subset=["orb_size"]).groupby("orb_label", observed=True, sort=False)["orb_size"]
    names = list(sizes.groups)
    axes.boxplot(
        [sizes.get_group(name) for name in names],
        tick_labels=[str(name) for name in names],
        showfliers=False,
        medianprops={"color": _KEPT, "linewidth": 1.6},
    )
    axes.set_ylim(bottom=0)
    return picture(figure, "Opening range by session")


def outcomes_by_entry_model(outcomes: pd.DataFrame) -> dg.MarkdownMetadataValue:
    counts = pd.crosstab(outcomes["entry_model"], outcomes["outcome"].astype(object).fillna("no trade"))
    return table(counts.reset_index())


def expectancies(strategies: pd.DataFrame) -> dg.MarkdownMetadataValue:
    """All that traded, and those that passed set off against them."""
    figure, axes = _figure("Strategies by expectancy", across="R per trade", up="strategies")
    traded = strategies[strategies["sample_size"] > 0]
    passed = traded["validation_status"] == PASSED
    bins = np.histogram_bin_edges(traded["expectancy_r"], bins=60).tolist()
    axes.hist(traded["expectancy_r"], bins=bins, color=_QUIET, label=f"traded: {len(traded):,}")
    axes.hist(traded.loc[passed, "expectancy_r"], bins=bins, color=_KEPT, label=f"passed: {int(passed.sum()):,}")
    axes.axvline(0, linewidth=0.8, color="black")
    axes.legend(frameon=False)
    return picture(figure, "Strategies by expectancy")


def correlations(matrix: pd.DataFrame) -> dg.MarkdownMetadataValue:
    """Heat map of the members' correlations; unknown ones are hatched grey."""
    side = max(3.2, 0.34 * len(matrix) + 2.6)
    figure, axes = _figure("Correlation of daily R", across="", up="", inches=(side + 0.8, side))
    axes.grid(visible=False)
    axes.set_facecolor("#d9dde2")
    names = [str(name) for name in matrix.columns]
    if names:
        image = axes.imshow(np.ma.masked_invalid(matrix.to_numpy(np.float64)), vmin=-1, vmax=1, cmap="RdBu_r")
        figure.colorbar(image, ax=axes, shrink=0.8, label="grey: unknown")
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=6)
    axes.set_yticks(range(len(names)), names, fontsize=6)
    return picture(figure, "Correlation of daily R of the portfolio's members")


def equity(curve: pd.DataFrame, start: float) -> dg.MarkdownMetadataValue:
    """The account's equity at the end of each day, and below its high the drawdown."""
    figure, axes = _figure("Equity of the replay", across="trading day", up="dollars")
    if len(curve):
        highs = np.maximum(curve["equity"].cummax(), start)
        axes.fill_between(curve["trading_day"], curve["equity"], highs, color=_QUIET, label="drawdown", step="post")
        axes.step(curve["trading_day"], curve["equity"], where="post", linewidth=1.0, color=_LINE, label="equity")
        axes.legend(frameon=False)
    axes.axhline(start, linewidth=0.8, color="black")
    return picture(figure, "Equity curve of the replay")


def in_and_out_of_sample(folds: pd.DataFrame) -> dg.MarkdownMetadataValue:
    """A dot for each strategy of each fold: what it promised, and what it made."""
    figure, axes = _figure("Each strategy in and out of sample", across="in sample, R a trade", up="out of sample, R")
    traded = folds[folds["oos_trades"] > 0]
    axes.scatter(traded["is_expectancy_r"], traded["oos_expectancy_r"], s=10, color=_LINE, alpha=0.7)
    high = float(max(traded["is_expectancy_r"].max(), 0.1)) if len(traded) else 1.0
    axes.plot([0, high], [0, high], linewidth=0.8, color=_KEPT, label="as promised")
    axes.plot([0, high], [0, high / 2], linewidth=0.8, color=_KEPT, linestyle="--", label="half of it")
    axes.axhline(0, linewidth=0.8, color="black")
    axes.legend(frameon=False)
    return picture(figure, "In-sample against out-of-sample expectancy by strategy")


def stitched(band: pd.DataFrame) -> dg.MarkdownMetadataValue:
    """The account's R over all tests, one behind the other, with the band of resampled days."""
    figure, axes = _figure("Out of sample, all tests stitched together", across="trading day", up="cumulative R")
    axes.fill_between(band["trading_day"], band["low"], band["high"], color=_QUIET, label="5 to 95 % of resampled days")
    axes.plot(band["trading_day"], band["cumulative_r"], linewidth=1.0, color=_LINE, label="as it came")
    axes.axhline(0, linewidth=0.8, color="black")
    axes.legend(frameon=False)
    return picture(figure, "Cumulative out-of-sample R")


def picture(figure: Figure, title: str) -> dg.MarkdownMetadataValue:
    """A plot as PNG inside Markdown."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DOTS_PER_INCH)
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()})")


def table(frame: pd.DataFrame) -> dg.MarkdownMetadataValue:
    """`frame` as a Markdown table, cut after some rows."""
    rows = [list(frame.columns), ["---"] * len(frame.columns), *frame.head(_ROWS_SHOWN).to_numpy().tolist()]
    text = "\n".join("| " + " | ".join(_cell(value) for value in row) + " |" for row in rows)
    more = f"\n\n{len(frame) - _ROWS_SHOWN:,} more rows" if len(frame) > _ROWS_SHOWN else ""
    return dg.MetadataValue.md(text + more)


def columns(schema: pa.Schema) -> dg.TableSchema:
    """The table's columns with types and meanings, for the asset's page."""
    return dg.TableSchema([dg.TableColumn(field.name, _type(field.type), MEANINGS.get(field.name)) for field in schema])


def metadata_of(facts: Mapping[str, Fact]) -> dict[str, dg.MetadataValue | int | float | str]:
    """A gate's facts as Dagster shows them."""
    return {name: table(value) if isinstance(value, pd.DataFrame) else value for name, value in facts.items()}


def _type(kind: pa.DataType) -> str:
    return str(kind.value_type if pa.types.is_dictionary(kind) else kind)


def _cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return str(value).replace("|", "/")


def _figure(title: str, *, across: str, up: str, inches: tuple[float, float] = _INCHES) -> tuple[Figure, Axes]:
    """An empty plot; `across` and `up` say what its axes count."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # half a second: only when something is drawn
    from matplotlib.figure import Figure

    figure = Figure(figsize=inches, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", linewidth=0.5, color="#e3e6ea")
    axes.set_axisbelow(True)
    return figure, axes
