"""A layout of stamps given by the user, in the directives of `strptime`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from orb_pipeline.errors import InputError
from orb_pipeline.market.formats.layouts import Layout

_NUMBERS = "mdHIMSy"  # of one or two digits
_PATTERNS = {
    **dict.fromkeys(_NUMBERS, r"\d{1,2}"),
    "Y": r"\d{4}",
    "f": r"\d{1,9}",
    "b": r"[A-Za-z]+",
    "B": r"[A-Za-z]+",
    "p": r"[AaPp][Mm]",
    "z": r"(?:Z|[+-]\d\d:?\d\d)",
}
_NEEDED = ("Yy", "mbB", "d", "HI", "M")  # of each of these, one
_DIRECTIVE = re.compile(r"%(.?)")


def layout_of_format(path: Path, stamp_format: str) -> Layout:
    """The layout a format such as `%d/%m/%Y %H:%M` describes; with `%z` it names instants.

    Raises:
        InputError: the format does not give a date and a time of day in known directives.
    """
    directives = _DIRECTIVE.findall(stamp_format)
    unknown = sorted({directive for directive in directives if directive not in _PATTERNS})
    lacks_half = "I" in directives and "H" not in directives and "p" not in directives
    if unknown or lacks_half or not all(set(needed) & set(directives) for needed in _NEEDED):
        message = (
            f"{path}: {stamp_format!r} is not a format of stamps. Expected year (%Y or %y), month (%m, %b or %B), day "
            "(%d), hour (%H, or %I with %p) and minute (%M), as they stand in the file, and where they do seconds "
            "(%S, %f) and offset (%z): '%m/%d/%Y %I:%M %p'."
        )
        raise InputError(message)
    is_absolute = "z" in directives

    def to_times(texts: Any) -> Any:
        parsed = pd.to_datetime(texts.to_pandas(), format=stamp_format, errors="coerce", utc=True)
        return pa.array(parsed.dt.tz_localize(None))

    return Layout(_pattern(stamp_format), is_absolute=is_absolute, to_iso=to_times)


def _pattern(stamp_format: str) -> str:
    """Numbers that touch one another have two digits each: 130 is not 13:0 where 1:30 was meant."""
    parts = []
    for match in re.finditer(r"%(.)|([^%]+)", stamp_format):
        directive, literal = match.groups()
        if directive is None:
            parts.append(re.escape(literal))
            continue
        touches = re.search(r"%.$", stamp_format[: match.start()]) or stamp_format[match.end() :].startswith("%")
        parts.append(r"\d\d" if directive in _NUMBERS and touches else _PATTERNS[directive])
    return "".join(parts)
