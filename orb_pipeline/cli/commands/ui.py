"""`orb ui`: Dagster's webserver and daemon for this home."""

from __future__ import annotations

from typing import Annotated

import typer

from orb_pipeline.cli.console import say
from orb_pipeline.cli.context import Context


def command(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the web pages are served.")] = 3000,
    host: Annotated[
        str, typer.Option(help="The address to listen on; the default is this machine only.")
    ] = "127.0.0.1",
) -> None:
    """Serve the graph to a browser and run its schedules.

    Ctrl-C or SIGTERM stops both.
    """
    from orb_pipeline.orchestration.ui import serve

    here: Context = context.obj
    here.catalogue  # noqa: B018 - a malformed catalogue is an error here, not in a child's log
    code = serve(here.home, port=port, host=host, on_ready=lambda url: say(f"Serving {url}. Ctrl-C stops it."))
    raise typer.Exit(code)
