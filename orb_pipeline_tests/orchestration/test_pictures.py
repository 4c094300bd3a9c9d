"""What assets draw for their pages: always a picture, also of next to nothing; and tables that read well."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest

from orb_pipeline.orchestration import pictures

DAYS = pd.DataFrame({"trading_day": pd.to_datetime(["2024-03-04", "2024-03-05"]), "bar_count": [1_350, 60]})
BARS = pd.DataFrame({"ts_utc": pd.to_datetime(["2024-03-04 00:00+00:00"]), "close": [2_000.1]})
RANGES = pd.DataFrame({"orb_label": ["0900", "1000", "1000"], "orb_size": [1.0, 2.0, None]})
STRATEGIES = pd.DataFrame(
    {
        "sample_size": [40, 30, 0],
        "expectancy_r": [0.2, -0.1, 0.0],
        "validation_status": ["PASSED", "REJECTED", "REJECTED"],
    }
)
CORRELATIONS = pd.DataFrame([[1.0, None], [None, 1.0]], index=["A", "B"], columns=["A", "B"])

Drawing = Callable[[pd.DataFrame], dg.MarkdownMetadataValue]


@pytest.mark.parametrize(
    ("draw", "frame"),
    [
        (pictures.bars_per_day, DAYS),
        (pictures.closing_prices, BARS),
        (pictures.ranges_by_session, RANGES),
        (pictures.expectancies, STRATEGIES),
        (pictures.expectancies, STRATEGIES.iloc[2:]),
        (pictures.correlations, CORRELATIONS),
        (pictures.correlations, CORRELATIONS.iloc[:1, :1]),
        (pictures.correlations, CORRELATIONS.iloc[:0, :0]),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_picture_is_a_png_inside_markdown(draw: Drawing, frame: pd.DataFrame) -> None:
    found = re.fullmatch(r"!\[[^]]+\]\(data:image/png;base64,([^)]+)\)", draw(frame).md_str)
    assert found is not None
    assert base64.b64decode(found[1]).startswith(b"\x89PNG")


def test_a_table_groups_digits_and_is_cut_with_a_word() -> None:
    text = pictures.table(pd.DataFrame({"phase": ["a|b"] * 60, "fell": range(1_000, 1_060)})).md_str
    assert "| a/b | 1,000 |" in text
    assert text.endswith("10 more rows")


def test_columns_carry_their_type_and_meaning() -> None:
    (code, number) = pictures.columns(
        pa.schema([("entry_model", pa.dictionary(pa.int32(), pa.string())), ("own", pa.int64())])
    ).columns
    assert (code.type, number.type) == ("string", "int64")
    assert code.description is not None
    assert code.description.startswith("E1 next open")
    assert number.description is None
