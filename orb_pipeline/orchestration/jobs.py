"""Jobs: what is run as a whole."""

from __future__ import annotations

import dagster as dg

from orb_pipeline.orchestration.gates import ASSETS

research_job = dg.define_asset_job(
    "research_job",
    selection=dg.AssetSelection.assets(*ASSETS),
    description="From landed bars to validated setups, for one instrument.",
    executor_def=dg.in_process_executor,  # six short steps: a process for each would take many times their own time
)
