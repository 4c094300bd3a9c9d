"""One read-only query over everything a home knows: the lake's Parquet files and the warehouse's tables, by name.

The query runs in a DuckDB of its own, in memory. Lake tables are views over their files. Warehouse tables are copied in
during one short hold of the warehouse, which is closed before the query starts, so a slow query or a slow reader of its
output keeps nobody waiting. Once the tables stand, the connection may read the lake's files and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import fsspec
import pyarrow as pa

from orb_pipeline.errors import InputError
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.tables import LAKE_TABLES
from orb_pipeline.storage.warehouse import Warehouse

# Landed batches are raw material: which of them count, and which wins, stands in the ledger, not in the files.
_LAKE_VIEWS = {name: schema for name, schema in LAKE_TABLES.items() if name != "landed_bars"}
_READING = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}


@dataclass(frozen=True)
class QueryResult:
    """Rows of a query, times in UTC, and what the reader of them should know."""

    rows: pa.Table
    notes: tuple[str, ...]


def run_query(lake: Lake, warehouse: Warehouse, query: str) -> QueryResult:
    """Answer one select over the tables of `lake` and `warehouse`.

    Raises:
        InputError: it is no single reading statement, names an unknown table or column, or is not valid SQL.
    """
    (rows,), notes = run_queries(lake, warehouse, [query])
    return QueryResult(rows, notes)


def run_queries(lake: Lake, warehouse: Warehouse, queries: Sequence[str]) -> tuple[list[pa.Table], tuple[str, ...]]:
    """Answer several selects over one state of the warehouse: their rows, and what the reader of them should know.

    Raises:
        InputError: as run_query does, for the first that is wrong.
    """
    statements = [_single_reading_statement(query) for query in queries]
    words = {word for statement in statements for word in re.findall(r"\w+", statement.lower())}
    shelf = _borrow(warehouse, words)
    known = sorted({*_LAKE_VIEWS, *shelf.names})
    wanted = words.intersection(known) or set(known)  # a query that names none may ask which tables there are
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set python_enable_replacements = false")
        for name, rows in shelf.tables.items():
            connection.register(name, rows)
        files = _make_views(connection, lake, wanted.intersection(_LAKE_VIEWS).difference(shelf.tables))
        _confine(connection, files)
        rows = [_fetch(connection, statement, known) for statement in statements]
    return rows, _notes(shelf.simulated)


@dataclass(frozen=True)
class _Shelf:
    """Copies of warehouse tables, the names of all there are, and the instruments whose data are simulated."""

    tables: dict[str, pa.Table]
    names: tuple[str, ...]
    simulated: tuple[str, ...]


def _borrow(warehouse: Warehouse, words: set[str]) -> _Shelf:
    """Copy the tables whose names occur in the query: one that is only mentioned costs a copy and no harm."""
    with warehouse.transaction() as connection:
        found = connection.execute("select table_name from information_schema.tables order by 1").fetchall()
        names = tuple(name for (name,) in found if name != "schema_migrations")
        wanted = words.intersection(names) or (set() if words.intersection(_LAKE_VIEWS) else set(names))
        tables = {name: connection.table(name).to_arrow_table() for name in sorted(wanted)}
        simulated = connection.execute("select distinct instrument from landed_files where simulated order by 1")
        return _Shelf(tables, names, tuple(name for (name,) in simulated.fetchall()))


def _single_reading_statement(query: str) -> str:
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as error:
        raise InputError(_sentence(error)) from None
    if len(statements) != 1:
        message = f"Found {len(statements)} SQL statements, expected one. Give one select."
        raise InputError(message)
    if statements[0].type not in _READING:
        message = (
            f"{statements[0].type.name} is not allowed: `orb sql` only reads. Give one select; to keep its rows, "
            "use --format and --out."
        )
        raise InputError(message)
    return str(statements[0].query)


def _make_views(connection: duckdb.DuckDBPyConnection, lake: Lake, names: Iterable[str]) -> list[str]:
    """A view for each lake table, an empty one of its columns where nothing has been made yet; returns the files."""
    filesystem, _ = fsspec.core.url_to_fs(lake.url)
    is_local = "file" in filesystem.protocol
    if not is_local:
        connection.register_filesystem(filesystem)
    every: list[str] = []
    for name in sorted(names):
        paths = [lake.path(name, scope) for scope in lake.scopes(name)]
        if not paths:
            connection.register(name, _decoded(_LAKE_VIEWS[name]).empty_table())
            continue
        files = paths if is_local else [filesystem.unstrip_protocol(path) for path in paths]
        listed = ", ".join(map(_quoted, files))
        connection.execute(
            f'create view "{name}" as from read_parquet([{listed}], hive_partitioning = false, union_by_name = true)'
        )
        every += files
    return every


def _confine(connection: duckdb.DuckDBPyConnection, files: list[str]) -> None:
    """From here on the connection reads `files` and touches nothing else outside itself."""
    connection.execute(f"set allowed_paths = [{', '.join(map(_quoted, files))}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _fetch(connection: duckdb.DuckDBPyConnection, statement: str, known: list[str]) -> pa.Table:
    try:
        return connection.sql(statement).to_arrow_table()
    except duckdb.CatalogException as error:
        if "Table with name" not in str(error):
            raise InputError(_sentence(error)) from None
        message = f"{_sentence(error).split(' Did you mean')[0]} Known tables: {', '.join(known)}."
        raise InputError(message) from None
    except duckdb.Error as error:
        raise InputError(_sentence(error)) from None


def _notes(simulated: tuple[str, ...]) -> tuple[str, ...]:
    return (f"SIMULATED data in this home: {', '.join(simulated)}.",) if simulated else ()


def _sentence(error: duckdb.Error) -> str:
    """DuckDB's message without its picture of the query."""
    text = str(error).split("\n\nLINE ")[0]
    return f"The query failed: {' '.join(text.split())}"


def _decoded(schema: pa.Schema) -> pa.Schema:
    """`schema` with plain text in place of dictionaries, as DuckDB reads them from the files."""
    return pa.schema(
        [field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field for field in schema]
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
