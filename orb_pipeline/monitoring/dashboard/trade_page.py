"""The page of one trade: the day's minutes around range, entry, stop, target and exit, and all that it came from."""

from __future__ import annotations

import copy
import datetime as dt
import json
from functools import cache
from html import escape
from typing import Any

import numpy as np

from orb_pipeline.monitoring.dashboard import markup, plots
from orb_pipeline.monitoring.dashboard.markup import PRICE, RATIO, Column, R, number, words
from orb_pipeline.monitoring.dashboard.panel import queries
from orb_pipeline.monitoring.dashboard.panels.today import state
from orb_pipeline.monitoring.dashboard.results import Result, TradeData

HEIGHT = 420
"""Of the chart, in pixels."""
_MARGIN = dt.timedelta(minutes=45)


def trade_section(trade: TradeData, *, is_alone: bool = False) -> str:
    """The trade's page as a section: within the dashboard it is shown when its link is followed."""
    row, key = trade.row, escape(trade.key, quote=True)
    back = "" if is_alone else '<p><a class="back" href="#trades">Back to the dashboard</a></p>'
    title = f"{row['strategy_id']}, {row['trading_day']:%Y-%m-%d}"
    level = "h1" if is_alone else "h2"
    sources = (trade.journal, trade.feature, trade.outcome, trade.bars, trade.files)
    return (
        f'<section class="trade panel full{" alone" if is_alone else ""}" id="trade={key}" '
        f'aria-label="{escape(title)}">'
        f'{back}<header><{level} tabindex="-1">{markup.strategy(row["strategy_id"])}</{level}>'
        f"{state(trade.journal, 0)}</header>"
        f"{_facts(trade)}{_chart(trade)}{_origin(trade)}{queries(f'trade={trade.key}', sources)}</section>\n"
    )


def bars_block(trade: TradeData) -> str:
    """The day's minutes, for all trades of that day; whole ticks, each number the difference from one before it."""
    frame = trade.bars.frame
    if frame.empty:
        return ""
    minutes = frame["ts_utc"].to_numpy("datetime64[m]").astype(np.int64)
    ticks = {name: np.rint(frame[name].to_numpy() / trade.tick).astype(np.int64) for name in _PRICES}
    before = np.concatenate([[0], ticks["close"][:-1]])
    document = {
        "tick": trade.tick,
        "minute": np.diff(minutes, prepend=0).tolist(),
        "open": (ticks["open"] - before).tolist(),
        "close": (ticks["close"] - ticks["open"]).tolist(),
        "high": (ticks["high"] - np.maximum(ticks["open"], ticks["close"])).tolist(),
        "low": (np.minimum(ticks["open"], ticks["close"]) - ticks["low"]).tolist(),
    }
    text = json.dumps(document, separators=(",", ":"))
    return f'<script type="application/json" class="bars" data-bars="{bars_key(trade)}">{text}</script>\n'


def bars_key(trade: TradeData) -> str:
    return f"{trade.row['instrument']}/{trade.row['trading_day']:%Y-%m-%d}"


_PRICES = ("open", "high", "low", "close")


def _facts(trade: TradeData) -> str:
    result, row = trade.journal, trade.row
    items = [
        ("day", markup.day(result, 0, "trading_day")),
        ("mode, account", f"{markup.broken(row['mode'])}, {markup.broken(row['account'])}"),
        ("way, lots", f"{row['direction']}, {markup.value(result, 0, 'contracts')}"),
        ("entry", f"{markup.value(result, 0, 'decided_price', PRICE)} at {markup.clock(result, 0, 'decided_ts')}"),
        ("stop", markup.value(result, 0, "stop_price", PRICE)),
        ("target", markup.value(result, 0, "target_price", PRICE)),
        ("exit", f"{markup.value(result, 0, 'exit_price', PRICE)} at {markup.clock(result, 0, 'exit_ts')}"),
        ("closed by", markup.text(result, 0, "exit_reason")),
        ("R", markup.value(result, 0, "pnl_r", R)),
        ("dollars", markup.value(result, 0, "pnl_dollars", markup.GAIN)),
        ("MAE, MFE in R", f"{markup.value(result, 0, 'mae_r', RATIO)}, {markup.value(result, 0, 'mfe_r', RATIO)}"),
        ("risk checks", markup.text(result, 0, "risk_check_reason")),
    ]
    return markup.facts(items)


