"""Paper trading driven by landing bars: the sensor that sees them and the job that trades them."""

import datetime as dt
import time

import dagster as dg
import pandas as pd

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.errors import OrbError
from orb_pipeline.orchestration import pictures
from orb_pipeline.orchestration.dashboard import refresh_dashboard
from orb_pipeline.orchestration.notifying import tell
from orb_pipeline.orchestration.paper.lock import trader_of, trading_alone
from orb_pipeline.orchestration.paper.occasions import occasion
from orb_pipeline.orchestration.paper.orders import order_desk
from orb_pipeline.orchestration.paper.trader import PaperTrader, Step
from orb_pipeline.orchestration.scope import ACCOUNT_TAG
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import Home

JOB = "paper_trading_job"
MINIMUM_INTERVAL_SECONDS = 5  # what the daemon's loop allows
KEPT_DAYS = 3  # of finished runs, each some 135 KB; what they did stands in the journal
RETRY_SECONDS, LONGEST_RETRY_SECONDS = 10, 300  # after a run that failed; twice as long after each
_WAIT_SECONDS = 120.0  # for the run before this one
_RUN_KEY = "dagster/run_key"
_PRUNED_AT_ONCE = 200


@dg.op
def trade_landed_bars(context: dg.OpExecutionContext, workshop: dg.ResourceParam[Workshop]) -> None:
    """Take what has landed, trade the open day, and write only paper rows."""
    account = workshop.catalogue.account(context.run.tags.get(ACCOUNT_TAG))
    holder = trader_of(workshop.home, account.account)
    if holder is not None and holder.how == "follow":
        context.log.warning(f"Left to {holder}, who trades {account.account}.")
        return
    try:
        with trading_alone(workshop.home, account.account, "run", workshop.now(), _WAIT_SECONDS):
            step = PaperTrader(workshop, account, context.run_id, order_desk(workshop, account), asks=True).step()
    except OrbError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
    finally:
        _prune(context.instance, workshop.now())
    for day in step.days:
        if day.refused:
            context.log.warning(f"{day.trading_day}: no entries: {day.refused}")
    context.log_event(dg.AssetObservation(asset_key="trade_journal", metadata=_facts(account.account, step)))
    if any(day.is_over for day in step.days):
        refresh_dashboard(workshop, account)
    tell(workshop)


@dg.job(
    name=JOB,
    executor_def=dg.in_process_executor,
    description="Trade on paper what has landed: the open day so far, through engine and risk manager to the journal.",
)
def paper_trading_job() -> None:
    trade_landed_bars()


@dg.sensor(
    name="new_bars_sensor",
    job=paper_trading_job,
    minimum_interval_seconds=MINIMUM_INTERVAL_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts paper trading of the default account when files of bars have landed.",
)
def new_bars_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    home = Home.from_environment()
    catalogue = load_catalogue(home.catalogue)
    account = catalogue.account(None)
    holder = trader_of(home, account.account)
    if holder is not None:
        return dg.SkipReason(f"Account {account.account} is traded by {holder}.")
    grace = 60.0 * catalogue.research.gates.closing_grace_minutes
    name = occasion(home, account, sorted(catalogue.instruments), time.time(), grace)
    if name is None:
        return dg.SkipReason(f"No bars wait in {home.landing} and no day is open.")
    attempt = _attempt(context.instance, name) if name == context.cursor else 0
    if attempt is None:
        return dg.SkipReason(f"Everything up to {name} has been traded or is being traded.")
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=_key(name, attempt), tags={ACCOUNT_TAG: account.account})],
        cursor=name,
    )


def _key(name: str, attempt: int) -> str:
    return name if attempt == 0 else f"{name}#{attempt}"


def _attempt(instance: dg.DagsterInstance, name: str) -> int | None:
    """The number of the next attempt where all runs of an occasion failed; None where one has not, or not long enough.

    Runs of processes that were killed are failed by the daemon's run monitoring.
    """
    attempt = 0
    while True:
        tags = {_RUN_KEY: _key(name, attempt)}
        records = instance.get_run_records(dg.RunsFilter(job_name=JOB, tags=tags), limit=1)
        if not records:
            return attempt
        (record,) = records
        failed = record.dagster_run.status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
        patience = min(RETRY_SECONDS * 2.0**attempt, LONGEST_RETRY_SECONDS)
        if not failed or time.time() - (record.end_time or time.time()) < patience:
            return None
        attempt += 1


def _facts(account: str, step: Step) -> dict[str, dg.MetadataValue | int | float | str]:
    rows = [
        (str(day.trading_day), day.bars, len(day.written), day.open_trades, day.is_over, day.refused or "")
        for day in step.days
    ]
    columns = ["trading_day", "bars", "rows_written", "open_trades", "is_over", "no_entries_because"]
    days = pd.DataFrame(rows, columns=columns)
    return pictures.metadata_of({"account": account, "files": step.taken, "rejected": step.rejected, "days": days})


def _prune(instance: dg.DagsterInstance, now: dt.datetime) -> None:
    """Delete finished paper runs that are older than KEPT_DAYS."""
    old = dg.RunsFilter(
        job_name=JOB,
        statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED],
        updated_before=now - dt.timedelta(days=KEPT_DAYS),
    )
    for run in instance.get_runs(old, limit=_PRUNED_AT_ONCE):
        instance.delete_run(run.run_id)
