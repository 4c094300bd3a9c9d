"""Runs whose process is gone. After a SIGKILL nobody reports the end of a run, and its pool slots stay taken: the next
run would wait for them for ever."""

from __future__ import annotations

import os

import dagster as dg
import psutil

# "<pid>@<time the process was created>": a number that is used again is another process. Dagster's pages hide tags
# with this prefix.
PROCESS_TAG = ".dagster/orb_process"

_UNFINISHED = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
_CLOCK_TOLERANCE_SECONDS = 1.0


def process_tag() -> dict[str, str]:
    """The tag that says which process executes a run."""
    return {PROCESS_TAG: f"{os.getpid()}@{psutil.Process().create_time()!r}"}


def recover(instance: dg.DagsterInstance) -> list[str]:
    """Fail every run whose recorded process is dead and free the pool slots of runs that are over.

    Returns:
        the runs that were failed.
    """
    dead = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)):
        if _is_dead(instance, run):
            instance.report_run_failed(run, "The process of this run is gone; it was killed, or the machine stopped.")
            dead.append(run.run_id)
    _free_slots(instance)
    return dead


def _free_slots(instance: dg.DagsterInstance) -> None:
    storage = instance.event_log_storage
    if not storage.supports_global_concurrency_limits:
        return
    for run_id in storage.get_concurrency_run_ids():
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            storage.free_concurrency_slots_for_run(run_id)


def _is_dead(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether every process that this run has recorded is gone. A run that has recorded none is left alone.

    A run that repeats another one, from Dagster's page, has that one's tags, and so the tag of a process not its own.
    """
    tag = run.tags.get(PROCESS_TAG) if run.parent_run_id is None else None
    if tag is not None:
        pid, created = tag.split("@")
        return not _is_alive(int(pid), float(created) + _CLOCK_TOLERANCE_SECONDS)
    recorded = _recorded_processes(instance, run.run_id)
    return bool(recorded) and not any(_is_alive(pid, at + _CLOCK_TOLERANCE_SECONDS) for pid, at in recorded)


def _recorded_processes(instance: dg.DagsterInstance, run_id: str) -> list[tuple[int, float]]:
    """(pid, time of the record) of each engine event that names its process."""
    events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
    found = []
    for event in events:
        data = event.dagster_event.engine_event_data if event.dagster_event else None
        pid = data.metadata.get("pid") if data else None
        if pid is not None:
            found.append((int(str(pid.value)), event.timestamp))
    return found


def _is_alive(pid: int, created_by: float) -> bool:
    """Whether process `pid` runs and was created no later than `created_by`, so that it is the one meant."""
    try:
        process = psutil.Process(pid)
        return process.create_time() <= created_by and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
