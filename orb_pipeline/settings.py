"""Where a home keeps its parts. The environment is read here, once, at the edge, and nowhere else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

HOME_VARIABLE = "ORB_HOME"
LAKE_VARIABLE = "ORB_LAKE_URL"
DEFAULT_HOME = "orb_home"


@dataclass(frozen=True)
class Home:
    """One installation's data: everything the project writes lies under `root` (the lake may lie elsewhere).

    Attributes:
        root: absolute path of the home.
        lake_url: where the large tables lie; a local path or any URL fsspec understands.
    """

    root: Path
    lake_url: str

    @classmethod
    def at(cls, root: str | Path, lake_url: str | None = None) -> Home:
        path = Path(root).expanduser().resolve()
        return cls(root=path, lake_url=lake_url or str(path / "lake"))

    @classmethod
    def from_environment(cls, root: str | Path | None = None) -> Home:
        """The home named by `root`, else by ORB_HOME, else `./orb_home`; ORB_LAKE_URL moves the lake."""
        return cls.at(root or os.environ.get(HOME_VARIABLE) or DEFAULT_HOME, os.environ.get(LAKE_VARIABLE) or None)

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def catalogue(self) -> Path:
        """The user's own catalogue files; they extend or override the packaged ones."""
        return self.root / "catalogue"

    @property
    def landing(self) -> Path:
        """Where feeds put new bars, a folder for each instrument."""
        return self.root / "landing"

    @property
    def tape(self) -> Path:
        """What came from outside while days were open, in order; see intake.tape."""
        return self.root / "tape"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME of this home."""
        return self.root / "dagster"
