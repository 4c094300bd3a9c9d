"""`orb waive`: pass over a gate, in writing."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from orb_pipeline.cli.console import say
from orb_pipeline.cli.context import Context


def command(
    context: typer.Context,
    asset: Annotated[str, typer.Argument(help="The asset whose gate it is.")],
    check: Annotated[str, typer.Argument(help="The gate, as `orb status` names it.")],
    reason: Annotated[str, typer.Option(help="Why it may be passed over; shown wherever the gate shows.")],
    until: Annotated[
        dt.datetime, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The last day it holds, UTC.")
    ],
    instrument: Annotated[
        str | None, typer.Option("--instrument", "-i", metavar="SYMBOL", help="Whose data, of an instrument's asset.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", "-a", metavar="NAME", help="Whose data, of an account's asset.")
    ] = None,
) -> None:
    """Pass over a gate for one instrument or one account, with a reason and an end."""
    from orb_pipeline.orchestration.gates import kind_of
    from orb_pipeline.orchestration.verdicts import add_waiver, scope_to_waive

    here: Context = context.obj
    scope = scope_to_waive(asset, instrument, account)
    waiver = add_waiver(here.warehouse, here.catalogue, asset, check, scope, reason, until=until.date(), now=here.now())
    say(
        f"Waiver {waiver.number}: {waiver.asset}/{waiver.check} of {waiver.scope} is passed over until {waiver.until}: "
        f"{waiver.reason}. It takes effect with the next `orb run {kind_of(asset).option(waiver.scope)}`."
    )
