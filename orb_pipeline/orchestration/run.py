"""`orb run`: the graph in this process, through Dagster and the home's instance, one run an instrument."""

from __future__ import annotations

import time
from collections.abc import Sequence

import dagster as dg

from orb_pipeline.catalogue import Catalogue
from orb_pipeline.errors import InputError, MissingDataError
from orb_pipeline.intake.ledger import nothing_landed, select_landed
from orb_pipeline.orchestration.assets import research_assets
from orb_pipeline.orchestration.gates import ASSETS
from orb_pipeline.orchestration.instance import open_instance
from orb_pipeline.orchestration.jobs import research_job
from orb_pipeline.orchestration.progress import AssetSummary, Listener, RunSummary, Silence
from orb_pipeline.orchestration.recovery import process_tag, recover
from orb_pipeline.orchestration.resources import resources
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import Home

__all__ = ["AssetSummary", "Listener", "RunSummary", "run_graph"]

# Dagster's events go to the instance all the same; its console logger would talk over the progress.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_graph(
    home: Home,
    catalogue: Catalogue,
    symbols: Sequence[str] = (),
    to: str | None = None,
    listener: Listener | None = None,
) -> list[RunSummary]:
    """Materialise the graph up to asset `to` (default: all of it), one run for each instrument.

    A gate that fails ends its instrument's run and no other one's. Runs of killed processes are failed first.

    Args:
        symbols: default every instrument with landed bars.

    Raises:
        InputError: `to` is no asset.
        ConfigurationError: an instrument is unknown.
        MissingDataError: nothing has landed.
    """
    recorder = _Recorder(listener or Silence())
    workshop = Workshop(home, catalogue, recorder)
    chosen = _instruments(workshop, symbols)
    assets = _assets_up_to(catalogue, to)
    definitions = dg.Definitions(assets=research_assets(catalogue), jobs=[research_job], resources=resources(workshop))
    job = definitions.resolve_job_def(research_job.name)
    with open_instance(home) as instance:
        recover(instance)
        return [_run(job, instance, workshop, recorder, symbol, assets) for symbol in chosen]


class _Recorder:
    """Passes on what happens and keeps the assets of the run that goes on."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.assets: dict[str, AssetSummary] = {}

    def run_started(self, instrument: str, assets: tuple[str, ...]) -> None:
        self.assets = {}
        self._listener.run_started(instrument, assets)

    def asset_started(self, instrument: str, asset: str) -> None:
        self._listener.asset_started(instrument, asset)

    def asset_finished(self, instrument: str, summary: AssetSummary) -> None:
        self.assets[summary.asset] = summary
        self._listener.asset_finished(instrument, summary)

    def run_finished(self, summary: RunSummary) -> None:
        self._listener.run_finished(summary)


def _run(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    workshop: Workshop,
    recorder: _Recorder,
    symbol: str,
    assets: tuple[str, ...],
) -> RunSummary:
    started = time.monotonic()
    recorder.run_started(symbol, assets)
    result = job.execute_in_process(
        instance=instance,
        partition_key=symbol,
        asset_selection=[dg.AssetKey(asset) for asset in assets],
        tags=process_tag(),
        run_config=_QUIET,
        raise_on_error=False,
    )
    workshop.forget()
    _tell_what_was_skipped(recorder, symbol, assets)
    summaries = tuple(recorder.assets[asset] for asset in assets)
    message = next((summary.message for summary in summaries if summary.state == "failed"), None)
    seconds = time.monotonic() - started
    summary = RunSummary(symbol, result.run_id, result.success, seconds, summaries, message or _failure(result))
    recorder.run_finished(summary)
    return summary


def _tell_what_was_skipped(recorder: _Recorder, symbol: str, assets: tuple[str, ...]) -> None:
    missing = [asset for asset in assets if asset not in recorder.assets]
    failed = ", ".join(summary.asset for summary in recorder.assets.values() if summary.state == "failed")
    for asset in missing:
        summary = AssetSummary(asset, "skipped", message=f"not built, since {failed or 'the run'} failed")
        recorder.asset_finished(symbol, summary)


def _failure(result: dg.ExecuteInProcessResult) -> str | None:
    """Why the run failed where no asset did."""
    if result.success:
        return None
    failures = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    error = failures[0].error if failures else None
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error else f"Dagster run {result.run_id} failed."


def _instruments(workshop: Workshop, symbols: Sequence[str]) -> list[str]:
    for symbol in symbols:
        workshop.catalogue.instrument(symbol)
    with workshop.warehouse.transaction() as connection:
        landed = select_landed(connection)
    for symbol in symbols:
        if symbol not in landed:
            raise MissingDataError(nothing_landed(symbol))
    if not symbols and not landed:
        message = "No bars have landed. Land some first: `orb ingest FILE --instrument SYMBOL`."
        raise MissingDataError(message)
    return list(dict.fromkeys(symbols)) or [symbol for symbol in landed if symbol in workshop.catalogue.instruments]


def _assets_up_to(catalogue: Catalogue, to: str | None) -> tuple[str, ...]:
    """`to` and what it is built from, in the order of the graph."""
    if to is None:
        return ASSETS
    if to not in ASSETS:
        message = f"Unknown asset {to!r}. Known: {', '.join(ASSETS)}."
        raise InputError(message)
    keys = dg.AssetSelection.assets(to).upstream().resolve(research_assets(catalogue))
    return tuple(asset for asset in ASSETS if dg.AssetKey(asset) in keys)
