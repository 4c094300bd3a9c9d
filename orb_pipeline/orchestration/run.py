"""`orb run`: the graph in this process, through Dagster and the home's instance, one run a scope."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import dagster as dg

from orb_pipeline.catalogue import Catalogue
from orb_pipeline.errors import InputError, MissingDataError
from orb_pipeline.intake.ledger import nothing_landed, select_landed
from orb_pipeline.orchestration.assets import all_assets
from orb_pipeline.orchestration.dashboard import refresh_dashboard
from orb_pipeline.orchestration.gates import ACCOUNT_ASSETS, ASSETS, RESEARCH_ASSETS, WATCHING_ASSETS
from orb_pipeline.orchestration.holding import holding_instruments
from orb_pipeline.orchestration.instance import open_instance
from orb_pipeline.orchestration.jobs import JOBS, account_job, alerts_job, research_job
from orb_pipeline.orchestration.monitoring import evaluate_alerts
from orb_pipeline.orchestration.notifying import tell
from orb_pipeline.orchestration.progress import AssetSummary, Listener, RunSummary, Silence
from orb_pipeline.orchestration.recovery import process_tag, recover
from orb_pipeline.orchestration.resources import resources
from orb_pipeline.orchestration.run_ends import run_ends
from orb_pipeline.orchestration.scope import ACCOUNT_TAG
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
    account: str | None = None,
) -> list[RunSummary]:
    """Materialise the graph up to asset `to` (default: all of it), one run for each instrument and one for the account.

    A gate that fails ends its instrument's run and no other one's. The account's run takes every instrument of the home
    whose research holds; where there is none it is not started. Runs of killed processes are failed first. However the
    runs end, alerts are evaluated at the end, and published where `to` includes them, and the dashboard is written.

    Args:
        symbols: default every instrument with landed bars.
        account: default the catalogue's default one.

    Raises:
        InputError: `to` is no asset.
        ConfigurationError: an instrument or the account is unknown.
        MissingDataError: nothing has landed.
    """
    recorder = _Recorder(listener or Silence())
    workshop = Workshop(home, catalogue, recorder)
    chosen = _instruments(workshop, symbols)
    name = catalogue.account(account).account
    of_instruments, of_account = _assets_up_to(catalogue, to)
    definitions = dg.Definitions(assets=all_assets(catalogue), jobs=JOBS, resources=resources(workshop))
    with open_instance(home) as instance:
        recover(instance)
        runner = _Runner(definitions, instance, workshop, recorder)
        summaries = [runner.run_instrument(symbol, of_instruments) for symbol in chosen]
        if of_account:
            summaries.append(runner.run_account(name, of_account))
        else:
            runner.evaluate_alerts()
    refresh_dashboard(workshop, catalogue.account(name))
    tell(workshop)
    return summaries


class _Recorder:
    """Passes on what happens and keeps the assets of the run that goes on."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.assets: dict[str, AssetSummary] = {}

    def run_started(self, scope: str, assets: tuple[str, ...]) -> None:
        self.assets = {}
        self._listener.run_started(scope, assets)

    def asset_started(self, scope: str, asset: str) -> None:
        self._listener.asset_started(scope, asset)

    def asset_progressed(self, scope: str, asset: str, done: int, of: int) -> None:
        self._listener.asset_progressed(scope, asset, done, of)

    def asset_finished(self, scope: str, summary: AssetSummary) -> None:
        self.assets[summary.asset] = summary
        self._listener.asset_finished(scope, summary)

    def run_finished(self, summary: RunSummary) -> None:
        self._listener.run_finished(summary)


@dataclass(frozen=True)
class _Runner:
    """Runs jobs in this process, one after the other."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    workshop: Workshop
    recorder: _Recorder

    def run_instrument(self, symbol: str, assets: tuple[str, ...]) -> RunSummary:
        self.recorder.run_started(symbol, assets)
        summary = self._execute(research_job.name, symbol, assets, partition=symbol)
        self.recorder.run_finished(summary)
        return summary

    def run_account(self, account: str, assets: tuple[str, ...]) -> RunSummary:
        self.recorder.run_started(account, assets)
        symbols, left_out = holding_instruments(self.workshop)
        built = tuple(asset for asset in assets if asset not in WATCHING_ASSETS)
        watching = tuple(asset for asset in assets if asset in WATCHING_ASSETS)
        if symbols:
            summary = self._execute(account_job.name, account, built, tags={ACCOUNT_TAG: account})
        else:
            why = f"the research of no instrument holds ({', '.join(left_out)})"
            self._tell_what_was_skipped(account, built, why)
            message = f"Not started, since {why}: there is nothing to trade."
            summary = RunSummary(account, None, False, 0.0, self._summaries(built), message)
        self.evaluate_alerts()
        if watching:
            summary = _joined(summary, self._execute(alerts_job.name, account, watching, tags={ACCOUNT_TAG: account}))
        summary = replace(summary, left_out=left_out)
        self.recorder.run_finished(summary)
        return summary

    def evaluate_alerts(self) -> None:
        """A gate that failed and a run that failed raise their alerts, and those that hold again end them."""
        evaluate_alerts(self.workshop, self.workshop.now(), run_ends(self.instance))

    def _execute(
        self,
        job: str,
        scope: str,
        assets: tuple[str, ...],
        *,
        partition: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> RunSummary:
        started = time.monotonic()
        result = self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            partition_key=partition,
            asset_selection=[dg.AssetKey(asset) for asset in assets],
            tags={**process_tag(), **(tags or {})},
            run_config=_QUIET,
            raise_on_error=False,
        )
        self.workshop.forget()
        failed = ", ".join(name for name, summary in self.recorder.assets.items() if summary.state == "failed")
        self._tell_what_was_skipped(scope, assets, f"{failed or 'the run'} failed")
        summaries = self._summaries(assets)
        message = next((summary.message for summary in summaries if summary.state == "failed"), None)
        seconds = time.monotonic() - started
        return RunSummary(scope, result.run_id, result.success, seconds, summaries, message or _failure(result))

    def _tell_what_was_skipped(self, scope: str, assets: tuple[str, ...], why: str) -> None:
        for asset in [asset for asset in assets if asset not in self.recorder.assets]:
            self.recorder.asset_finished(scope, AssetSummary(asset, "skipped", message=f"not built, since {why}"))

    def _summaries(self, assets: tuple[str, ...]) -> tuple[AssetSummary, ...]:
        return tuple(self.recorder.assets[asset] for asset in assets)


def _joined(built: RunSummary, watching: RunSummary) -> RunSummary:
    """One summary of an account's run and of the one that published its alerts."""
    return replace(
        built,
        succeeded=built.succeeded and watching.succeeded,
        seconds=built.seconds + watching.seconds,
        assets=built.assets + watching.assets,
        message=built.message or watching.message,
    )


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


def _assets_up_to(catalogue: Catalogue, to: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`to` and what it is built from, those of instruments and those of the account, in the order of the graph."""
    if to is None:
        return RESEARCH_ASSETS, ACCOUNT_ASSETS
    if to not in ASSETS:
        message = f"Unknown asset {to!r}. Known: {', '.join(ASSETS)}."
        raise InputError(message)
    keys = dg.AssetSelection.assets(to).upstream().resolve(all_assets(catalogue))
    wanted = {key.to_user_string() for key in keys}
    of_account = tuple(asset for asset in ACCOUNT_ASSETS if asset in wanted)
    of_instruments = tuple(asset for asset in RESEARCH_ASSETS if of_account or asset in wanted)
    return of_instruments, of_account
