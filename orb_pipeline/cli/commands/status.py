"""`orb status`: what landed, spans, gates, waivers, staleness."""

from __future__ import annotations

from typing import Annotated

import typer

from orb_pipeline.cli.context import Context


def command(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts: one JSON object on stdout.")] = False,
) -> None:
    """Show what landed and was built, and which gates hold."""
    from orb_pipeline.cli import status_tables
    from orb_pipeline.orchestration.status import read_status

    here: Context = context.obj
    status = read_status(here.home, here.catalogue, here.now())
    if as_json:
        status_tables.print_json(status)
    else:
        status_tables.show_status(status, here.home.root)
