"""`orb today`: ranges, levels, sizes, armed and open trades, and what is blocked."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from orb_pipeline.cli.context import Context
from orb_pipeline.cli.options import Account


def command(
    context: typer.Context,
    account: Account = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts: one JSON object on stdout.")] = False,
) -> None:
    """Show the open paper day: ranges, what each strategy waits for or holds, and what is blocked.

    It is worked out from the bars that paper trading has taken. Nothing is taken, traded or written.
    """
    from orb_pipeline.cli import today_tables
    from orb_pipeline.cli.rows import plain
    from orb_pipeline.orchestration.today import read_today
    from orb_pipeline.orchestration.workshop import Workshop

    here: Context = context.obj
    terms = here.catalogue.account(account)
    today = read_today(Workshop(here.home, here.catalogue), terms)
    if as_json:
        json.dump(plain(asdict(today)), sys.stdout, indent=1, ensure_ascii=False)
        sys.stdout.write("\n")
        sys.stdout.flush()
    else:
        today_tables.show(today)
