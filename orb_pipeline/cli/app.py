"""The command line as a whole: options that go before a command, and errors as one paragraph with an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Annotated

import typer

from orb_pipeline import __version__
from orb_pipeline.cli.commands import (
    alerts,
    dashboard,
    feed,
    halt,
    ingest,
    notify,
    paper,
    portfolio,
    replay,
    report,
    resume,
    run,
    simulate,
    sql,
    status,
    today,
    ui,
    waive,
    walk_forward,
)
from orb_pipeline.cli.console import out, say
from orb_pipeline.cli.context import Context
from orb_pipeline.errors import OrbError
from orb_pipeline.settings import Home

INTERRUPTED = 130

app = typer.Typer(
    name="orb",
    help="Opening-range breakouts, from raw minute bars to a portfolio, its replay and its journal, gate by gate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in (
    simulate,
    ingest,
    run,
    status,
    today,
    portfolio,
    replay,
    report,
    walk_forward,
    halt,
    resume,
    alerts,
    dashboard,
    notify,
    sql,
    waive,
    ui,
):
    app.command(name=module.__name__.rpartition(".")[2].replace("_", "-"))(module.command)
app.add_typer(paper.group, name="paper")
app.add_typer(feed.group, name="feed")


def _print_version(wanted: bool) -> None:
    if wanted:
        out.print(f"orb {__version__}")
        raise typer.Exit


@app.callback()
def before_command(
    context: typer.Context,
    home: Annotated[
        str | None, typer.Option(metavar="DIR", help="Where everything is kept. Default: ORB_HOME, else ./orb_home.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    del debug, version  # read by main() and by the callback
    context.obj = Context(home=Home.from_environment(home))


def main() -> None:
    """Run one command; every way out has its exit code."""
    try:
        app()
    except OrbError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("Interrupted. Nothing half-done is kept; run the command again.", INTERRUPTED)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the edge: anything unforeseen becomes a paragraph, too
        kind, text = type(error).__name__, " ".join(str(error).split()).rstrip(".")
        _fail(f"Unexpected {kind}: {text}. This is a defect; `orb --debug ...` shows where.", 1)


def _fail(message: str, code: int) -> None:
    if "--debug" in sys.argv[1:] and sys.exception() is not None:
        traceback.print_exc()
    say(f"Error: {message}", style="red")
    sys.exit(code)
