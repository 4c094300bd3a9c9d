"""`orb waive`: pass over a gate, in writing."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from orb_pipeline.cli.console import say
from orb_pipeline.cli.context import Context
from orb_pipeline.cli.options import Instrument


def command(
    context: typer.Context,
    asset: Annotated[str, typer.Argument(help="The asset whose gate it is.")],
    check: Annotated[str, typer.Argument(help="The gate, as `orb status` names it.")],
    instrument: Instrument,
    reason: Annotated[str, typer.Option(help="Why it may be passed over; shown wherever the gate shows.")],
    until: Annotated[
        dt.datetime, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The last day it holds, UTC.")
    ],
) -> None:
    """Pass over a gate for one instrument, with a reason and an end."""
    from orb_pipeline.orchestration.verdicts import add_waiver

    here: Context = context.obj
    waiver = add_waiver(
        here.warehouse, here.catalogue, asset, check, instrument, reason, until=until.date(), now=here.now()
    )
    say(
        f"Waiver {waiver.number}: {waiver.asset}/{waiver.check} of {waiver.instrument} is passed over until "
        f"{waiver.until}: {waiver.reason}. It takes effect with the next `orb run --instrument {waiver.instrument}`."
    )
