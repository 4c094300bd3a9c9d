"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Instrument = Annotated[
    str, typer.Option("--instrument", "-i", metavar="SYMBOL", help="An instrument of the catalogue.")
]
Account = Annotated[
    str | None, typer.Option("--account", "-a", metavar="NAME", help="Default: the catalogue's default account.")
]
