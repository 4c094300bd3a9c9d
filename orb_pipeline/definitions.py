"""What exists: assets with their gates, jobs, schedules, and the home they work on. Dagster loads this module."""

from __future__ import annotations

import dagster as dg

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.orchestration.assets import all_assets
from orb_pipeline.orchestration.jobs import JOBS
from orb_pipeline.orchestration.nightly import walk_forward_nightly_job
from orb_pipeline.orchestration.paper.sensor import new_bars_sensor, paper_trading_job
from orb_pipeline.orchestration.resources import resources
from orb_pipeline.orchestration.schedules import walk_forward_nightly
from orb_pipeline.orchestration.watching import alerts_after_failure, alerts_after_success, alerts_every_five_minutes
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import Home

_home = Home.from_environment()
_catalogue = load_catalogue(_home.catalogue)

defs = dg.Definitions(
    assets=all_assets(_catalogue),
    jobs=[*JOBS, walk_forward_nightly_job, paper_trading_job],
    schedules=[walk_forward_nightly, alerts_every_five_minutes],
    sensors=[new_bars_sensor, alerts_after_success, alerts_after_failure],
    resources=resources(Workshop(_home, _catalogue)),
)
