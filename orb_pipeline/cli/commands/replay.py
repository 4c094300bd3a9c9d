"""`orb replay`: a rehearsal of the account run, and parity with the backtest."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from orb_pipeline.cli.console import SIMULATED, out, say
from orb_pipeline.cli.context import Context
from orb_pipeline.cli.options import Account
from orb_pipeline.errors import GateFailedError


def command(
    context: typer.Context,
    account: Account = None,
    start: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The first trading day.")
    ] = None,
    end: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The last trading day.")
    ] = None,
    no_risk: Annotated[bool, typer.Option("--no-risk", help="Parity only: no limits, one contract.")] = False,
    sample: Annotated[
        int | None,
        typer.Option(min=0, help="Strategies of each instrument's grid that parity takes besides the portfolio's."),
    ] = None,
    instrument: Annotated[
        list[str] | None,
        typer.Option("--instrument", "-i", metavar="SYMBOL", help="Takes part in parity, in the portfolio or not."),
    ] = None,
) -> None:
    """Replay landed bars through engine and risk manager, writing nothing.

    First parity: every trade and every day without one against the backtest. Then the account run: results, and what
    each limit cost or saved. Exit 1 where parity fails or there is no portfolio to run.
    """
    from orb_pipeline.cli import replay_tables
    from orb_pipeline.cli.progress import DayProgress
    from orb_pipeline.orchestration.rehearsal import Rehearsal
    from orb_pipeline.orchestration.workshop import Workshop

    here: Context = context.obj
    terms = here.catalogue.account(account)
    for symbol in instrument or ():
        here.catalogue.instrument(symbol)
    rehearsal = Rehearsal(Workshop(here.home, here.catalogue), terms)
    days = replay_tables.span_of(start, end)
    portfolio, why_none = None, None
    try:
        portfolio = rehearsal.portfolio().chosen.portfolio
    except GateFailedError as error:
        if not instrument:
            raise
        why_none = str(error)
    symbols = sorted({*(portfolio.instruments if portfolio else ()), *(instrument or ())})
    backtests = rehearsal.backtests(symbols)
    label = f"  {SIMULATED}" if rehearsal.simulated else ""
    out.print(f"{terms.account}{label}: {', '.join(symbols)}")
    wanted = here.catalogue.portfolio.gates.parity_sample if sample is None else sample
    with DayProgress() as progress:
        parity = rehearsal.parity(portfolio, backtests, wanted, days, progress)
        replay_tables.show_parity(parity)
        run = None
        if portfolio is not None and portfolio.strategies and not no_risk:
            run = rehearsal.account_run(portfolio, backtests, days, progress)
    if run is not None:
        replay_tables.show_account_run(run, terms)
    elif not no_risk:
        reason = why_none or "The portfolio has no member: `orb portfolio --why` says why."
        say(f"No account run. {reason}", style="red")
    raise typer.Exit(0 if parity.holds and (run is not None or no_risk) else 1)
