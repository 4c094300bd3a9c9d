"""`orb sql`: query every table by its name."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from orb_pipeline.cli.console import say
from orb_pipeline.cli.context import Context


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def command(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="One select. `show tables` lists what there is.")],
    format: Annotated[Format | None, typer.Option(help="Default: table, or the ending of --out.")] = None,  # noqa: A002
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the rows to a file.")] = None,
) -> None:
    """Query every table by its name. Read-only; times are UTC."""
    from orb_pipeline.cli import rows
    from orb_pipeline.errors import InputError
    from orb_pipeline.storage.sql import run_query

    wanted = format or _format_of(out)
    if wanted is Format.PARQUET and out is None:
        message = "Parquet is not for the terminal: name a file with --out."
        raise InputError(message)
    here: Context = context.obj
    result = run_query(here.lake, here.warehouse, query)
    for note in result.notes:
        say(f"Note: {note}", style="yellow")
    if out is None:
        rows.to_stdout(result.rows, wanted.value)
    else:
        rows.to_file(result.rows, wanted.value, out)
        say(f"{result.rows.num_rows:,} rows written to {out}.")


def _format_of(out: Path | None) -> Format:
    ending = out.suffix.lstrip(".").lower() if out else ""
    return Format(ending) if ending in list(Format) else Format.TABLE
