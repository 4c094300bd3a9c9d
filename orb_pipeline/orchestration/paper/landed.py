"""How far bars have landed: the batches that a day, or a base of the tape, rests on."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from orb_pipeline.intake.landed import landed_files
from orb_pipeline.intake.tape import Mark
from orb_pipeline.orchestration.builds import LANDED_BARS
from orb_pipeline.orchestration.landed_bars import start_of
from orb_pipeline.orchestration.workshop import Workshop


def last_batches(workshop: Workshop) -> Mapping[str, int]:
    """Instrument -> number of the batch that landed last."""
    files = landed_files(workshop.warehouse)
    return {str(symbol): int(batch) for symbol, batch in files.groupby("instrument")["batch"].max().items()}


def batches_through(workshop: Workshop, base: Mark, day: int) -> Mapping[str, int]:
    """Instrument -> its last landed batch before one, since `base`, that has bars of trading days after `day`.

    A faster account lands days that a slower one has yet to trade from the tape.
    """
    files = landed_files(workshop.warehouse)
    files["is_since"] = files["batch"] > files["instrument"].map(lambda symbol: base.batches.get(symbol, 0))
    later = files[files["is_since"] & (files["last_ts"] >= start_of(day + 1))]
    first_later = later.groupby("instrument")["batch"].min()
    return {symbol: int(first_later.get(symbol, last + 1)) - 1 for symbol, last in last_batches(workshop).items()}


def batches_of(contents: Mapping[str, str]) -> dict[str, int]:
    """Instrument -> last landed batch, as a paper day's contents have it; empty where the day does not say."""
    names = (name.partition(":") for name in contents)
    return {symbol: int(contents[f"{of}:{symbol}"]) for of, _, symbol in names if of == LANDED_BARS}


def landed_contents(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """What has landed by now, as a paper day's contents have it."""
    rows = connection.execute("select instrument, max(batch) from landed_files group by all order by all").fetchall()
    return {f"{LANDED_BARS}:{symbol}": str(batch) for symbol, batch in rows}
