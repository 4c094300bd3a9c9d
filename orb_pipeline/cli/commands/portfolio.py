"""`orb portfolio`: members, sizing, capital; and why the others are not in it."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from orb_pipeline.cli.context import Context
from orb_pipeline.cli.options import Account


def command(
    context: typer.Context,
    account: Account = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts: one JSON object on stdout.")] = False,
    why: Annotated[
        bool, typer.Option("--why", help="Every setup that is not in it, the reason, and the member it clashed with.")
    ] = False,
) -> None:
    """Show what an account trades, how it is sized and what it asks of the account.

    Worked out from the setups as they are now; says so where that is not what is built. Exit 1 where no setup may be
    traded.
    """
    from orb_pipeline.cli import portfolio_tables
    from orb_pipeline.cli.rows import plain
    from orb_pipeline.orchestration.rehearsal import Rehearsal
    from orb_pipeline.orchestration.workshop import Workshop

    here: Context = context.obj
    rehearsal = Rehearsal(Workshop(here.home, here.catalogue), here.catalogue.account(account))
    rehearsed = rehearsal.portfolio()
    chosen = rehearsed.chosen
    if as_json:
        document = chosen.document(rehearsed.holding.symbols, rehearsed.holding.refused)
        if why:
            document["candidates"] = chosen.candidates.astype(object).to_dict("records")
        json.dump(plain(document), sys.stdout, indent=1, ensure_ascii=False)
        sys.stdout.write("\n")
        sys.stdout.flush()
    elif why:
        portfolio_tables.show_reasons(chosen.candidates)
    else:
        portfolio_tables.show_portfolio(rehearsed, rehearsal.evidence(rehearsed.holding.symbols))
