"""What stands in a home: landed bars, assets, gates, waivers, and what is stale. Plain values; no Dagster."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from orb_pipeline.catalogue import Catalogue
from orb_pipeline.errors import ConfigurationError
from orb_pipeline.intake.ledger import Landed, select_landed
from orb_pipeline.market.trading_day import day_open, last_closed_day, number_of
from orb_pipeline.orchestration import builds, contents, verdicts
from orb_pipeline.orchestration.builds import Build
from orb_pipeline.orchestration.contents import Contents
from orb_pipeline.orchestration.gates import ACCOUNT_ASSETS, RESEARCH_ASSETS, WATCHING_ASSETS, gates_of, kind_of
from orb_pipeline.orchestration.holding import select_holding
from orb_pipeline.orchestration.rows import WAREHOUSE_TABLES
from orb_pipeline.orchestration.scope import ScopeKind
from orb_pipeline.orchestration.verdicts import NEVER_JUDGED, Connection, Waiver
from orb_pipeline.settings import Home
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.warehouse import Warehouse

GateState = Literal["passed", "failed", "waived", "never judged"]


@dataclass(frozen=True)
class GateStatus:
    """What a gate says about the data as they are now."""

    check: str
    state: GateState
    message: str = ""
    judged_at: dt.datetime | None = None
    waiver: Waiver | None = None


@dataclass(frozen=True)
class AssetStatus:
    """One asset of one scope as it is now.

    Attributes:
        built_at: None where it has not been built.
        stale: why it should be built again; None where it is up to date or has never been built.
        blocked: the gate further up that does not hold for what this was built from, so that nothing may be built on
            it; None where there is none.
        waivers: in force on this or on anything it was built from when it was built.
    """

    asset: str
    rows: int | None = None
    first: str | None = None
    last: str | None = None
    built_at: dt.datetime | None = None
    seconds: float | None = None
    stale: str | None = None
    blocked: str | None = None
    simulated: bool = False
    gates: tuple[GateStatus, ...] = ()
    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True)
class InstrumentStatus:
    symbol: str
    landed: Landed | None
    assets: tuple[AssetStatus, ...]

    @property
    def is_current(self) -> bool:
        """Everything is built, from what is there now."""
        return _are_current(self.assets)


@dataclass(frozen=True)
class AccountStatus:
    account: str
    assets: tuple[AssetStatus, ...]

    @property
    def is_current(self) -> bool:
        """Everything is built, from what is there now."""
        return _are_current(self.assets)


def _are_current(assets: tuple[AssetStatus, ...]) -> bool:
    return all(asset.built_at is not None and asset.stale is None for asset in assets)


@dataclass(frozen=True)
class Status:
    """Instruments with landed bars or anything built, accounts with anything built, and the waivers in force."""

    instruments: tuple[InstrumentStatus, ...]
    accounts: tuple[AccountStatus, ...]
    waivers: tuple[Waiver, ...]


def read_status(home: Home, catalogue: Catalogue, now: dt.datetime) -> Status:
    """The state of `home` at `now`; an empty home has no instruments and no accounts."""
    if not home.warehouse.exists():
        return Status((), (), ())
    lake = Lake(home.lake_url)
    present = contents.in_lake(lake, ScopeKind.INSTRUMENT) | contents.in_lake(lake, ScopeKind.ACCOUNT)
    with Warehouse(home.warehouse).transaction() as connection:
        landed = select_landed(connection)
        symbols = sorted({*landed, *(scope for table, scope in present if table in RESEARCH_ASSETS)})
        accounts = builds.select_scopes(connection, [name for name in ACCOUNT_ASSETS if name not in WATCHING_ASSETS])
        present |= contents.in_warehouse(connection, ScopeKind.INSTRUMENT, symbols)
        present |= contents.in_warehouse(connection, ScopeKind.ACCOUNT, accounts)
        present |= builds.latest_contents(connection, WATCHING_ASSETS, accounts)
        view = _View(connection, catalogue, landed, present, now)
        return Status(
            tuple(InstrumentStatus(name, landed.get(name), view.assets(RESEARCH_ASSETS, name)) for name in symbols),
            tuple(AccountStatus(name, view.assets(ACCOUNT_ASSETS, name)) for name in accounts),
            verdicts.select_waivers(connection, now),
        )


@dataclass(frozen=True)
class _View:
    """A home, looked at inside one transaction, in the order of the graph.

    `stale` and `blocked` hold the assets (and their scopes) seen so far that are so, and why.
    """

    connection: Connection
    catalogue: Catalogue
    landed: Mapping[str, Landed]
    present: Contents
    now: dt.datetime
    stale: dict[tuple[str, str], str] = field(default_factory=dict)
    blocked: dict[tuple[str, str], str] = field(default_factory=dict)

    def assets(self, names: Sequence[str], scope: str) -> tuple[AssetStatus, ...]:
        return tuple(self._asset(name, scope) for name in names)

    def _asset(self, asset: str, scope: str) -> AssetStatus:
        content_hash = self.present.get((asset, scope))
        build = builds.find(self.connection, asset, scope, content_hash) if content_hash else None
        if content_hash is None or (build is None and asset in WAREHOUSE_TABLES):
            return AssetStatus(asset, gates=tuple(GateStatus(gate.check, NEVER_JUDGED) for gate in gates_of(asset)))
        gates = self._gates(asset, scope, content_hash)
        reason = self._why_stale(build) if build else "no run has recorded it as it is now"
        if reason is not None:
            self.stale[asset, scope] = reason
        if build is None:
            return AssetStatus(asset, stale=reason, gates=gates)
        above = self._what_blocks(build)
        failed = next((f"{asset}/{gate.check}" for gate in gates if gate.state in ("failed", NEVER_JUDGED)), None)
        if above or failed:
            self.blocked[asset, scope] = str(above or failed)
        own = {gate.waiver.number: gate.waiver for gate in gates if gate.waiver is not None}
        inherited = verdicts.select_waivers_by_number(self.connection, build.waivers)
        return AssetStatus(
            asset=asset,
            rows=build.rows,
            first=build.first,
            last=build.last,
            built_at=build.built_at,
            seconds=build.seconds,
            stale=reason,
            blocked=above,
            simulated=build.simulated,
            gates=gates,
            waivers=tuple(own.values()) + tuple(waiver for waiver in inherited if waiver.number not in own),
        )

    def _gates(self, asset: str, scope: str, content_hash: str) -> tuple[GateStatus, ...]:
        found = verdicts.select_verdicts(self.connection, asset, scope, content_hash, self.now)
        states = []
        for gate in gates_of(asset):
            verdict = found.get(gate.check)
            if verdict is None:
                states.append(GateStatus(gate.check, NEVER_JUDGED))
                continue
            state: GateState = "passed" if verdict.passed else "waived" if verdict.waiver else "failed"
            states.append(GateStatus(gate.check, state, verdict.message, verdict.judged_at, verdict.waiver))
        return tuple(states)

    def _what_blocks(self, build: Build) -> str | None:
        """The gate further up that does not hold, with its scope where that is another one."""
        for name in build.inputs:
            source = builds.source_of(name, build.scope)
            if source in self.blocked:
                _, scope = source
                return self.blocked[source] + ("" if scope == build.scope else f" of {scope}")
        return None

    def _why_stale(self, build: Build) -> str | None:
        """The first change; that other instruments hold comes last, since it follows from changes of their own."""
        inputs = sorted(build.inputs.items(), key=lambda item: item[0] == builds.INSTRUMENTS)
        return next(filter(None, (self._change(build, name, recorded) for name, recorded in inputs)), None)

    def _change(self, build: Build, name: str, recorded: str) -> str | None:
        """What has changed of one input since it was recorded."""
        source = builds.source_of(name, build.scope)
        table, scope = source
        of = "" if scope == build.scope else f" of {scope}"
        match name:
            case builds.LANDED_BARS:
                landed = self.landed.get(scope)
                return "bars have landed since" if landed and landed.content_hash != recorded else None
            case builds.CLOSED_DAY:
                has_closed = self._has_closed_since(scope, dt.date.fromisoformat(recorded))
                return "trading days have closed since" if has_closed else None
            case builds.CATALOGUE | builds.RESEARCH:
                return "the catalogue has changed since" if self._setting(build, name) != recorded else None
            case builds.INSTRUMENTS:
                return "the research of other instruments holds now" if self._holding != recorded else None
            case _ if self.present.get(source) != recorded:
                return f"{table}{of} has changed since"
            case _:
                return f"{table}{of} is stale" if source in self.stale else None

    def _setting(self, build: Build, name: str) -> str | None:
        """What the catalogue says now; None where it no longer knows the scope."""
        try:
            return builds.settings_of(self.catalogue, kind_of(build.asset), build.scope)[name]
        except ConfigurationError:
            return None

    @cached_property
    def _holding(self) -> str:
        symbols = sorted(self.landed)
        return select_holding(self.connection, self.catalogue, symbols, self.present, self.now).text()

    def _has_closed_since(self, symbol: str, day: dt.date) -> bool:
        """Whether bars have landed of days that were open when `day` was the last closed one, and are closed now."""
        landed = self.landed.get(symbol)
        closed_day = last_closed_day(self.now, self.catalogue.research.gates.closing_grace_minutes)
        if landed is None or landed.last_ts is None or closed_day <= day:
            return False
        return int(landed.last_ts.timestamp()) // 60 >= int(day_open(number_of(day) + 1))
