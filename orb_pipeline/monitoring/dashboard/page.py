"""The page as a whole: one HTML file that asks nothing of a network."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import json
from functools import cache
from html import escape
from importlib import resources

from orb_pipeline.monitoring.dashboard import plots
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.panels import PANELS
from orb_pipeline.monitoring.dashboard.results import DashboardData, TradeData
from orb_pipeline.monitoring.dashboard.trade_page import bars_block, bars_key, trade_section

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)


def dashboard_page(data: DashboardData, *, is_served: bool = False) -> str:
    """The whole page; `is_served`: it asks its own server whether there is a newer one."""
    title = f"{data.scope.account.account}: opening-range breakouts"
    return page(title, dashboard_content(data), is_served=is_served)


def dashboard_content(data: DashboardData) -> str:
    """What is inside the page's `main`."""
    panels = [make(data) for make in PANELS]
    pages = "".join(trade_section(trade) for trade in data.trades)
    bars = {bars_key(trade): bars_block(trade) for trade in data.trades}
    return (
        f'<div class="overview">{_head(data)}{_navigation(panels)}'
        f'<div class="panels">{"".join(panel.section() for panel in panels)}</div></div>\n'
        f'<div class="pages">{pages}</div>\n{"".join(bars.values())}'
    )


def trade_page(trade: TradeData, simulated: tuple[str, ...]) -> str:
    """The page of one trade, in a file of its own."""
    is_simulated = trade.row["simulated"]
    body = f"{_banner(simulated if is_simulated else ())}{trade_section(trade, is_alone=True)}{bars_block(trade)}"
    return page(f"{trade.row['strategy_id']} {trade.row['trading_day']:%Y-%m-%d}", body)


def page(title: str, content: str, *, is_served: bool = False) -> str:
    """A page with this content in its `main`; what draws plots comes last, so that text and tables are there first."""
    served = " data-served" if is_served else ""
    palette = json.dumps(plots.DARK)
    return (
        f'<!doctype html>\n<html lang="en"{served}><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title>\n<style>{_text('dashboard.css')}</style></head>\n"
        '<body><a class="skip" href="#content">Skip to the content</a>\n'
        f'<main id="content" tabindex="-1">\n{content}</main>\n'
        '<p id="told" class="unseen" role="status"></p>\n'
        f'<script type="application/json" id="palette">{palette}</script>\n'
        f'<script type="application/octet-stream" id="plotly">{_plotly()}</script>\n'
        f"<script>{_text('dashboard.js')}</script></body></html>\n"
    )


def _head(data: DashboardData) -> str:
    scope = data.scope
    made = f'<time id="made" datetime="{scope.made_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}">'
    made += f"{scope.made_at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC</time>"
    return (
        f"{_banner(data.simulated)}"
        f'<header class="head"><h1>{escape(scope.account.account)}</h1><p>{escape(scope.account.name)}</p>'
        f'<p class="made">As of {made}<span id="live"></span></p></header>\n'
    )


def _banner(simulated: tuple[str, ...]) -> str:
    if not simulated:
        return ""
    return (
        f'<p class="banner"><strong>SIMULATED</strong> The bars of {escape(", ".join(simulated))} are made up. Nothing '
        "that is built on them says anything about a market.</p>\n"
    )


def _navigation(panels: list[Panel]) -> str:
    links = "".join(f'<li><a href="#{panel.key}">{escape(panel.label or panel.title)}</a></li>' for panel in panels[1:])
    return f'<nav aria-label="Panels"><ul>{links}</ul></nav>\n'


@cache
def _text(name: str) -> str:
    return resources.files("orb_pipeline.monitoring.dashboard").joinpath(name).read_text(encoding="utf-8")


@cache
def _plotly() -> str:
    """plotly.js as plotly's package has it, packed: it is four fifths of the page."""
    from plotly.offline import get_plotlyjs

    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), mtime=0)).decode()
