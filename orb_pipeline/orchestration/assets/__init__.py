"""The assets of the graph, one partition for each instrument of the catalogue."""

from __future__ import annotations

import dagster as dg

from orb_pipeline.catalogue import Catalogue
from orb_pipeline.orchestration.assets.bars import bars_1m, trading_days
from orb_pipeline.orchestration.assets.research import (
    daily_features,
    experimental_strategies,
    orb_outcomes,
    validated_setups,
)

RESEARCH_ASSETS = (bars_1m, trading_days, daily_features, orb_outcomes, experimental_strategies, validated_setups)


def research_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    """The research assets, partitioned by the catalogue's instruments: a new instrument is a new key and no code."""
    instruments = dg.StaticPartitionsDefinition(sorted(catalogue.instruments))
    return [make(instruments) for make in RESEARCH_ASSETS]
