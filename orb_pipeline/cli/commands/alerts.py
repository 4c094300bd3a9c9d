"""`orb alerts`: what an operator should know of, and that somebody has seen it."""

from __future__ import annotations

import datetime as dt
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
    every: Annotated[bool, typer.Option("--all", help="Acknowledged ones and those that are over, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts: a JSON list on stdout.")] = False,
) -> None:
    """List the open alerts, the oldest first, after acknowledging what --ack names.

    An open CRITICAL alert stops entries. An acknowledged one is told again only after what it is about was over, or has
    become graver. Each comes with its weight: what was seen and, of a drift, what the backtest says, over how many
    trades, and how likely that is by chance.
    """
    from orb_pipeline.storage.alerts import acknowledge, all_alerts, last_evaluated, open_alerts

    here: Context = context.obj
    with here.warehouse.transaction() as connection:
        seen = [acknowledge(connection, number, here.now(), by) for number in ack or ()]
        found = all_alerts(connection) if every else open_alerts(connection)
        evaluated_at = last_evaluated(connection)
    for alert in seen:
        say(f"Alert {alert.alert_id} ({alert.alert}) acknowledged by {alert.acknowledged_by}.")
    if as_json:
        _print_json(found)
    else:
        _show(found, evaluated_at, every=every)


def _print_json(alerts: list[StoredAlert]) -> None:
    from orb_pipeline.cli.rows import plain

    json.dump(plain([asdict(alert) for alert in alerts]), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
    sys.stdout.flush()


def _show(alerts: list[StoredAlert], evaluated_at: dt.datetime | None, *, every: bool) -> None:
    looked = "never evaluated: that is done by `orb ui`, `orb paper` and `orb run`"
    if evaluated_at is not None:
        looked = f"last evaluated at {_time(evaluated_at)}"
    if not alerts:
        notes.print(f"{'There never was an alert' if every else 'No open alerts'}; {looked}.")
        return
    notes.print(f"Alerts were {looked}.")
    columns = ["id", "severity", "status", "since", "alert", "weight", "message"]
    rows = [
        (
            alert.alert_id,
            alert.severity.value,
            _status(alert),
            _time(alert.escalated_at or alert.raised_at),
            alert.alert,
            weight(alert),
            alert.message,
        )
        for alert in alerts
    ]
    show(table(columns, rows, right=["id"]), on=out)


def weight(alert: StoredAlert) -> str:
    """What was seen against what it is held to, in the alert's own unit; "" where it has no figure."""
    if alert.value is None:
        return ""
    held_to = alert.threshold if alert.expected is None else alert.expected
    parts = [f"{alert.value:.3g}" + ("" if held_to is None else f" for {held_to:.3g}")]
    if alert.sample_size is not None:
        parts.append(f"n {alert.sample_size}")
    if alert.chance is not None:
        parts.append(f"chance {alert.chance:.1%}")
    return ", ".join(parts)


def _status(alert: StoredAlert) -> str:
    match alert.status.value:
        case "acknowledged":
            return f"acknowledged by {alert.acknowledged_by} {_time(alert.acknowledged_at)}"
        case "resolved":
            return f"resolved {_time(alert.resolved_at)}"
        case status:
            return status


def _time(at: dt.datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"
