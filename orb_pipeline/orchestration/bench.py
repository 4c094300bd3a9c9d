"""Where one asset of one instrument is made: guarded reading, judged writing, and the record of both."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal

import pandas as pd
import pyarrow as pa

from orb_pipeline.catalogue import Grid, Instrument, Research, SessionSet
from orb_pipeline.errors import BusyError, InputError, MissingDataError
from orb_pipeline.intake.ledger import Landed, nothing_landed, select_landed
from orb_pipeline.orchestration import builds, setups, verdicts
from orb_pipeline.orchestration.builds import CATALOGUE, LANDED_BARS, RESEARCH, Build
from orb_pipeline.orchestration.gates import Evidence, Gate, GateResult, gates_of
from orb_pipeline.orchestration.progress import AssetSummary
from orb_pipeline.orchestration.verdicts import Verdict, Waiver
from orb_pipeline.orchestration.workshop import StoredTable, Workshop
from orb_pipeline.research.study import Study


@contextmanager
def building(workshop: Workshop, asset: str, symbol: str, run_id: str) -> Iterator[Bench]:
    """Build one asset of one instrument; the listener hears how it begins and how it ends."""
    workshop.listener.asset_started(symbol, asset)
    bench = Bench(workshop, asset, symbol, run_id)
    try:
        yield bench
    except BaseException as error:
        message = str(error) or type(error).__name__
        workshop.listener.asset_finished(symbol, bench.summary("failed", message))
        raise
    failed = next((verdict for verdict in bench.verdicts if not verdict.holds), None)
    why = verdicts.refusal(asset, failed.check, symbol, failed) if failed else None
    workshop.listener.asset_finished(symbol, bench.summary("failed" if failed else "built", why))


class Bench:
    """One asset of one instrument in the making."""

    def __init__(self, workshop: Workshop, asset: str, symbol: str, run_id: str) -> None:
        self.workshop = workshop
        self.asset = asset
        self.symbol = symbol
        self.simulated = False
        self.content_hash: str | None = None
        self.verdicts: tuple[Verdict, ...] = ()
        self.results: dict[str, GateResult] = {}
        self.rows: int | None = None
        self.schema: pa.Schema | None = None
        self.span: tuple[str | None, str | None] = (None, None)
        self._run_id = run_id
        self._started = time.monotonic()
        self._inputs: dict[str, str] = {}
        self._tables: dict[str, StoredTable] = {}
        self._waivers: dict[int, Waiver] = {}

    @property
    def instrument(self) -> Instrument:
        return self.workshop.catalogue.instrument(self.symbol)

    @property
    def session_set(self) -> SessionSet:
        return self.workshop.catalogue.sessions_of(self.symbol)

    @property
    def grid(self) -> Grid:
        return self.workshop.catalogue.grid

    @property
    def research(self) -> Research:
        return self.workshop.catalogue.research

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """In force on this asset or on anything it was built from."""
        own = {verdict.waiver.number: verdict.waiver for verdict in self.verdicts if verdict.waiver is not None}
        return tuple(waiver for _, waiver in sorted({**self._waivers, **own}.items()))

    def note_input(self, name: str, content_hash: str) -> None:
        """Something besides tables that the content depends on."""
        self._inputs[name] = content_hash

    def landed(self) -> Landed:
        """What has landed; its hash is noted before the bars are read, so that a batch in between shows as stale.

        Raises:
            MissingDataError: nothing has.
        """
        with self.workshop.warehouse.transaction() as connection:
            landed = select_landed(connection).get(self.symbol)
        if landed is None:
            raise MissingDataError(nothing_landed(self.symbol))
        self.note_input(LANDED_BARS, landed.content_hash)
        self.simulated |= landed.simulated
        return landed

    def read(self, *names: str) -> list[StoredTable]:
        """Upstream tables, each with the promise that every gate of it holds for this very content.

        Raises:
            MissingDataError: one has not been built.
            GateFailedError: a gate does not hold.
            InputError: they do not belong together: one was built from another content of a second one than the
                present, or under another catalogue.
        """
        tables = [self.workshop.table(name, self.symbol) for name in names]
        now = self.workshop.now()
        present = {name: table.content_hash for name, table in zip(names, tables, strict=True)}
        present[CATALOGUE] = self.workshop.catalogue.study_hash(self.symbol)
        with self.workshop.warehouse.transaction() as connection:
            for name, table in zip(names, tables, strict=True):
                waivers = verdicts.require(connection, name, self.symbol, table.content_hash, now)
                self._waivers |= {waiver.number: waiver for waiver in waivers}
                build = builds.find(connection, name, self.symbol, table.content_hash)
                if build is not None:
                    self._refuse_if_stale(build, present)
                self.simulated |= build is not None and build.simulated
                self._inputs[name] = table.content_hash
                self._tables[name] = table
        return tables

    def _refuse_if_stale(self, build: Build, present: Mapping[str, str]) -> None:
        for name, content_hash in build.inputs.items():
            if present.get(name, content_hash) != content_hash:
                message = (
                    f"{build.asset} of {self.symbol} was built from another {name} than the present one. "
                    f"Build it again: `orb run --instrument {self.symbol}`."
                )
                raise InputError(message)

    def study(self) -> Study:
        """The bars that were read, under study."""
        return self.workshop.study(self.symbol, self._tables["bars_1m"])

    def input_of(self, upstream: str, name: str) -> str | None:
        """What the content of `upstream` that was read here had for its input `name`."""
        with self.workshop.warehouse.transaction() as connection:
            build = builds.find(connection, upstream, self.symbol, self._inputs[upstream])
        return build.inputs.get(name) if build else None

    def write(self, data: pd.DataFrame | pa.Table, span: str | None) -> StoredTable:
        """Replace the asset's partition, then judge what is stored. `span` is the column that tells first and last."""
        written = self.workshop.lake.write(self.asset, self.symbol, data)
        table = self.workshop.table(self.asset, self.symbol)
        if table.content_hash != written:
            message = f"{self.asset} of {self.symbol} was replaced by another run while it was judged; run again."
            raise BusyError(message)
        self._judge(table, span)
        return table

    def write_setups(self, update: Callable[[pd.DataFrame], pd.DataFrame]) -> StoredTable:
        """Replace the instrument's rows of `validated_setups` in one transaction, then judge what is stored."""
        with self.workshop.warehouse.transaction() as connection:
            setups.replace(connection, self.symbol, update(setups.select(connection, self.symbol)))
            frame = setups.select(connection, self.symbol)
        table = StoredTable(setups.content_hash(frame), lambda: pa.Table.from_pandas(frame, preserve_index=False))
        self._judge(table, None)
        return table

    def summary(self, state: Literal["built", "failed"], message: str | None) -> AssetSummary:
        return AssetSummary(
            asset=self.asset,
            state=state,
            rows=self.rows,
            first=self.span[0],
            last=self.span[1],
            seconds=self.seconds,
            simulated=self.simulated,
            gates=self.verdicts,
            waivers=self.waivers,
            message=message,
        )

    def _judge(self, table: StoredTable, span: str | None) -> None:
        self._tables[self.asset] = table
        evidence = Evidence(self.asset, self.symbol, self.workshop.catalogue, self._tables, self.study)
        self.results = {gate.check: gate.judge(evidence) for gate in gates_of(self.asset)}
        self.content_hash, self.rows = table.content_hash, table.arrow().num_rows
        self.schema, self.span = table.arrow().schema, _span(table.arrow(), span)
        now = self.workshop.now()
        with self.workshop.warehouse.transaction() as connection:
            waivers = verdicts.select_waivers(connection, now)
            self.verdicts = tuple(
                self._verdict(gate, table.content_hash, waivers, now) for gate in gates_of(self.asset)
            )
            verdicts.record(connection, self.verdicts)
            builds.record(connection, self._build(table.content_hash, now))

    def _verdict(self, gate: Gate, content_hash: str, waivers: Sequence[Waiver], now: dt.datetime) -> Verdict:
        result = self.results[gate.check]
        waiver = None if result.passed else verdicts.waiver_for(waivers, self.asset, gate.check, self.symbol)
        return Verdict(self.asset, gate.check, self.symbol, content_hash, result.passed, result.message, now, waiver)

    def _build(self, content_hash: str, now: dt.datetime) -> builds.Build:
        return builds.Build(
            asset=self.asset,
            instrument=self.symbol,
            content_hash=content_hash,
            inputs={
                **self._inputs,
                CATALOGUE: self.workshop.catalogue.study_hash(self.symbol),
                RESEARCH: self.workshop.catalogue.research_hash(),
            },
            rows=self.rows or 0,
            first=self.span[0],
            last=self.span[1],
            seconds=self.seconds,
            simulated=self.simulated,
            waivers=tuple(sorted(self._waivers)),
            run_id=self._run_id,
            built_at=now,
        )


def _span(table: pa.Table, column: str | None) -> tuple[str | None, str | None]:
    """First and last value in ISO 8601."""
    if column is None or table.num_rows == 0:
        return None, None
    values = table.column(column)
    return values[0].as_py().isoformat(), values[-1].as_py().isoformat()
