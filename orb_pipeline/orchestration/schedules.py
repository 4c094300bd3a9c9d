"""When jobs run by themselves."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator

import dagster as dg

from orb_pipeline.catalogue import Catalogue, load_catalogue
from orb_pipeline.intake.ledger import Landed
from orb_pipeline.market.trading_day import last_closed_day
from orb_pipeline.orchestration.nightly import walk_forward_nightly_job
from orb_pipeline.orchestration.status import InstrumentStatus, Status, read_status
from orb_pipeline.settings import Home

TIME_ZONE = "Australia/Brisbane"
TWENTY_PAST_NINE = "20 9 * * *"  # the trading day closes at 09:00, and late bars have a few minutes of grace


@dg.schedule(
    name="walk_forward_nightly",
    job=walk_forward_nightly_job,
    cron_schedule=TWENTY_PAST_NINE,
    execution_timezone=TIME_ZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="The whole graph in order, shortly after the trading day has closed, where something new has landed.",
)
def walk_forward_nightly(_context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    home = Home.from_environment()
    catalogue = load_catalogue(home.catalogue)
    now = dt.datetime.now(dt.UTC)
    status = read_status(home, catalogue, now)
    landed = {item.symbol: item.landed for item in _traded(status, catalogue) if item.landed}
    if not landed:
        yield dg.SkipReason("No instrument has landed bars. Land some with `orb ingest FILE --instrument SYMBOL`.")
    elif is_current(status, catalogue):
        yield dg.SkipReason(f"Nothing new since the last run of {', '.join(landed)} and {catalogue.default_account}.")
    else:
        closed_day = last_closed_day(now, catalogue.research.gates.closing_grace_minutes)
        yield dg.RunRequest(run_key=run_key(catalogue, landed, status, closed_day))


def is_current(status: Status, catalogue: Catalogue) -> bool:
    """Whether everything is built, from what is there now: each instrument with bars, and the default account."""
    account = next((item for item in status.accounts if item.account == catalogue.default_account), None)
    return all(item.is_current for item in _traded(status, catalogue)) and account is not None and account.is_current


def _traded(status: Status, catalogue: Catalogue) -> list[InstrumentStatus]:
    """Instruments of the catalogue that have bars."""
    return [item for item in status.instruments if item.landed and item.symbol in catalogue.instruments]


def run_key(catalogue: Catalogue, landed: dict[str, Landed], status: Status, closed_day: dt.date) -> str:
    """One key for one state of data, catalogue and waivers: what failed on it is not repeated until one changes."""
    parts = [catalogue.research_hash(), catalogue.account_hash(catalogue.default_account)]
    parts += [str(waiver.number) for waiver in status.waivers]
    for symbol, bars in sorted(landed.items()):
        last_day = last_closed_day(bars.last_ts, 0) + dt.timedelta(days=1) if bars.last_ts else closed_day
        parts += [symbol, bars.content_hash, catalogue.study_hash(symbol), str(min(closed_day, last_day))]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
