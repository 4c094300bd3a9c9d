"""The Dagster instance of a home, and the one template its configuration is written from."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from orb_pipeline.settings import DEFAULT_HOME, Home
from orb_pipeline.storage.files import appearing_whole

CONFIG_NAME = "dagster.yaml"
REPOSITORY_STORAGE = f"{DEFAULT_HOME}/dagster"  # relative: what `dagster dev` at the repository root shares with `orb`

_TEMPLATE = """\
# Dagster's instance. The repository's file and that of each home (<home>/dagster) come from one template, which is in
# orb_pipeline/orchestration/instance.py; everything is kept under the folder named below.

telemetry:
  enabled: false
nux:
  enabled: false

storage:
  sqlite:
    base_dir: {storage}/storage
local_artifact_storage:
  module: dagster._core.storage.root
  class: LocalArtifactStorage
  config:
    base_dir: {storage}
compute_logs:
  module: dagster._core.storage.local_compute_log_manager
  class: LocalComputeLogManager
  config:
    base_dir: {storage}/compute_logs

run_coordinator:
  module: dagster._core.run_coordinator
  class: QueuedRunCoordinator
  config:
    dequeue_interval_seconds: 1
concurrency:
  runs:
    max_concurrent_runs: 8             # the nightly run and what it runs are two; bars that land meanwhile do not wait
    tag_concurrency_limits:
      - key: dagster/partition         # queued runs of one instrument wait for each other
        value:
          applyLimitPerUniqueValue: true
        limit: 1
  pools:
    granularity: op
    default_limit: 1                   # one heavy asset at a time

run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false  # a killed worker is tried again; a gate that does not hold never is

run_monitoring:
  enabled: true
  start_timeout_seconds: 180
  poll_interval_seconds: 10
  free_slots_after_run_end_seconds: 30

schedules:
  use_threads: false
sensors:
  use_threads: true                    # one that waits for a channel holds up no other: bars are seen in time
  num_workers: 4
"""


def instance_config(storage: Path | str) -> str:
    """The text of dagster.yaml for an instance that keeps everything under `storage`."""
    return _TEMPLATE.replace("{storage}", str(storage))


def write_instance_config(home: Home) -> Path:
    """Make the home's DAGSTER_HOME. A dagster.yaml that is there already stays as its user left it."""
    config = home.dagster / CONFIG_NAME
    if not config.exists():
        with appearing_whole(config) as temporary:
            temporary.write_text(instance_config(home.dagster), encoding="utf-8")
    return config


def open_instance(home: Home) -> dg.DagsterInstance:
    """The home's instance; use it as a context."""
    write_instance_config(home)
    return dg.DagsterInstance.from_config(str(home.dagster))
