"""The formats, by the ending of a file's name. A new format is a file beside this one and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from orb_pipeline.errors import InputError
from orb_pipeline.market.formats import dbn, parquet, text
from orb_pipeline.market.formats.raw import BarFile, ReadOptions

FORMATS: Mapping[str, Callable[[Path, ReadOptions], BarFile]] = {
    **dict.fromkeys(text.ENDINGS, text.TextBars),
    **dict.fromkeys(parquet.ENDINGS, parquet.ParquetBars),
    **dict.fromkeys(dbn.ENDINGS, dbn.DbnBars),
}


def open_bar_file(path: Path, options: ReadOptions) -> BarFile:
    """The file at `path`, ready to be read.

    Raises:
        InputError: there is no such file, it is empty, its ending is unknown or its content is not what that says.
    """
    if not path.is_file():
        message = f"{path} is not a file. Give the path of a file of bars ({', '.join(FORMATS)})."
        raise InputError(message)
    known = [ending for ending in FORMATS if path.name.lower().endswith(ending)]
    if not known:
        message = f"{path}: files ending in {path.suffix or 'nothing'!r} are not known. Known: {', '.join(FORMATS)}."
        raise InputError(message)
    if path.stat().st_size == 0:
        message = f"{path} is empty. Expected bars; write or download the file again."
        raise InputError(message)
    return FORMATS[max(known, key=len)](path, options)
