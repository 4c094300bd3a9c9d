"""Files of bars made by hand, and what reading them gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.market.bars import CheckedFile, check_file
from orb_pipeline.market.formats.raw import ReadOptions
from orb_pipeline.market.formats.registry import open_bar_file
from orb_pipeline.market.reasons import REASONS

CATALOGUE = load_catalogue()
HEADER = "ts_utc,open,high,low,close,volume"
PRICES = "1900.0,1901.0,1899.0,1900.5,7"


def text_file(path: Path, *lines: str, header: str | None = HEADER, end: str = "\n") -> Path:
    path.write_text(end.join([*([header] if header else []), *lines]) + end, encoding="utf-8", newline="")
    return path


def read(path: Path, symbol: str = "MGC", **options: object) -> CheckedFile:
    """The checked rows of a file."""
    chosen = ReadOptions(**options)  # type: ignore[arg-type]
    return check_file(open_bar_file(path, chosen), CATALOGUE.instrument(symbol), chosen)


def stamps(checked: CheckedFile) -> list[str]:
    """UTC stamps of the bars, `2016-03-06T23:01`."""
    return np.datetime_as_string(checked.bars.minutes.astype("datetime64[m]")).tolist()


def reasons(checked: CheckedFile) -> dict[int, str]:
    """Reason by row number."""
    refused = checked.refused
    return {row: REASONS[reason].value for row, reason in zip(refused.row_numbers, refused.reasons, strict=True)}


def contracts(checked: CheckedFile) -> list[str]:
    return [checked.contracts[number] for number in checked.bars.contracts]


def lines_at(times: Sequence[str], prices: str = PRICES) -> list[str]:
    return [f"{time},{prices}" for time in times]
