"""`orb halt`: stop all entries."""

from __future__ import annotations

from typing import Annotated

import typer

from orb_pipeline.cli.console import say
from orb_pipeline.cli.context import Context


def command(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
) -> None:
    """Stop every entry of every account at once. Open trades run on to their exits."""
    from orb_pipeline.orchestration.paper.halting import halt

    here: Context = context.obj
    mark = halt(here.home, reason, here.now())
    say(f"Halted at {mark.at:%Y-%m-%d %H:%M:%S} UTC: {mark.reason}. `orb resume` lets entries go on.")
