"""The assets of the graph: those of instruments, partitioned by the catalogue's, and those of an account."""

from __future__ import annotations

import dagster as dg

from orb_pipeline.catalogue import Catalogue
from orb_pipeline.orchestration.assets.account import monitor_alerts, portfolio, replay_results, trade_journal
from orb_pipeline.orchestration.assets.bars import bars_1m, trading_days
from orb_pipeline.orchestration.assets.research import (
    daily_features,
    experimental_strategies,
    orb_outcomes,
    validated_setups,
)
from orb_pipeline.orchestration.assets.walk_forward import walk_forward

OF_INSTRUMENTS = (bars_1m, trading_days, daily_features, orb_outcomes, experimental_strategies, validated_setups)
OF_ACCOUNTS: tuple[dg.AssetsDefinition, ...] = (portfolio, replay_results, walk_forward, trade_journal, monitor_alerts)


def all_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    """Every asset, in the order of the graph. A new instrument of the catalogue is a new key and no code."""
    instruments = dg.StaticPartitionsDefinition(sorted(catalogue.instruments))
    return [*(make(instruments) for make in OF_INSTRUMENTS), *OF_ACCOUNTS]
