"""What the making of every asset has in common, whatever its scope."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal, TypeVar

import pandas as pd
import pyarrow as pa

from orb_pipeline.errors import BusyError, InputError
from orb_pipeline.orchestration import builds, verdicts
from orb_pipeline.orchestration.gates import Evidence, Gate, GateResult, gates_of, kind_of
from orb_pipeline.orchestration.progress import AssetSummary
from orb_pipeline.orchestration.rows import WAREHOUSE_TABLES
from orb_pipeline.orchestration.stored import StoredTable
from orb_pipeline.orchestration.upstream import Upstream
from orb_pipeline.orchestration.verdicts import Verdict, Waiver
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.research.study import Study

AnyBench = TypeVar("AnyBench", bound="Bench")


@contextmanager
def building(bench: AnyBench) -> Iterator[AnyBench]:
    """Build one asset at its bench; the listener hears how it begins and how it ends."""
    listener = bench.workshop.listener
    listener.asset_started(bench.scope, bench.asset)
    try:
        yield bench
    except BaseException as error:
        message = str(error) or type(error).__name__
        listener.asset_finished(bench.scope, bench.summary("failed", message))
        raise
    failed = next((verdict for verdict in bench.verdicts if not verdict.holds), None)
    why = verdicts.refusal(bench.asset, failed.check, bench.scope, failed) if failed else None
    listener.asset_finished(bench.scope, bench.summary("failed" if failed else "built", why))


class Bench:
    """One asset of one scope in the making."""

    def __init__(self, workshop: Workshop, asset: str, scope: str, run_id: str) -> None:
        self.workshop = workshop
        self.asset = asset
        self.scope = scope
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
        self._upstream = Upstream(workshop.catalogue)

    @property
    def run_id(self) -> str:
        return self._run_id

    @property
    def tables(self) -> Mapping[str, StoredTable]:
        """What was read and written here, by the names that gates see."""
        return self._tables

    @property
    def inputs(self) -> Mapping[str, str]:
        """Hash of everything that was read or noted here, by the names that builds record."""
        return dict(self._inputs)

    def progress(self, done: int, of: int) -> None:
        """Tell how many days of a long work are done, and of how many."""
        self.workshop.listener.asset_progressed(self.scope, self.asset, done, of)

    def progress_of(self, _what: str, done: int, of: int) -> None:
        """The same of steps that have names."""
        self.progress(done, of)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """In force on this asset or on anything it was built from."""
        own = {verdict.waiver.number: verdict.waiver for verdict in self.verdicts if verdict.waiver is not None}
        return tuple(waiver for _, waiver in sorted({**self._upstream.waivers, **own}.items()))

    def note_input(self, name: str, content_hash: str) -> None:
        """Something besides tables that the content depends on."""
        self._inputs[name] = content_hash

    def read(self, *names: str) -> list[StoredTable]:
        """Upstream tables of the same scope, each with the promise that every gate of it holds for this very content.

        Raises:
            MissingDataError: one has not been built.
            GateFailedError: a gate does not hold.
            InputError: they do not belong together: one was built from another content of a second one than the
                present, or under another catalogue.
        """
        return self._read(self.scope, names)

    def read_beside(self, asset: str, name: str) -> StoredTable:
        """The table that was stored beside `asset`, which was read here: the content that was judged with it.

        Raises:
            MissingDataError: there is none.
            InputError: it is another one than the one that was there when `asset` was judged.
        """
        table = self.workshop.table(name, self.scope)
        if table.content_hash != self.input_of(asset, name):
            message = (
                f"{name} of {self.scope} is not the one that {asset} was judged with. Build both again: "
                f"`orb run {kind_of(asset).option(self.scope)} --to {asset}`."
            )
            raise InputError(message)
        self._tables[name] = table
        self._inputs[name] = table.content_hash
        return table

    def input_of(self, upstream: str, name: str) -> str | None:
        """What the content of `upstream` that was read here, named as among the inputs, had for its input `name`."""
        asset, scope = builds.source_of(upstream, self.scope)
        with self.workshop.warehouse.transaction() as connection:
            build = builds.find(connection, asset, scope, self._inputs[upstream])
        return build.inputs.get(name) if build else None

    def write(self, data: pd.DataFrame | pa.Table, span: str | None) -> StoredTable:
        """Replace the asset's partition of the lake, then judge what is stored.

        Args:
            span: the column that tells first and last.
        """
        table = self._put(self.asset, data)
        self._judge(table, span)
        return table

    def write_beside(self, name: str, data: pd.DataFrame | pa.Table) -> StoredTable:
        """Replace the scope's partition of a lake table that belongs to the asset; see `note_beside`."""
        self._put(name, data)
        return self.note_beside(name)

    def replace_beside(self, name: str, rows: pd.DataFrame) -> StoredTable:
        """Replace the scope's rows of a warehouse table that belongs to the asset; see `note_beside`."""
        with self.workshop.warehouse.transaction() as connection:
            WAREHOUSE_TABLES[name].replace(connection, self.scope, rows)
        return self.note_beside(name)

    def note_beside(self, name: str) -> StoredTable:
        """A table that belongs to the asset and has just been stored, before the asset itself is judged.

        Gates find it among the tables, another content of it makes the asset stale, and who reads the asset may read
        it, too (`read_beside`).
        """
        table = self.workshop.table(name, self.scope)
        self._tables[name] = table
        self._inputs[name] = table.content_hash
        return table

    def write_rows(self, update: Callable[[pd.DataFrame], pd.DataFrame], span: str | None = None) -> StoredTable:
        """Replace the asset's rows of the warehouse by what `update` makes of them, in one transaction; then judge."""
        rows = WAREHOUSE_TABLES[self.asset]
        with self.workshop.warehouse.transaction() as connection:
            rows.replace(connection, self.scope, update(rows.select(connection, self.scope)))
            table = rows.stored(connection, self.scope)
        self._judge(table, span)
        return table

    def judge_rows(self, span: str | None = None) -> StoredTable:
        """Judge the asset's rows of the warehouse, which the caller has stored in transactions of its own."""
        table = self.workshop.table(self.asset, self.scope)
        self._judge(table, span)
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

    def _read(self, scope: str, names: Sequence[str]) -> list[StoredTable]:
        tables = [self.workshop.table(name, scope) for name in names]
        contents = {name: table.content_hash for name, table in zip(names, tables, strict=True)}
        with self.workshop.warehouse.transaction() as connection:
            self._upstream.admit(connection, scope, contents, self.workshop.now())
        self.simulated |= self._upstream.simulated
        for name, table in zip(names, tables, strict=True):
            recorded = builds.input_name(name, scope, of=self.scope)
            self._inputs[recorded] = table.content_hash
            self._tables[recorded] = table
        return tables

    def _study_of(self, symbol: str) -> Study:
        """The bars of an instrument that were read, under study."""
        return self.workshop.study(symbol, self._tables[builds.input_name("bars_1m", symbol, of=self.scope)])

    def _put(self, name: str, data: pd.DataFrame | pa.Table) -> StoredTable:
        """Replace a partition of the lake and read it back."""
        written = self.workshop.lake.write(name, self.scope, data)
        table = self.workshop.table(name, self.scope)
        if table.content_hash != written:
            message = f"{name} of {self.scope} was replaced by another run while it was judged; run again."
            raise BusyError(message)
        return table

    def _judge(self, table: StoredTable, span: str | None) -> None:
        self._tables[self.asset] = table
        evidence = Evidence(
            self.asset, self.scope, self.workshop.catalogue, self._tables, self._study_of, self.progress
        )
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
        waiver = None if result.passed else verdicts.waiver_for(waivers, self.asset, gate.check, self.scope)
        return Verdict(self.asset, gate.check, self.scope, content_hash, result.passed, result.message, now, waiver)

    def _build(self, content_hash: str, now: dt.datetime) -> builds.Build:
        settings = builds.settings_of(self.workshop.catalogue, kind_of(self.asset), self.scope)
        return builds.Build(
            asset=self.asset,
            scope=self.scope,
            content_hash=content_hash,
            inputs={**self._inputs, **settings},
            rows=self.rows or 0,
            first=self.span[0],
            last=self.span[1],
            seconds=self.seconds,
            simulated=self.simulated,
            waivers=tuple(sorted(self._upstream.waivers)),
            run_id=self._run_id,
            built_at=now,
        )


def _span(table: pa.Table, column: str | None) -> tuple[str | None, str | None]:
    """First and last value in ISO 8601."""
    if column is None or table.num_rows == 0:
        return None, None
    values = table.column(column)
    return values[0].as_py().isoformat(), values[-1].as_py().isoformat()
