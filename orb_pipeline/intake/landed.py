"""What has landed: the ledger of source files, and the bars of all its batches.

A batch exists when its row in `landed_files` does. Where batches hold a bar of the same contract and minute the later
batch wins; only a replacing ingest writes such bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from orb_pipeline.errors import MissingDataError
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.tables import LANDED_BARS
from orb_pipeline.storage.warehouse import Warehouse

TABLE = "landed_bars"


def landed_files(warehouse: Warehouse, symbol: str | None = None) -> pd.DataFrame:
    """The ledger, of one instrument or all, in the order of landing; columns of table `landed_files`."""
    query = "select * from landed_files where instrument = ? or ? is null order by instrument, batch"
    return warehouse.frame(query, [symbol, symbol])


def landed_bars(
    lake: Lake, warehouse: Warehouse, symbol: str, columns: Sequence[str] = LANDED_BARS.names
) -> pd.DataFrame:
    """All landed bars of an instrument, every outright contract.

    Args:
        columns: some of storage.tables.LANDED_BARS, `ts_utc` and `source_symbol` among them.

    Returns:
        these columns, sorted by `ts_utc`, then `source_symbol`, one row for each of these
        pairs; empty where nothing has landed.
    """
    frame: pd.DataFrame = read_batches(lake, landed_files(warehouse, symbol), symbol, columns=columns).to_pandas()
    return frame


def read_batches(
    lake: Lake,
    files: pd.DataFrame,
    symbol: str,
    where: pc.Expression | None = None,
    columns: Sequence[str] = LANDED_BARS.names,
) -> Any:
    """The bars of ledger rows `files` as an arrow table, sorted, later batches winning; of them those `where` holds.

    Raises:
        MissingDataError: the lake no longer holds what the ledger says.
    """
    tables = [_read_batch(lake, symbol, entry, where, columns) for _, entry in files.iterrows()]
    if len(tables) == 1:
        return tables[0]
    table = pa.concat_tables([LANDED_BARS.empty_table().select(columns), *tables]).unify_dictionaries().combine_chunks()
    if not tables:
        return table
    keys = _keys(table)
    if (np.diff(keys) > 0).all():
        return table
    order = np.argsort(keys, kind="stable")  # of equal keys the latest batch comes last, and is kept
    is_last = np.append(np.diff(keys[order]) != 0, True)
    return table.take(pa.array(order[is_last]))


def _read_batch(
    lake: Lake, symbol: str, entry: pd.Series[Any], where: pc.Expression | None, columns: Sequence[str]
) -> Any:
    """The bars of one ledger row."""
    try:
        return lake.snapshot(TABLE, symbol, file=entry["file"]).arrow(columns, where)
    except (MissingDataError, pa.ArrowException):
        message = (
            f"{lake.path(TABLE, symbol, entry['file'])}, where {entry['source_file']} landed, is missing or "
            "damaged. Expected it as it landed: restore it, or name another home and ingest the files again."
        )
        raise MissingDataError(message) from None


def _keys(table: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    """One number for minute and contract; they sort as (`ts_utc`, `source_symbol`) do."""
    codes = table.column("source_symbol").combine_chunks()
    names = codes.dictionary.to_pylist()
    ranks = np.empty(len(names), dtype=np.int64)
    ranks[np.argsort(np.array(names, dtype=object))] = np.arange(len(names))
    minutes = table.column("ts_utc").cast(pa.int64()).to_numpy() // 60_000_000
    return np.asarray(minutes * 2**20 + ranks[codes.indices.to_numpy()], dtype=np.int64)
