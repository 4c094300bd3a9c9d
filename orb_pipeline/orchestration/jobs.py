"""Jobs: what is run as a whole, in one process: a process for each short step would take many times its own time."""

from __future__ import annotations

import dagster as dg

from orb_pipeline.orchestration.gates import ACCOUNT_ASSETS, RESEARCH_ASSETS, WATCHING_ASSETS

research_job = dg.define_asset_job(
    "research_job",
    selection=dg.AssetSelection.assets(*RESEARCH_ASSETS),
    description="From landed bars to validated setups, for one instrument.",
    executor_def=dg.in_process_executor,
)

account_job = dg.define_asset_job(
    "account_job",
    selection=dg.AssetSelection.assets(*ACCOUNT_ASSETS),
    description="The account that the run's tag names, or the default one, over the instruments whose research holds.",
    executor_def=dg.in_process_executor,
)

alerts_job = dg.define_asset_job(
    "alerts_job",
    selection=dg.AssetSelection.assets(*WATCHING_ASSETS),
    description="The alerts that stand, evaluated and published, whether or not gates hold.",
    executor_def=dg.in_process_executor,
)

JOBS = (research_job, account_job, alerts_job)
