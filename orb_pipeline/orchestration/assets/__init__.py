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

    def partitioned(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(partitions_def=instruments)

    return [_with_partitioned_checks(asset.map_asset_specs(partitioned), instruments) for asset in RESEARCH_ASSETS]


def _with_partitioned_checks(asset: dg.AssetsDefinition, partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """Checks with the asset's partitions. Without them the pages show the verdict on the instrument that ran last, and
    a failed gate of another one behind it as passed. Dagster has no public way to change the specs of a made asset.
    """
    attributes = asset.get_attributes_dict()
    specs: dict[str, dg.AssetCheckSpec] = attributes["check_specs_by_output_name"]
    attributes["check_specs_by_output_name"] = {
        name: spec._replace(partitions_def=partitions) for name, spec in specs.items()
    }
    return asset.__class__.dagster_internal_init(**attributes)
