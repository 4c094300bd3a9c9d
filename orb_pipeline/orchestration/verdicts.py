"""Stored verdicts: what every gate said about which data, and the waivers that pass over it.

Dagster's blocking checks hold inside one run, and its look-up of the latest check returns whichever instrument ran
last. So a verdict is kept in the warehouse under the hash of the very content it judged, and every asset asks here,
for the very content it is about to use, before it builds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb

from orb_pipeline.catalogue import Catalogue
from orb_pipeline.errors import GateFailedError, InputError
from orb_pipeline.orchestration import builds
from orb_pipeline.orchestration.gates import ASSETS, gates_of, kind_of
from orb_pipeline.orchestration.scope import ScopeKind
from orb_pipeline.storage.warehouse import Warehouse

Connection = duckdb.DuckDBPyConnection

NEVER_JUDGED: Final = "never judged"


@dataclass(frozen=True)
class Waiver:
    """A gate that may fail for a while, in writing. It holds up to and including the day `until`, UTC."""

    number: int
    asset: str
    check: str
    scope: str
    reason: str
    until: dt.date
    created_at: dt.datetime

    def __str__(self) -> str:
        return f"waiver {self.number}: {self.asset}/{self.check} of {self.scope} until {self.until}: {self.reason}"


@dataclass(frozen=True)
class Verdict:
    """What a gate said about the data with this hash, and the waiver that was in force when it failed."""

    asset: str
    check: str
    scope: str
    content_hash: str
    passed: bool
    message: str
    judged_at: dt.datetime
    waiver: Waiver | None = None

    @property
    def holds(self) -> bool:
        return self.passed or self.waiver is not None


def scope_to_waive(asset: str, instrument: str | None, account: str | None) -> str:
    """The scope that a waiver names: of an instrument's asset the instrument, of an account's the account.

    Raises:
        InputError: the asset is unknown, or exactly the one that it belongs to is not named.
    """
    _check_asset(asset)
    kind = kind_of(asset)
    given = {ScopeKind.INSTRUMENT: instrument, ScopeKind.ACCOUNT: account}
    scope = given.pop(kind)
    if scope is None or any(given.values()):
        found = [other.option(name) for other, name in [(kind, scope), *given.items()] if name is not None]
        seen = " and ".join(found) or "neither --instrument nor --account"
        message = f"{asset} belongs to an {kind}: found {seen}, expected {kind.option('NAME')} alone."
        raise InputError(message)
    return scope


def add_waiver(
    warehouse: Warehouse,
    catalogue: Catalogue,
    asset: str,
    check: str,
    scope: str,
    reason: str,
    until: dt.date,
    now: dt.datetime,
) -> Waiver:
    """Record that a gate is passed over until the end of `until` (UTC).

    Raises:
        InputError: a name is unknown, the reason is empty or `until` lies in the past.
        ConfigurationError: the instrument or the account is unknown.
    """
    _check_names(catalogue, asset, check, scope)
    if not reason.strip():
        message = "A waiver needs a reason that a reader understands a year from now; give one with --reason."
        raise InputError(message)
    today = now.astimezone(dt.UTC).date()
    if until < today:
        message = (
            f"A waiver until {until} would be over already (today is {today}, UTC); give a later day with --until."
        )
        raise InputError(message)
    with warehouse.transaction() as connection:
        row = connection.execute(
            "insert into waivers (asset, check_name, instrument, reason, until, created_at) values (?, ?, ?, ?, ?, ?) "
            "returning waiver",
            [asset, check, scope, reason.strip(), until, now],
        ).fetchone()
    assert row is not None  # noqa: S101 - an insert that returns always returns its row
    return Waiver(row[0], asset, check, scope, reason.strip(), until, now)


def select_waivers(connection: Connection, now: dt.datetime) -> tuple[Waiver, ...]:
    rows = connection.execute(
        "select waiver, asset, check_name, instrument, reason, until, created_at from waivers "
        "where until >= ? order by waiver",
        [now.astimezone(dt.UTC).date()],
    ).fetchall()
    return tuple(Waiver(*row) for row in rows)


def select_waivers_by_number(connection: Connection, numbers: Sequence[int]) -> tuple[Waiver, ...]:
    """Waivers whether in force or not."""
    rows = connection.execute(
        "select waiver, asset, check_name, instrument, reason, until, created_at from waivers "
        "where list_contains(?::integer[], waiver) order by waiver",
        [list(numbers)],
    ).fetchall()
    return tuple(Waiver(*row) for row in rows)


def waiver_for(waivers: Sequence[Waiver], asset: str, check: str, scope: str) -> Waiver | None:
    """The one that holds longest, if any."""
    fitting = [w for w in waivers if (w.asset, w.check, w.scope) == (asset, check, scope)]
    return max(fitting, key=lambda waiver: (waiver.until, waiver.number), default=None)


def record(connection: Connection, verdicts: Iterable[Verdict]) -> None:
    """Store verdicts; a later one on the same content takes the place of the earlier."""
    connection.executemany(
        "insert or replace into gate_verdicts values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [
                verdict.asset,
                verdict.check,
                verdict.scope,
                verdict.content_hash,
                verdict.passed,
                verdict.waiver.number if verdict.waiver else None,
                verdict.message,
                verdict.judged_at,
            ]
            for verdict in verdicts
        ],
    )


def select_verdicts(
    connection: Connection, asset: str, scope: str, content_hash: str, now: dt.datetime
) -> dict[str, Verdict]:
    """Verdicts on this content by check, failed ones with the waiver that is in force at `now`."""
    waivers = select_waivers(connection, now)
    rows = connection.execute(
        "select check_name, passed, message, judged_at from gate_verdicts "
        "where asset = ? and instrument = ? and content_hash = ?",
        [asset, scope, content_hash],
    ).fetchall()
    return {
        check: Verdict(
            asset,
            check,
            scope,
            content_hash,
            passed,
            message,
            judged_at,
            None if passed else waiver_for(waivers, asset, check, scope),
        )
        for check, passed, message, judged_at in rows
    }


def require(connection: Connection, asset: str, scope: str, content_hash: str, now: dt.datetime) -> tuple[Waiver, ...]:
    """Make sure that this very content of `asset` may be built upon; the waivers that it takes.

    Inherited waivers, of gates further up, are among them.

    Raises:
        GateFailedError: a declared gate failed and is not waived, or has never judged this content, or the content
            stands on a gate further up whose waiver has expired.
    """
    found = select_verdicts(connection, asset, scope, content_hash, now)
    for gate in gates_of(asset):
        verdict = found.get(gate.check)
        if verdict is None or not verdict.holds:
            raise GateFailedError(refusal(asset, gate.check, scope, verdict))
    own = tuple(verdict.waiver for verdict in found.values() if verdict.waiver is not None)
    build = builds.find(connection, asset, scope, content_hash)
    return own + tuple(_renewed(connection, number, asset, scope, now) for number in (build.waivers if build else ()))


def _renewed(connection: Connection, number: int, asset: str, scope: str, now: dt.datetime) -> Waiver:
    """The inherited waiver with this number, or a later one for the same gate, that is in force."""
    (inherited,) = select_waivers_by_number(connection, [number])
    current = waiver_for(select_waivers(connection, now), inherited.asset, inherited.check, inherited.scope)
    if current is None:
        option = kind_of(inherited.asset).option(inherited.scope)
        waive = f"`orb waive {inherited.asset} {inherited.check} {option} --reason TEXT --until DATE`"
        below = builds.input_name(inherited.asset, inherited.scope, of=scope)
        message = (
            f"{asset} of {scope} was built on {below}, whose gate {inherited.check} failed and was waived "
            f"until {inherited.until} ({inherited.reason}). Mend what it found and repeat `orb run {option}`, or "
            f"waive the gate again: {waive}."
        )
        raise GateFailedError(message)
    return current


def refusal(asset: str, check: str, scope: str, verdict: Verdict | None) -> str:
    """Why nothing may be built on this data, and what to do next."""
    option = kind_of(asset).option(scope)
    run = f"`orb run {option} --to {asset}`"
    if verdict is None:
        return f"Gate {asset}/{check} of {scope} has {NEVER_JUDGED} the data as it is now. Judge it with {run}."
    waive = f"`orb waive {asset} {check} {option} --reason TEXT --until DATE`"
    message = verdict.message.rstrip(".")
    return f"Gate {asset}/{check} of {scope} does not hold: {message}. Mend what it found and repeat {run}, or {waive}."


def _check_asset(asset: str) -> None:
    if asset not in ASSETS:
        message = f"Unknown asset {asset!r}. Known: {', '.join(ASSETS)}."
        raise InputError(message)


def _check_names(catalogue: Catalogue, asset: str, check: str, scope: str) -> None:
    _check_asset(asset)
    checks = [gate.check for gate in gates_of(asset)]
    if check not in checks:
        message = f"{asset} has no gate {check!r}. Known: {', '.join(checks)}."
        raise InputError(message)
    kind_of(asset).check(catalogue, scope)
