"""`orb notify`: deliver what waits to be told, try the channels, list what never arrived."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from orb_pipeline.cli.console import out, say, show, table
from orb_pipeline.cli.context import Context
from orb_pipeline.errors import ConfigurationError, InputError

if TYPE_CHECKING:
    from orb_pipeline.monitoring.notification.addresses import Addresses
    from orb_pipeline.orchestration.notifying import Delivered
    from orb_pipeline.orchestration.workshop import Workshop


def command(
    context: typer.Context,
    test: Annotated[bool, typer.Option("--test", help="Send the channels a test message, and no other.")] = False,
    channel: Annotated[
        list[str] | None, typer.Option("--channel", metavar="NAME", help="With --test: this one; may be given again.")
    ] = None,
    dead: Annotated[bool, typer.Option("--dead", help="List the messages that never arrived.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --dead, for scripts: a JSON list on stdout.")] = False,
) -> None:
    """Deliver what waits to be told; paper trading and runs do so by themselves.

    Exit 1 where a channel does not take its messages.
    """
    from orb_pipeline.orchestration.workshop import Workshop

    if channel and not test:
        message = "--channel names the channels of a test: give --test, too."
        raise InputError(message)
    here: Context = context.obj
    if dead:
        _show_dead(here, as_json=as_json)
    elif test:
        _test(Workshop(here.home, here.catalogue), channel or ())
    else:
        _deliver(Workshop(here.home, here.catalogue))


def _deliver(workshop: Workshop) -> None:
    from orb_pipeline.orchestration.notifying import news_to_channels

    delivered = news_to_channels(workshop)
    if delivered.is_busy:
        say("Another process delivers at this moment; what waits is in its hands.")
        return
    out.print(_counts(delivered))
    for name, reason in delivered.troubles:
        say(f"{name}: {reason}", style="red")
    raise typer.Exit(1 if delivered.troubles else 0)


def _counts(delivered: Delivered) -> str:
    counts = (
        (delivered.delivered, "delivered"),
        (delivered.failed, "to be tried again"),
        (delivered.buried, "given up (`orb notify --dead`)"),
        (delivered.waiting - delivered.failed, "waiting"),
    )
    return ", ".join(f"{count} {what}" for count, what in counts if count) or "Nothing waits."


def _test(workshop: Workshop, channels: Sequence[str]) -> None:
    from orb_pipeline.orchestration.delivering import addresses_of, send_test

    addresses = addresses_of(workshop.home)
    chosen = list(channels) or [name for name in workshop.catalogue.notifications.channels if name in addresses]
    for name in chosen:
        _refuse_unknown(workshop, name)
    if not chosen or not all(name in addresses for name in chosen):
        raise _no_address(workshop, addresses, channels)
    outcomes = send_test(workshop, chosen, addresses, workshop.now())
    for outcome in outcomes:
        if outcome.reason is None:
            out.print(f"{outcome.sending.channel}: delivered")
        else:
            say(f"{outcome.sending.channel}: {outcome.reason}", style="red")
    raise typer.Exit(0 if all(outcome.taken for outcome in outcomes) else 1)


def _refuse_unknown(workshop: Workshop, name: str) -> None:
    known = workshop.catalogue.notifications.channels
    if name not in known:
        message = (
            f"Unknown channel {name!r}. Known: {', '.join(known)}. Add it to notifications.yaml in the home's "
            "catalogue folder to use it."
        )
        raise ConfigurationError(message)


def _no_address(workshop: Workshop, addresses: Addresses, wanted: Sequence[str]) -> ConfigurationError:
    missing = [name for name in wanted or workshop.catalogue.notifications.channels if name not in addresses]
    message = (
        f"No address is known of {', '.join(missing)}. Give one, a URL of apprise, in the environment "
        f"({', '.join(f'ORB_NOTIFY_{name.upper()}' for name in missing)}) or under `notify:` in "
        f"{workshop.home.secrets}, which nobody else may read (chmod 600). docs/notifications.md shows both."
    )
    return ConfigurationError(message)


def _show_dead(here: Context, *, as_json: bool) -> None:
    from orb_pipeline.cli.rows import plain
    from orb_pipeline.storage.notifications import select_dead_letters

    with here.warehouse.transaction() as connection:
        letters = select_dead_letters(connection)
    if as_json:
        json.dump(plain([asdict(letter) for letter in letters]), sys.stdout, indent=1, ensure_ascii=False)
        sys.stdout.write("\n")
        sys.stdout.flush()
    elif not letters:
        say("No dead letters.")
    else:
        columns = ["given up", "channel", "severity", "message", "attempts", "reason"]
        rows = [
            (f"{item.died_at:%Y-%m-%d %H:%M} UTC", item.channel, item.severity, item.title, item.attempts, item.reason)
            for item in letters
        ]
        show(table(columns, rows, right=["attempts"]), on=out)