def _chart(trade: TradeData) -> str:
    if trade.bars.frame.empty:
        return '<p class="empty">The minute bars of this day are not in the home any more.</p>'
    key = f"plot-{trade.key}"
    document = json.dumps(figure_of(trade), separators=(",", ":"))
    shown = plots.drawn(document, HEIGHT, _label(trade), "Minutes of the day, UTC.", key=key)
    return shown.replace('class="canvas"', f'class="canvas" data-bars="{bars_key(trade)}"', 1)


def _label(trade: TradeData) -> str:
    row = trade.row
    ended = "" if row["exit_price"] is None else f", exit {PRICE.text(row['exit_price'])} ({row['outcome']})"
    return (
        f"Minute bars of {row['instrument']}: {row['direction']} at {PRICE.text(row['decided_price'])}, stop "
        f"{PRICE.text(row['stop_price'])}{ended}. {len(trade.bars)} bars."
    )


def figure_of(trade: TradeData) -> dict[str, Any]:
    """Candles without their prices, which all trades of a day share, and everything around them.

    Made of plain dictionaries: plotly's own classes take a tenth of a second for each trade.
    """
    row = trade.row
    start, end = row["decided_ts"], row["exit_ts"] or trade.bars.frame["ts_utc"].iloc[-1]
    shapes, annotations, first = _range_shapes(trade.feature, end)
    for name, column, colour, dash in (
        ("entry", "decided_price", plots.INK, "solid"),
        ("stop", "stop_price", plots.LOSS, "dash"),
        ("target", "target_price", plots.GAIN, "dash"),
    ):
        if (price := row[column]) is not None:
            line = {"color": colour, "width": 1.6, "dash": dash}
            shapes.append({"type": "line", "x0": _x(start), "x1": _x(end), "y0": price, "y1": price, "line": line})
            annotations.append(_level_name(f"{name} {PRICE.text(price)}", end, price, colour))
    made = copy.deepcopy(_empty_figure())
    span = [_x(min(first or start, start) - _MARGIN), _x(end + _MARGIN)]
    made["layout"] |= {"shapes": shapes, "annotations": annotations}
    made["layout"]["xaxis"] |= {"range": span}
    made["data"].append(_marks(row))
    return made


@cache
def _empty_figure() -> dict[str, Any]:
    made = plots.figure(height=HEIGHT, hovermode="x", yaxis_title="points", showlegend=False)
    made.add_candlestick(
        increasing={"line": {"color": plots.GAIN, "width": 1}, "fillcolor": plots.GAIN},
        decreasing={"line": {"color": plots.LOSS, "width": 1}, "fillcolor": plots.LOSS},
        name="bars",
    )
    made.update_xaxes(rangeslider_visible=False, type="date")
    document: dict[str, Any] = json.loads(made.to_json())
    return document


def _range_shapes(
    feature: Result, end: dt.datetime
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dt.datetime | None]:
    """The range as a box, its edges up to the exit, its name; and when it starts, None where it is not known."""
    if not len(feature) or feature.records[0]["orb_high"] is None:
        return [], [], None
    found = feature.records[0]
    start: dt.datetime = found["orb_start_ts"]
    over = start + dt.timedelta(minutes=int(found["orb_minutes"]))
    high, low = found["orb_high"], found["orb_low"]
    edge = {"color": plots.QUIET, "width": 1}
    box = {"type": "rect", "x0": _x(start), "x1": _x(over), "y0": low, "y1": high, "line": edge, "layer": "below"}
    shapes = [box | {"fillcolor": plots.BAND}]
    for price in (high, low):
        line = {"type": "line", "x0": _x(over), "x1": _x(end), "y0": price, "y1": price, "layer": "below"}
        shapes.append(line | {"line": edge | {"dash": "dot"}})
    name = {"x": _x(start), "y": high, "text": "range", "showarrow": False, "yanchor": "bottom", "xanchor": "left"}
    return shapes, [name], start


