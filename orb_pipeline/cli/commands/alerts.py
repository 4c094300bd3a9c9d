"""`orb alerts`: what an operator should know of, and that somebody has seen it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from orb_pipeline.cli.console import notes, out, say, show, table
from orb_pipeline.cli.context import Context

if TYPE_CHECKING:
    from orb_pipeline.storage.alerts import StoredAlert


def command(
    context: typer.Context,
    ack: Annotated[
        list[int] | None, typer.Option("--ack", metavar="ID", help="Acknowledge this alert; may be given again.")
    ] = None,
    by: Annotated[
        str, typer.Option(metavar="NAME", envvar=["LOGNAME", "USER"], help="Who acknowledges it.")
    ] = "operator",
    as_json: Annotated[bool, typer.Option("--json", help="For scripts: a JSON list on stdout.")] = False,
) -> None:
    """List the open alerts, the oldest first, after acknowledging what --ack names.

    An open CRITICAL alert stops entries. An acknowledged one is told again only after what it is about was over.
    """
    from orb_pipeline.storage.alerts import acknowledge, open_alerts

    here: Context = context.obj
    with here.warehouse.transaction() as connection:
        seen = [acknowledge(connection, number, here.now(), by) for number in ack or ()]
        found = open_alerts(connection)
    for alert in seen:
        say(f"Alert {alert.alert_id} ({alert.alert}) acknowledged by {alert.acknowledged_by}.")
    if as_json:
        _print_json(found)
    else:
        _show(found)


def _print_json(alerts: list[StoredAlert]) -> None:
    from orb_pipeline.cli.rows import plain

    json.dump(plain([asdict(alert) for alert in alerts]), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
    sys.stdout.flush()


def _show(alerts: list[StoredAlert]) -> None:
    if not alerts:
        notes.print("No open alerts.")
        return
    rows = [(alert.alert_id, alert.severity.value, _raised(alert), alert.alert, alert.message) for alert in alerts]
    show(table(["id", "severity", "raised", "alert", "message"], rows, right=["id"]), on=out)


def _raised(alert: StoredAlert) -> str:
    return f"{alert.raised_at:%Y-%m-%d %H:%M} UTC"
