"""Every gate of the graph. A new one is a module with `judge(evidence)` and a line here."""

import os

from orb_pipeline.orchestration.gates.base import Evidence, Gate, GateResult
from orb_pipeline.orchestration.scope import ScopeKind

# Pandera, when it is imported, sets this for Spark to "1" unless it is set: Arrow would then take the local time of an
# aware datetime for UTC, everywhere in the process and its children. Empty is set, and means no.
os.environ.setdefault("PYARROW_IGNORE_TIMEZONE", "")

_ACCOUNT = ScopeKind.ACCOUNT

GATES: tuple[Gate, ...] = (
    Gate("bars_1m", "schema", "Prices, volumes and stamps a minute bar may have", "schema_bars_1m"),
    Gate("trading_days", "schema", "One sound row for each trading day", "schema_trading_days"),
    Gate("trading_days", "bar_counts", "Bars per day against the usual count of that weekday", "bar_counts"),
    Gate("daily_features", "schema", "One sound range for each day and session", "schema_daily_features"),
    Gate("daily_features", "no_lookahead", "Unchanged when everything later is cut off", "no_lookahead"),
    Gate("orb_outcomes", "schema", "Entries, exits and results that agree with each other", "schema_orb_outcomes"),
    Gate("orb_outcomes", "no_lookahead", "Unchanged when everything later is cut off", "no_lookahead"),
    Gate("orb_outcomes", "matches_reference", "Equal to the slow reading of the rules", "matches_reference"),
    Gate("experimental_strategies", "schema", "The whole grid, each with sound metrics", "schema_strategies"),
    Gate("experimental_strategies", "overfitting", "What choosing among so many is worth", "overfitting"),
    Gate("validated_setups", "schema", "Setups that passed, and retired ones with their reason", "schema_setups"),
    Gate("validated_setups", "at_least_one_setup", "The research found something", "at_least_one_setup"),
    Gate("portfolio", "schema", "Members on the account's terms, in order", "schema_portfolio", _ACCOUNT),
    Gate("portfolio", "diversified", "Enough strategies and entry models", "diversified", _ACCOUNT),
    Gate("portfolio", "sizes", "Each member trades at least one contract at its median risk", "sizes", _ACCOUNT),
    Gate("portfolio", "correlation", "A correlation matrix, within the limit", "correlation", _ACCOUNT),
    Gate(
        "replay_results", "schema", "Counts and results that agree with each other", "schema_replay_results", _ACCOUNT
    ),
    Gate("replay_results", "parity", "The engine trades what the backtest traded, every day", "parity", _ACCOUNT),
    Gate("walk_forward", "schema", "Folds in order, with sound figures", "schema_walk_forward", _ACCOUNT),
    Gate("walk_forward", "no_degradation", "Out of sample it keeps its edge", "no_degradation", _ACCOUNT),
    Gate("trade_journal", "schema", "Trades and refused entries, whole", "schema_trade_journal", _ACCOUNT),
    Gate("trade_journal", "complete", "Every entry has its exit, and totals are the replay's", "complete", _ACCOUNT),
    Gate("trade_journal", "limits", "No day breaks a limit, by the journal alone", "limits", _ACCOUNT),
    Gate("monitor_alerts", "schema", "Alerts that stand, each of a known kind", "schema_monitor_alerts", _ACCOUNT),
    Gate("monitor_alerts", "no_open_critical", "Somebody has seen what is CRITICAL", "no_open_critical", _ACCOUNT),
)

ASSETS: tuple[str, ...] = tuple(dict.fromkeys(gate.asset for gate in GATES))
"""The assets, in the order of the graph."""


def gates_of(asset: str) -> tuple[Gate, ...]:
    return tuple(gate for gate in GATES if gate.asset == asset)


def kind_of(asset: str) -> ScopeKind:
    """What kind of scope the asset belongs to."""
    return next(gate.scope for gate in GATES if gate.asset == asset)


RESEARCH_ASSETS: tuple[str, ...] = tuple(asset for asset in ASSETS if kind_of(asset) is ScopeKind.INSTRUMENT)
"""Those of an instrument."""

ACCOUNT_ASSETS: tuple[str, ...] = tuple(asset for asset in ASSETS if kind_of(asset) is ScopeKind.ACCOUNT)
"""Those of an account."""

WATCHING_ASSETS = frozenset({"monitor_alerts"})
"""Those that tell how things stand: they are built whether or not gates further up hold, nothing is built on them, and
what they tell changes by itself, so that another content makes nothing stale."""

__all__ = [
    "ACCOUNT_ASSETS",
    "ASSETS",
    "GATES",
    "RESEARCH_ASSETS",
    "WATCHING_ASSETS",
    "Evidence",
    "Gate",
    "GateResult",
    "gates_of",
    "kind_of",
]
