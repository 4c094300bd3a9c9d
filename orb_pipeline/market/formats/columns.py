"""Which column of a file is which: by the names vendors use, or as given."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from orb_pipeline.errors import InputError
from orb_pipeline.market.formats.raw import Columns

# Lower case, words joined by underscores; the first name found wins.
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "stamp": ("ts_utc", "timestamp_utc", "datetime_utc", "time_utc", "timestamp", "datetime", "date_time", "ts",
              "ts_event", "gmt_time", "open_time", "bar_time"),
    "date": ("date", "day", "yyyymmdd"),
    "time": ("time", "time_of_day", "hhmmss"),
    "open": ("open", "o", "open_price", "first"),
    "high": ("high", "h", "high_price", "max"),
    "low": ("low", "l", "low_price", "min"),
    "close": ("close", "c", "close_price", "last"),
    "volume": ("volume", "vol", "v", "total_volume", "tick_volume", "tickvol"),
    "source_symbol": ("source_symbol", "contract", "raw_symbol", "contract_symbol"),
    "symbol": ("symbol", "ticker", "instrument", "root"),
    "simulated": ("simulated",),
}  # fmt: skip
ROLES = ("stamp", "date", "time", "open", "high", "low", "close", "volume", "contract")
UTC_NAMES = frozenset({"ts_utc", "timestamp_utc", "datetime_utc", "time_utc", "gmt_time"})
_DATABENTO = {"ts_event", "rtype", "publisher_id", "instrument_id"}

Names = Mapping[str, str]  # role -> name in the file


def is_column_name(text: str) -> bool:
    """Whether a value of a file's first line is a name that some column goes by."""
    return any(_plain(text) in names for names in SYNONYMS.values())


def recognise_columns(path: Path, names: Sequence[str], given: Names) -> Columns:
    """The columns of a file with column `names`; those `given` by role come first.

    Raises:
        InputError: a given name is not in the file, or a bar's column cannot be found.
    """
    _check_given(path, names, given)
    found = {**_recognised(names), **given}
    stamp = _stamp(found, given)
    missing = [role for role in ("open", "high", "low", "close", "volume") if role not in found]
    if not stamp or missing:
        absent = ", ".join(([] if stamp else ["stamp"]) + missing)
        message = (
            f"{path}: no column for {absent} among the columns found ({', '.join(names)}). Bars need a stamp (or date "
            "and time), open, high, low, close and volume. Name the columns with `--column ROLE=NAME`, or add them."
        )
        raise InputError(message)
    contract = (given["contract"],) if "contract" in given else ("source_symbol", "symbol")
    return Columns(
        stamp=stamp,
        **{role: found[role] for role in ("open", "high", "low", "close", "volume")},
        contract=tuple(found.get(role, role) for role in contract if role in found or role in given.values()),
        simulated=found.get("simulated"),
        is_fixed_point=set(names) >= _DATABENTO,
        is_utc=len(stamp) == 1 and _plain(stamp[0]) in UTC_NAMES,
    )


def _plain(name: str) -> str:
    """`<OPEN>`, `"Open"`, `#open`, `open ` are one name."""
    return re.sub(r"[\s\-]+", "_", name.strip().strip("<>\"'#").strip().lower())


def _recognised(names: Sequence[str]) -> dict[str, str]:
    by_plain: dict[str, str] = {}
    for name in names:
        by_plain.setdefault(_plain(name), name)
    found = {}
    for role, synonyms in SYNONYMS.items():
        match = next((by_plain[synonym] for synonym in synonyms if synonym in by_plain), None)
        if match is not None:
            found[role] = match
    return found


def _stamp(found: Names, given: Names) -> tuple[str, ...]:
    if "stamp" in given or ("stamp" in found and "date" not in given):
        return (found["stamp"],)
    if "date" in found and "time" in found:
        return found["date"], found["time"]
    alone = found.get("time") or found.get("date")
    return (alone,) if alone else ()


def _check_given(path: Path, names: Sequence[str], given: Names) -> None:
    for role, name in given.items():
        if role not in ROLES:
            message = f"{path}: {role!r} is not a role of a column; known: {', '.join(ROLES)}."
            raise InputError(message)
        if name not in names:
            message = (
                f"{path} has no column {name!r}, which was given for {role}. Found: {', '.join(names)}. "
                "Give one of these."
            )
            raise InputError(message)
