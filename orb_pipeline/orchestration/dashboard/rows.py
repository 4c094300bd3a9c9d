"""Rows of queries as frames that panels read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from orb_pipeline.monitoring.dashboard.results import Result
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.storage.sql import run_queries


def answer(workshop: Workshop, queries: Mapping[str, str]) -> dict[str, Result]:
    """Results of queries by name, all from one state of the warehouse; raises what run_queries does."""
    tables, _ = run_queries(workshop.lake, workshop.warehouse, list(queries.values()))
    named = zip(queries.items(), tables, strict=True)
    return {name: Result(name, query, frame_of(table)) for (name, query), table in named}


def frame_of(table: pa.Table) -> pd.DataFrame:
    """Days and times as stamps, decimals as doubles."""
    fields = [field.with_type(pa.float64()) if pa.types.is_decimal(field.type) else field for field in table.schema]
    frame: pd.DataFrame = table.cast(pa.schema(fields)).to_pandas(date_as_object=False)
    return frame


def text_of(day: dt.date) -> str:
    """The day as a literal of SQL."""
    return f"date '{day:%Y-%m-%d}'"
