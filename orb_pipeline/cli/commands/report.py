"""`orb report`: tearsheets of an account's portfolio and of its strategies."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from orb_pipeline.cli.console import out
from orb_pipeline.cli.context import Context
from orb_pipeline.cli.options import Account


class Mode(StrEnum):
    REPLAY = "replay"
    WALK_FORWARD = "walk_forward"
    PAPER = "paper"
    LIVE = "live"


def command(
    context: typer.Context,
    account: Account = None,
    strategy: Annotated[
        str | None, typer.Option("--strategy", "-s", metavar="ID", help="The page of this one alone.")
    ] = None,
    instrument: Annotated[
        str | None, typer.Option("--instrument", "-i", metavar="SYMBOL", help="Only what trades this one.")
    ] = None,
    mode: Annotated[Mode, typer.Option(help="Whose trades.")] = Mode.REPLAY,
) -> None:
    """Write tearsheets from the journal: of the portfolio, and of each strategy, linked from it.

    Names the page on stdout. It opens from the disk, without a network.
    """
    from orb_pipeline.orchestration.tearsheets import write_tearsheets
    from orb_pipeline.orchestration.workshop import Workshop

    here: Context = context.obj
    terms = here.catalogue.account(account)
    workshop = Workshop(here.home, here.catalogue)
    written = write_tearsheets(workshop, terms, mode.value, strategy, instrument)
    for path in [written.portfolio] if written.portfolio else written.strategies.values():
        out.print(str(path))
