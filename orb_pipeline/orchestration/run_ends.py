"""How the latest run of each job and scope ended, as Dagster's instance remembers it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from itertools import islice

import dagster as dg

from orb_pipeline.monitoring.alerts import RunEnd
from orb_pipeline.orchestration.scope import ACCOUNT_TAG

_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
_PARTITION = "dagster/partition"
_PAGE = 100  # runs of a job that are read at once
_LONGEST = 400  # characters of a failure's message


_MATERIALIZE = "__ASSET_JOB"  # what Dagster's button of that name runs
WATCHED_JOBS = ("research_job", "account_job", "paper_trading_job", "walk_forward_nightly", "alerts_job", _MATERIALIZE)


def run_ends(instance: dg.DagsterInstance, jobs: tuple[str, ...] = WATCHED_JOBS) -> list[RunEnd]:
    """The latest run that succeeded or failed, of each of `jobs` and of each instrument or account it ran for."""
    tags = {tag: sorted(values) for tag, values in instance.get_run_tags([_PARTITION, ACCOUNT_TAG])}
    found: dict[tuple[str, str], dg.RunRecord] = {}
    for job in jobs:
        for record in sorted(_latest(instance, job, tags), key=lambda record: record.storage_id):
            found[job, _scope(record.dagster_run)] = record
    return [_end(instance, job, scope, record) for (job, scope), record in found.items()]


def _latest(instance: dg.DagsterInstance, job: str, tags: Mapping[str, list[str]]) -> Iterator[dg.RunRecord]:
    """The latest run of each scope that `tags` name, and the latest that names none."""
    for tag, values in tags.items():
        for value in values:
            yield from instance.get_run_records(_ended(job, {tag: value}), limit=1)
    named = sum(instance.get_runs_count(_ended(job, {tag: values})) for tag, values in tags.items())
    if instance.get_runs_count(_ended(job)) > named:
        yield from islice((record for record in _history(instance, job) if not _scope(record.dagster_run)), 1)


def _history(instance: dg.DagsterInstance, job: str) -> Iterator[dg.RunRecord]:
    """Runs of a job from the latest on."""
    cursor: str | None = None
    while records := instance.get_run_records(_ended(job), limit=_PAGE, cursor=cursor):
        yield from records
        cursor = records[-1].dagster_run.run_id


def _ended(job: str, tags: Mapping[str, str | list[str]] | None = None) -> dg.RunsFilter:
    return dg.RunsFilter(job_name=job, statuses=_ENDED, tags=tags)


def _scope(run: dg.DagsterRun) -> str:
    return run.tags.get(_PARTITION) or run.tags.get(ACCOUNT_TAG) or ""


def _end(instance: dg.DagsterInstance, job: str, scope: str, record: dg.RunRecord) -> RunEnd:
    run = record.dagster_run
    failed = run.status is dg.DagsterRunStatus.FAILURE
    ended_at = dt.datetime.fromtimestamp(record.end_time, dt.UTC) if record.end_time else record.update_timestamp
    return RunEnd(
        job=job,
        scope=scope,
        run_id=run.run_id,
        ended_at=ended_at,
        failed=failed,
        message=_failure(instance, run.run_id) if failed else "",
    )


def _failure(instance: dg.DagsterInstance, run_id: str) -> str:
    """What the first step that failed says, or the run itself."""
    kinds = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
    for entry in instance.all_logs(run_id, of_type=kinds):
        event = entry.dagster_event
        if event is None:
            continue
        error = event.step_failure_data.error if event.is_step_failure else None
        while error is not None and error.cause is not None:
            error = error.cause
        said = " ".join((error.message if error else event.message or "").split())
        if said:
            return said[:_LONGEST]
    return ""
