"""What stands in a home: landed bars, assets, gates, waivers, and what is stale. Plain values; no Dagster."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from orb_pipeline.catalogue import Catalogue
from orb_pipeline.intake.ledger import Landed, select_landed
from orb_pipeline.market.trading_day import day_open, last_closed_day, number_of
from orb_pipeline.orchestration import builds, setups, verdicts
from orb_pipeline.orchestration.builds import CATALOGUE, CLOSED_DAY, LANDED_BARS, RESEARCH, Build
from orb_pipeline.orchestration.gates import ASSETS, gates_of
from orb_pipeline.orchestration.verdicts import NEVER_JUDGED, Connection, Waiver
from orb_pipeline.settings import Home
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.tables import LAKE_TABLES
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
    """One asset of one instrument as it is now.

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
        return all(asset.built_at is not None and asset.stale is None for asset in self.assets)


@dataclass(frozen=True)
class Status:
    """Instruments with landed bars or anything built, and the waivers in force."""

    instruments: tuple[InstrumentStatus, ...]
    waivers: tuple[Waiver, ...]


def read_status(home: Home, catalogue: Catalogue, now: dt.datetime) -> Status:
    """The state of `home` at `now`; an empty home has no instruments."""
    if not home.warehouse.exists():
        return Status((), ())
    lake = Lake(home.lake_url)
    in_lake = {name: set(lake.instruments(name)) for name in ASSETS if name in LAKE_TABLES}
    hashes = {
        (name, symbol): lake.snapshot(name, symbol).content_hash for name, found in in_lake.items() for symbol in found
    }
    closed_day = last_closed_day(now, catalogue.research.gates.closing_grace_minutes)
    with Warehouse(home.warehouse).transaction() as connection:
        landed = select_landed(connection)
        symbols = sorted(set(landed).union(*in_lake.values()))
        for symbol in symbols:
            hashes["validated_setups", symbol] = setups.content_hash(setups.select(connection, symbol))
        views = [
            _View(connection, symbol, landed.get(symbol), hashes, _settings(catalogue, symbol), closed_day, now)
            for symbol in symbols
        ]
        return Status(tuple(view.status() for view in views), verdicts.select_waivers(connection, now))


def _settings(catalogue: Catalogue, symbol: str) -> dict[str, str | None]:
    """What the catalogue says now, by the names under which builds record it."""
    is_known = symbol in catalogue.instruments
    return {CATALOGUE: catalogue.study_hash(symbol) if is_known else None, RESEARCH: catalogue.research_hash()}


@dataclass(frozen=True)
class _View:
    """One instrument, looked at inside one transaction."""

    connection: Connection
    symbol: str
    landed: Landed | None
    hashes: Mapping[tuple[str, str], str]
    settings: Mapping[str, str | None]
    closed_day: dt.date
    now: dt.datetime

    def status(self) -> InstrumentStatus:
        stale: dict[str, str] = {}
        blocked: dict[str, str] = {}
        assets = tuple(self._asset(asset, stale, blocked) for asset in ASSETS)
        return InstrumentStatus(self.symbol, self.landed, assets)

    def _asset(self, asset: str, stale: dict[str, str], blocked: dict[str, str]) -> AssetStatus:
        """`stale` and `blocked` hold the assets further up that are so, and why; this one is added where it is."""
        content_hash = self.hashes.get((asset, self.symbol))
        build = builds.find(self.connection, asset, self.symbol, content_hash) if content_hash else None
        if content_hash is None or (build is None and asset not in LAKE_TABLES):
            return AssetStatus(asset, gates=tuple(GateStatus(gate.check, NEVER_JUDGED) for gate in gates_of(asset)))
        gates = self._gates(asset, content_hash)
        if build is None:
            stale[asset] = "no run has recorded it as it is now"
            return AssetStatus(asset, stale=stale[asset], gates=gates)
        reason = self._why_stale(build, stale)
        if reason is not None:
            stale[asset] = reason
        above = next((blocked[name] for name in build.inputs if name in blocked), None)
        failed = next((f"{asset}/{gate.check}" for gate in gates if gate.state in ("failed", "never judged")), None)
        if above or failed:
            blocked[asset] = str(above or failed)
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

    def _gates(self, asset: str, content_hash: str) -> tuple[GateStatus, ...]:
        found = verdicts.select_verdicts(self.connection, asset, self.symbol, content_hash, self.now)
        states = []
        for gate in gates_of(asset):
            verdict = found.get(gate.check)
            if verdict is None:
                states.append(GateStatus(gate.check, NEVER_JUDGED))
                continue
            state: GateState = "passed" if verdict.passed else "waived" if verdict.waiver else "failed"
            states.append(GateStatus(gate.check, state, verdict.message, verdict.judged_at, verdict.waiver))
        return tuple(states)

    def _why_stale(self, build: Build, stale: Mapping[str, str]) -> str | None:
        for name, content_hash in build.inputs.items():
            if name == LANDED_BARS:
                if self.landed is not None and self.landed.content_hash != content_hash:
                    return "bars have landed since"
            elif name == CLOSED_DAY:
                if self._has_closed_since(dt.date.fromisoformat(content_hash)):
                    return "trading days have closed since"
            elif name in self.settings:
                if self.settings[name] != content_hash:
                    return "the catalogue has changed since"
            elif self.hashes.get((name, self.symbol)) != content_hash:
                return f"{name} has changed since"
            elif name in stale:
                return f"{name} is stale"
        return None

    def _has_closed_since(self, day: dt.date) -> bool:
        """Whether bars have landed of days that were open when `day` was the last closed one, and are closed now."""
        if self.landed is None or self.landed.last_ts is None or self.closed_day <= day:
            return False
        return int(self.landed.last_ts.timestamp()) // 60 >= int(day_open(number_of(day) + 1))
