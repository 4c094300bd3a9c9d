"""`orb dashboard`: write the HTML dashboard and name it, or serve it to a browser of this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from orb_pipeline.cli.console import out, say
from orb_pipeline.cli.context import Context
from orb_pipeline.cli.options import Account
from orb_pipeline.errors import InputError


def command(
    context: typer.Context,
    account: Account = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve it at 127.0.0.1, made anew as the home changes, until Ctrl-C.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="With --serve; 0 takes a free one.")] = 8642,
    trade: Annotated[
        str | None,
        typer.Option(metavar="ACCOUNT/MODE/DAY/STRATEGY", help="Write the page of this one trade instead."),
    ] = None,
) -> None:
    """Write the dashboard of an account to the home's reports, and print its path.

    One HTML file that opens from disk, without a network: what is traded and how it stands against its backtest, risk,
    alerts, gates, and a page for each of the latest trades.
    """
    from orb_pipeline.orchestration.dashboard import write_dashboard, write_trade
    from orb_pipeline.orchestration.workshop import Workshop

    here: Context = context.obj
    if serve and trade is not None:
        message = "Expected either --serve or --trade, found both: a served dashboard leads to the page of every trade."
        raise InputError(message)
    terms = here.catalogue.account(account)
    workshop = Workshop(here.home, here.catalogue, now=here.now)
    if serve:
        from orb_pipeline.orchestration.dashboard.serve import serve as serve_dashboard
        from orb_pipeline.stopping import stopped_by_signals

        with stopped_by_signals() as stop:
            serve_dashboard(workshop, terms, port, stop, lambda url: say(f"Serving {url} Ctrl-C stops it."))
        return
    out.print(str(write_dashboard(workshop, terms) if trade is None else write_trade(workshop, trade)))
