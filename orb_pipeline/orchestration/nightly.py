"""The nightly run: the whole graph in order, from the bars of every instrument to the default account's journal.

Assets of instruments are partitions and those of an account are not, so one Dagster run cannot hold them all in order.
The job's one step runs the graph as `orb run` does: each instrument and then the account in runs of their own, which
the pages list beside it.
"""

import dagster as dg

from orb_pipeline.orchestration.progress import AssetSummary, RunSummary, Silence
from orb_pipeline.orchestration.run import run_graph
from orb_pipeline.orchestration.workshop import Workshop


class _Log(Silence):
    """Tells the run's log what `orb run` tells the terminal."""

    def __init__(self, log: dg.DagsterLogManager) -> None:
        self._log = log

    def asset_finished(self, scope: str, summary: AssetSummary) -> None:
        rows = "" if summary.rows is None else f", {summary.rows:,} rows"
        self._log.info(f"{scope} {summary.asset}: {summary.state}{rows}, {summary.seconds:.1f} s")

    def run_finished(self, summary: RunSummary) -> None:
        self._log.info(f"{summary.scope}: {'done' if summary.succeeded else 'stopped'} after {summary.seconds:.1f} s")


@dg.op
def whole_graph(context: dg.OpExecutionContext, workshop: dg.ResourceParam[Workshop]) -> None:
    """Research of every instrument, then portfolio, replay, walk-forward and journal of the default account."""
    summaries = run_graph(workshop.home, workshop.catalogue, listener=_Log(context.log))
    stopped = [f"{summary.scope}: {summary.message}" for summary in summaries if not summary.succeeded]
    if stopped:
        raise dg.Failure(description=" ".join(stopped), allow_retries=False)


@dg.job(
    name="walk_forward_nightly",
    executor_def=dg.in_process_executor,
    description="The whole graph in order, for every instrument with bars and the default account.",
)
def walk_forward_nightly_job() -> None:
    whole_graph()
