"""A user's catalogue folder, and how the catalogue refuses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.errors import ConfigurationError


def with_file(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def refusal(folder: Path) -> str:
    """The message."""
    with pytest.raises(ConfigurationError) as caught:
        load_catalogue(folder)
    return str(caught.value)