def _level_name(text: str, end: dt.datetime, price: float, colour: str) -> dict[str, Any]:
    place = {"x": _x(end), "y": price, "xanchor": "left", "xshift": 8}
    return place | {"text": text, "showarrow": False, "font": {"color": colour}, "bgcolor": plots.CARD}


def _marks(row: dict[str, Any]) -> dict[str, Any]:
    """Where it was entered and left."""
    way = "triangle-up" if row["direction"] == "long" else "triangle-down"
    marks = [("entry", row["decided_ts"], row["decided_price"], way)]
    if row["exit_ts"] is not None:
        marks.append(("exit", row["exit_ts"], row["exit_price"], "x"))
    return {
        "type": "scatter",
        "x": [_x(at) for _, at, _, _ in marks],
        "y": [price for *_, price, _ in marks],
        "text": [name for name, *_ in marks],
        "mode": "markers",
        "marker": {"symbol": [symbol for *_, symbol in marks], "size": 12, "color": plots.LIVE},
        "hovertemplate": "%{text} %{y}<extra></extra>",
    }


def _x(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M}"


def _origin(trade: TradeData) -> str:
    """From the trade back to the file: range, outcome, bars, source."""
    return (
        f"<h3>Range</h3>{_range(trade.feature)}"
        f"<h3>Outcome in the backtest</h3>{_outcome(trade.outcome)}"
        f"<h3>Bars and source files</h3>{_files(trade)}"
    )


def _range(feature: Result) -> str:
    columns = [
        words("session", "orb_label"),
        Column("starts", lambda result, row: markup.moment(result, row, "orb_start_ts")),
        number("minutes", "orb_minutes"),
        number("high", "orb_high", PRICE),
        number("low", "orb_low", PRICE),
        number("size", "orb_size", PRICE),
        words("break", "break_dir"),
        Column("at", lambda result, row: markup.moment(result, row, "break_ts")),
        number("rel. volume", "rel_volume", RATIO),
    ]
    return markup.table(feature, columns, "Range of the session", empty="Research has not measured this day yet.")


def _outcome(outcome: Result) -> str:
    columns = [
        words("outcome", "outcome"),
        Column("entered", lambda result, row: markup.moment(result, row, "entry_ts")),
        number("entry", "entry_price", PRICE),
        number("stop", "stop_price", PRICE),
        number("target", "target_price", PRICE),
        Column("left", lambda result, row: markup.moment(result, row, "exit_ts")),
        number("exit", "exit_price", PRICE),
        number("R", "pnl_r", R),
        number("MAE R", "mae_r", RATIO),
        number("MFE R", "mfe_r", RATIO),
    ]
    return markup.table(outcome, columns, "Outcome in the backtest", empty="Research has no outcome of this day yet.")


def _files(trade: TradeData) -> str:
    frame = trade.bars.frame
    if len(frame):
        first, last = frame["ts_utc"].iloc[0], frame["ts_utc"].iloc[-1]
        spanned = markup.note(f"{len(frame):,} bars of the day, {markup.stamp(first)} to {markup.stamp(last)} UTC.")
    else:
        spanned = ""
    columns = [
        words("source file", "source_file"),
        Column("first bar", lambda result, row: markup.moment(result, row, "first_ts")),
        Column("last bar", lambda result, row: markup.moment(result, row, "last_ts")),
        Column("landed", lambda result, row: markup.moment(result, row, "landed_at")),
    ]
    files = markup.table(trade.files, columns, "Files that hold the day's bars", empty="No landed file holds this day.")
    run = markup.text(trade.journal, 0, "run_id")
    way = "bars_1m, daily_features, orb_outcomes, validated_setups, portfolio, trade_journal"
    return f"{spanned}{files}{markup.note(f'Assets on the way: {way}. Journal row written by run {run}.')}"
