"""How gates stand, as alerts are made from it: those that do not hold, and waivers that something was built on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence, Set

import duckdb

from orb_pipeline.monitoring.alerts import GateState
from orb_pipeline.orchestration import verdicts
from orb_pipeline.orchestration.gates import WATCHING_ASSETS, gates_of, kind_of
from orb_pipeline.orchestration.scope import ScopeKind
from orb_pipeline.orchestration.verdicts import Verdict, Waiver

Connection = duckdb.DuckDBPyConnection

_LATEST_VERDICTS = (
    "select asset, check_name, instrument, content_hash, passed, message, judged_at from gate_verdicts qualify "
    "row_number() over (partition by asset, check_name, instrument order by judged_at desc) = 1"
)
_INHERITED = (
    "select asset, instrument, unnest(waivers) as waiver from (select asset, instrument, waivers from asset_builds "
    "qualify row_number() over (partition by asset, instrument order by built_at desc) = 1) order by all"
)


def gate_states(connection: Connection, known: Set[str], now: dt.datetime) -> tuple[GateState, ...]:
    """Gates of these scopes that do not hold, and other ones that waivers pass over of which something stands."""
    waivers = verdicts.select_waivers(connection, now)
    failed = [gate for gate in _failed_gates(connection, waivers) if gate.scope in known]
    named = {gate.waiver for gate in failed}
    inherited = [gate for gate in _inherited(connection, waivers, known) if gate.waiver not in named]
    return tuple(sorted([*failed, *inherited], key=lambda gate: (gate.scope, gate.asset, gate.check)))


def _inherited(connection: Connection, waivers: Sequence[Waiver], known: Set[str]) -> list[GateState]:
    """Of each waiver that the latest builds of these scopes stand on, its gate; though newer data may hold."""
    rows = connection.execute(_INHERITED).fetchall()
    standing: dict[Waiver, list[str]] = {}
    for inherited in verdicts.select_waivers_by_number(connection, sorted({number for _, _, number in rows})):
        current = verdicts.waiver_for(waivers, inherited.asset, inherited.check, inherited.scope)
        of = [f"{asset} of {scope}" for asset, scope, number in rows if number == inherited.number and scope in known]
        if current is not None and of and gates_of(current.asset):
            standing.setdefault(current, []).extend(of)
    return [
        GateState(
            asset=waiver.asset,
            check=waiver.check,
            scope=waiver.scope,
            is_account=kind_of(waiver.asset) is ScopeKind.ACCOUNT,
            message=waiver.reason,
            next_step=_stands_on(waiver, of),
            waiver=waiver.number,
            until=waiver.until,
        )
        for waiver, of in standing.items()
    ]


def _stands_on(waiver: Waiver, builds: Sequence[str]) -> str:
    option = kind_of(waiver.asset).option(waiver.scope)
    return (
        f"On data for which that gate did not hold stand {', '.join(sorted(set(builds)))}. Build them again with "
        f"`orb run`, or `orb waive {waiver.asset} {waiver.check} {option} --reason TEXT --until DATE`."
    )


def _failed_gates(connection: Connection, waivers: Sequence[Waiver]) -> list[GateState]:
    """Gates, among those that are declared now, whose latest verdict is that they do not hold."""
    found = []
    for asset, check, scope, content, passed, message, judged_at in connection.execute(_LATEST_VERDICTS).fetchall():
        if passed or asset in WATCHING_ASSETS or check not in {gate.check for gate in gates_of(asset)}:
            continue
        waiver = verdicts.waiver_for(waivers, asset, check, scope)
        verdict = Verdict(asset, check, scope, content, passed, message, judged_at, waiver)
        found.append(
            GateState(
                asset=asset,
                check=check,
                scope=scope,
                is_account=kind_of(asset) is ScopeKind.ACCOUNT,
                message=message,
                next_step=verdicts.refusal(asset, check, scope, verdict),
                waiver=None if waiver is None else waiver.number,
                until=None if waiver is None else waiver.until,
            )
        )
    return found
