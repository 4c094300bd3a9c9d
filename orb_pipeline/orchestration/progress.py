"""What a run tells while it goes on and when it is over, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from orb_pipeline.orchestration.verdicts import Verdict, Waiver


@dataclass(frozen=True)
class AssetSummary:
    """What became of one asset.

    Attributes:
        state: `built`: it was written and its gates hold; `failed`: a gate does not hold, here or upstream, or it
            crashed; `skipped`: something upstream failed in this run.
        first: first day or time of its rows.
        last: the last one.
        gates: verdicts on what was written.
        waivers: in force on this or on anything it was built from.
        message: why it failed or was skipped.
    """

    asset: str
    state: Literal["built", "failed", "skipped"]
    rows: int | None = None
    first: str | None = None
    last: str | None = None
    seconds: float = 0.0
    simulated: bool = False
    gates: tuple[Verdict, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    message: str | None = None


@dataclass(frozen=True)
class RunSummary:
    """One run of the graph for one instrument. `message` is the first failure."""

    instrument: str
    run_id: str
    succeeded: bool
    seconds: float
    assets: tuple[AssetSummary, ...]
    message: str | None = None


class Listener(Protocol):
    """Told what happens while a run goes on."""

    def run_started(self, instrument: str, assets: tuple[str, ...]) -> None: ...

    def asset_started(self, instrument: str, asset: str) -> None: ...

    def asset_finished(self, instrument: str, summary: AssetSummary) -> None: ...

    def run_finished(self, summary: RunSummary) -> None: ...


class Silence:
    """Listens and says nothing."""

    def run_started(self, instrument: str, assets: tuple[str, ...]) -> None:
        """A run begins."""

    def asset_started(self, instrument: str, asset: str) -> None:
        """An asset begins."""

    def asset_finished(self, instrument: str, summary: AssetSummary) -> None:
        """An asset is done, one way or the other."""

    def run_finished(self, summary: RunSummary) -> None:
        """A run is over."""
