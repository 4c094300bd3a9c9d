"""`orb run`: materialise the graph in process."""

from __future__ import annotations

from typing import Annotated

import typer

from orb_pipeline.cli.console import say
from orb_pipeline.cli.context import Context
from orb_pipeline.cli.options import Account


def command(
    context: typer.Context,
    instrument: Annotated[
        list[str] | None,
        typer.Option("--instrument", "-i", metavar="SYMBOL", help="May be repeated. Default: all that have bars."),
    ] = None,
    account: Account = None,
    to: Annotated[str | None, typer.Option(metavar="ASSET", help="Stop after this asset. Default: the last.")] = None,
) -> None:
    """Build the graph from landed bars, gate by gate.

    Ends with a table of assets, rows, seconds and gates, and with reports and the dashboard under the home. Exit 1 when
    a gate fails.
    """
    from orb_pipeline.cli.progress import RunProgress
    from orb_pipeline.cli.run_report import show_left_out, show_summary, write_report
    from orb_pipeline.orchestration.dashboard.write import NAME
    from orb_pipeline.orchestration.run import run_graph

    here: Context = context.obj
    for symbol in instrument or ():
        here.catalogue.instrument(symbol)  # an unknown one is an error before anything is built
    here.catalogue.account(account)
    with RunProgress() as progress:
        summaries = run_graph(here.home, here.catalogue, instrument or (), to, progress, account)
    for summary in summaries:
        show_summary(summary)
        report = write_report(here, summary)
        if report is not None:
            say(f"Report: {report}")
    show_left_out(summaries)
    dashboard = here.home.reports / NAME
    if dashboard.exists():
        say(f"Dashboard: {dashboard}")
    failed = [summary for summary in summaries if not summary.succeeded]
    for summary in failed:
        message = summary.message or "the run failed"
        about = "" if summary.scope in message else f"{summary.scope}: "
        say(f"Error: {about}{message}", style="red")
    raise typer.Exit(1 if failed else 0)
