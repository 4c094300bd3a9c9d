"""`orb resume`: let entries go on after a halt."""

from __future__ import annotations

import typer

from orb_pipeline.cli.console import say
from orb_pipeline.cli.context import Context


def command(context: typer.Context) -> None:
    """Let entries go on after `orb halt`. Gates, alerts and limits stop them as before."""
    from orb_pipeline.orchestration.paper.halting import resume

    here: Context = context.obj
    mark = resume(here.home, here.now())
    say(f"Entries may go on since {mark.at:%Y-%m-%d %H:%M:%S} UTC ({mark.reason}).")
