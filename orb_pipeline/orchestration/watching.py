"""When alerts are evaluated by themselves: every five minutes, and after every run, including those that failed.

The evaluation is made here, in the daemon's own time, and not in a run: a run may wait behind others, and a failed one
must not keep its alert to itself. A run follows only where something has changed, to publish it.
"""

from collections.abc import Sequence

import dagster as dg

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.errors import BusyError
from orb_pipeline.orchestration import builds
from orb_pipeline.orchestration.gates import WATCHING_ASSETS
from orb_pipeline.orchestration.jobs import alerts_job
from orb_pipeline.orchestration.monitoring import evaluate_alerts
from orb_pipeline.orchestration.notifying import tell
from orb_pipeline.orchestration.rows import WAREHOUSE_TABLES
from orb_pipeline.orchestration.run_ends import run_ends
from orb_pipeline.orchestration.scope import ACCOUNT_TAG
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import Home
from orb_pipeline.storage.alerts import Changed

FIVE_MINUTES = "*/5 * * * *"
AFTER_RUN_SECONDS = 10
CHANGES_TAG = "orb/alerts"  # of a run: what it publishes
_LONGEST_TAG = 200


@dg.schedule(
    name="alerts_every_five_minutes",
    job=alerts_job,
    cron_schedule=FIVE_MINUTES,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Evaluates the alerts, and publishes them where something has changed.",
)
def alerts_every_five_minutes(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    home = Home.from_environment()
    if not home.warehouse.exists():
        return dg.SkipReason(f"Nothing has landed in {home.root}: there is nothing to be told.")
    workshop = Workshop(home, load_catalogue(home.catalogue))
    account = workshop.catalogue.default_account
    try:
        changes = evaluate_alerts(workshop, workshop.now(), run_ends(context.instance))
        unpublished = _unpublished(workshop, account)
        tell(workshop)
    except BusyError as error:
        return dg.SkipReason(f"The home is busy; the next time will tell. {error}")
    if unpublished is None:
        return dg.SkipReason("Nothing has been raised, acknowledged or resolved since the alerts were published.")
    key = f"{unpublished}@{workshop.now():%Y-%m-%dT%H:%M}"
    return dg.RunRequest(run_key=key, tags={ACCOUNT_TAG: account, CHANGES_TAG: _said(changes)[:_LONGEST_TAG]})


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="alerts_after_success",
    minimum_interval_seconds=AFTER_RUN_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Evaluates the alerts after a run that went well.",
)
def alerts_after_success(context: dg.RunStatusSensorContext) -> dg.SkipReason:
    return _after(context)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.FAILURE,
    name="alerts_after_failure",
    minimum_interval_seconds=AFTER_RUN_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Evaluates the alerts after a run that failed.",
)
def alerts_after_failure(context: dg.RunStatusSensorContext) -> dg.SkipReason:
    return _after(context)


def _after(context: dg.RunStatusSensorContext) -> dg.SkipReason:
    """Evaluate; what has changed is published at the next five minutes."""
    if context.dagster_run.job_name == alerts_job.name:
        return dg.SkipReason("That run published the alerts.")
    home = Home.from_environment()
    workshop = Workshop(home, load_catalogue(home.catalogue))
    try:
        changes = evaluate_alerts(workshop, workshop.now(), run_ends(context.instance))
        tell(workshop)
    except BusyError as error:
        return dg.SkipReason(f"The home is busy; the schedule will tell. {error}")
    return dg.SkipReason(f"Alerts: {_said(changes)}.")


def _said(changes: Sequence[Changed]) -> str:
    return ", ".join(f"{item.alert.alert} {item.change.value}" for item in changes) or "nothing has changed"


def _unpublished(workshop: Workshop, account: str) -> str | None:
    """Hash of the alerts as they stand, None where those were published last."""
    (asset,) = WATCHING_ASSETS
    with workshop.warehouse.transaction() as connection:
        present = WAREHOUSE_TABLES[asset].stored(connection, account).content_hash
        published = builds.latest_contents(connection, WATCHING_ASSETS, [account])
    return None if published.get((asset, account)) == present else present
