"""Ways from a figure to what it came from."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from orb_pipeline.monitoring.dashboard.markup import strategy
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result, trade_key


def trade_link(data: DashboardData, result: Result, row: int) -> str:
    """The strategy of a row (which has account, mode, trading_day, strategy_id), leading to the trade's page."""
    return linked(data, result.records[row])


def linked(data: DashboardData, row: Mapping[str, Any]) -> str:
    key, name = trade_key(row), strategy(row["strategy_id"])
    if key in data.embedded:
        return f'<a href="#trade={escape(key, quote=True)}">{name}</a>'
    if data.pages_elsewhere is not None:
        return f'<a href="{escape(data.pages_elsewhere + key, quote=True)}">{name}</a>'
    return f'<span title="orb dashboard --trade {escape(key, quote=True)}">{name}</span>'
