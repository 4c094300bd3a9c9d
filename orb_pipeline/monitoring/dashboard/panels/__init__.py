"""The panels of the page, in its order. A new one is a module with QUERIES and `panel`, and its place in this list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Protocol, cast

from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.panels import (
    against_backtest,
    alerts,
    correlation,
    curve,
    drawdown,
    events,
    evidence,
    freshness,
    gates,
    months,
    now,
    orb_sizes,
    reconciliation,
    risk,
    strategies,
    today,
    trades,
    walk_forward,
)
from orb_pipeline.monitoring.dashboard.results import DashboardData

MODULES: tuple[ModuleType, ...] = (
    now,
    today,
    risk,
    events,
    alerts,
    curve,
    against_backtest,
    drawdown,
    orb_sizes,
    months,
    strategies,
    walk_forward,
    evidence,
    correlation,
    reconciliation,
    gates,
    freshness,
    trades,
)


class _PanelModule(Protocol):
    QUERIES: Mapping[str, str]
    panel: Callable[[DashboardData], Panel]


PANELS: tuple[Callable[[DashboardData], Panel], ...] = tuple(cast("_PanelModule", module).panel for module in MODULES)
QUERIES: Mapping[str, str] = {
    name: query for module in MODULES for name, query in cast("_PanelModule", module).QUERIES.items()
}
"""Name -> query of every panel; {account}, {day} and so on stand for what results.Scope fills in."""
