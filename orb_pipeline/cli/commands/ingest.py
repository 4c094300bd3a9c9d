"""`orb ingest`: validate and land bars."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orb_pipeline.cli.console import say
from orb_pipeline.cli.context import Context
from orb_pipeline.cli.options import Instrument

_ALIASES = {"ts": "stamp", "ts_utc": "stamp"}


def command(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="CSV, Parquet or Databento DBN; each lands whole or not at all.")],
    instrument: Instrument,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Zone of stamps that do not carry one, such as America/New_York.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Let these bars win over landed ones they differ from.")
    ] = False,
    delimiter: Annotated[str | None, typer.Option(help="CSV: what separates the columns. Default: recognised.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE=NAME", help="A column's name in the file, such as stamp=Date. May be repeated."),
    ] = None,
    stamp_format: Annotated[
        str | None,
        typer.Option(metavar="FORMAT", help="How stamps are written, such as '%d/%m/%Y %H:%M'. Default: recognised."),
    ] = None,
    header: Annotated[
        bool | None, typer.Option("--header/--no-header", help="CSV: whether the first line names the columns.")
    ] = None,
) -> None:
    """Check bars row by row and land the good ones."""
    from orb_pipeline.cli.ingest_table import show_report
    from orb_pipeline.cli.progress import RowProgress
    from orb_pipeline.errors import OrbError
    from orb_pipeline.intake.ingest import ingest_file
    from orb_pipeline.market.formats.raw import ReadOptions

    here: Context = context.obj
    here.catalogue.instrument(instrument)
    options = ReadOptions(
        timezone=timezone,
        delimiter=delimiter,
        columns=columns_of(column or []),
        header=header,
        stamp_format=stamp_format,
    )
    refused: list[OrbError] = []
    for file in files:
        with RowProgress(file.name) as progress:
            try:
                report = ingest_file(
                    here.home,
                    here.catalogue,
                    file,
                    instrument,
                    options=options,
                    replace=replace,
                    now=here.now(),
                    progress=progress,
                )
            except OrbError as error:
                refused.append(error)
                say(f"Error: {error}", style="red")
                continue
        show_report(report)
    if len(refused) < len(files):
        _end_not_landed(here)
    if refused and len(files) > 1:
        say(
            f"{len(refused)} of {len(files)} files refused, nothing of them landed; "
            f"the other {len(files) - len(refused)} did."
        )
    raise typer.Exit(max((error.exit_code for error in refused), default=0))


def _end_not_landed(here: Context) -> None:
    """A paper day that had not landed, and has now, is told no more."""
    from orb_pipeline.orchestration.paper.closing import end_not_landed
    from orb_pipeline.orchestration.workshop import Workshop

    end_not_landed(Workshop(here.home, here.catalogue), here.now())


def columns_of(pairs: list[str]) -> dict[str, str]:
    columns = {}
    for pair in pairs:
        role, sign, name = pair.partition("=")
        if not (role and sign and name):
            message = f"{pair!r} is not ROLE=NAME, such as stamp=Date."
            raise typer.BadParameter(message, param_hint="--column")
        columns[_ALIASES.get(role, role)] = name
    return columns
