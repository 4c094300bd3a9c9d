"""When jobs run by themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import dagster as dg

from orb_pipeline.catalogue import Catalogue, load_catalogue
from orb_pipeline.intake.ledger import Landed
from orb_pipeline.market.trading_day import last_closed_day
from orb_pipeline.orchestration.jobs import research_job
from orb_pipeline.orchestration.status import read_status
from orb_pipeline.settings import Home

TIME_ZONE = "Australia/Brisbane"
TWENTY_PAST_NINE = "20 9 * * *"  # the trading day closes at 09:00, and late bars have a few minutes of grace


@dg.schedule(
    name="research_nightly",
    job=research_job,
    cron_schedule=TWENTY_PAST_NINE,
    execution_timezone=TIME_ZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Refresh the research of every instrument that has new bars, shortly after the trading day has closed.",
)
def research_nightly(_context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    home = Home.from_environment()
    catalogue = load_catalogue(home.catalogue)
    now = dt.datetime.now(dt.UTC)
    closed_day = last_closed_day(now, catalogue.research.gates.closing_grace_minutes)
    known = {status.symbol: status for status in read_status(home, catalogue, now).instruments}
    landed = {symbol: status.landed for symbol, status in known.items() if status.landed is not None}
    due = [symbol for symbol in landed if symbol in catalogue.instruments and not known[symbol].is_current]
    for symbol in due:
        yield dg.RunRequest(run_key=run_key(catalogue, symbol, landed[symbol], closed_day), partition_key=symbol)
    if not landed:
        yield dg.SkipReason("No instrument has landed bars. Land some with `orb ingest FILE --instrument SYMBOL`.")
    elif not due:
        yield dg.SkipReason(f"Nothing new since the last run of {', '.join(landed)}.")


def run_key(catalogue: Catalogue, symbol: str, landed: Landed, closed_day: dt.date) -> str:
    """One key for one state of data and catalogue: a run that failed on it is not repeated until that changes."""
    last_day = last_closed_day(landed.last_ts, 0) + dt.timedelta(days=1) if landed.last_ts else closed_day
    settings = f"{catalogue.study_hash(symbol)[:8]}{catalogue.research_hash()[:8]}"
    return f"{symbol}:{landed.content_hash[:16]}:{settings}:{min(closed_day, last_day)}"
