"""A home's status as tables for people and as JSON for scripts."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from orb_pipeline.cli.console import SIMULATED, out, say, show, span, table
from orb_pipeline.cli.rows import plain

if TYPE_CHECKING:
    from orb_pipeline.orchestration.status import AccountStatus, AssetStatus, InstrumentStatus, Status


def print_json(status: Status) -> None:
    """The status as one JSON object; fields are named as in the tables, times in ISO 8601.

    So the scope of a waiver stands under `instrument`.
    """
    json.dump(plain(_listed(dataclasses.asdict(status))), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
    sys.stdout.flush()


def show_status(status: Status, root: Path) -> None:
    out.print(escape(f"Home: {root}"))
    if not status.instruments:
        say("Nothing has landed yet. Begin with `orb ingest FILE --instrument MGC`, or `orb simulate` for bars to try.")
    for instrument in status.instruments:
        _show_instrument(instrument)
    for account in status.accounts:
        _show_account(account)
    for waiver in status.waivers:
        out.print(
            escape(
                f"Waiver {waiver.number} until {waiver.until}: {waiver.asset}/{waiver.check} of {waiver.scope}: "
                f"{waiver.reason}"
            ),
            style="yellow",
        )


def _show_instrument(instrument: InstrumentStatus) -> None:
    landed = instrument.landed
    if landed is None:
        out.print(f"\n{instrument.symbol}: nothing landed")
    else:
        label = f"  {SIMULATED}" if landed.simulated else ""
        out.print(
            f"\n{instrument.symbol}{label}: {landed.rows:,} bars from {landed.files} file{'s' * (landed.files != 1)}, "
            f"{landed.rejected:,} rejected, {_time(landed.first_ts)} to {_time(landed.last_ts)} UTC"
        )
    _show_assets(instrument.assets)


def _show_account(account: AccountStatus) -> None:
    label = f"  {SIMULATED}" if any(asset.simulated for asset in account.assets) else ""
    out.print(f"\nAccount {account.account}{label}")
    _show_assets(account.assets)


def _show_assets(assets: Iterable[AssetStatus]) -> None:
    columns = ("asset", "rows", "span", "built", "gates", "state")
    show(table(columns, (_line(asset) for asset in assets), right=("rows",)))


def _line(asset: AssetStatus) -> tuple[str, str, str, str, str, str]:
    rows = "" if asset.rows is None else f"{asset.rows:,}"
    passed = sum(gate.state == "passed" for gate in asset.gates)
    others = [
        f"{gate.check} {gate.state}"
        for gate in asset.gates
        if gate.state != "passed" and (gate.state != "never judged" or asset.built_at is not None)
    ]
    gates = ", ".join([f"{passed} passed", *others] if passed else others)
    blocked = f"blocked by {asset.blocked}" if asset.blocked else None
    state = "not built" if asset.built_at is None else asset.stale or blocked or "up to date"
    return asset.asset, rows, span(asset.first, asset.last), _time(asset.built_at), gates, state


def _time(stamp: dt.datetime | None) -> str:
    return "" if stamp is None else f"{stamp:%Y-%m-%d %H:%M}"


def _listed(value: object) -> object:
    """Tuples as lists, all the way down."""
    match value:
        case tuple() | list():
            return [_listed(item) for item in value]
        case dict():
            return {"instrument" if key == "scope" else key: _listed(item) for key, item in value.items()}
        case _:
            return value
