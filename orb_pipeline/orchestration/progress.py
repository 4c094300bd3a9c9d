"""What a run tells while it goes on and when it is over, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from orb_pipeline.orchestration.verdicts import Verdict, Waiver


@dataclass(frozen=True)
class AssetSummary:
    """What became of one asset.

    Attributes:
        state: `built`: it was written and its gates hold; `failed`: a gate does not hold, here or upstream, or it
            crashed; `skipped`: something upstream failed in this run, or it was not
            started.
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
    """One run of the graph for one scope: an instrument or an account.

    Attributes:
        run_id: Dagster's; None where the run was not started.
        message: the first failure, or why the run was not started.
        left_out: of an account's run the instruments that it leaves out, with the reason.
    """

    scope: str
    run_id: str | None
    succeeded: bool
    seconds: float
    assets: tuple[AssetSummary, ...]
    message: str | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)


class Listener(Protocol):
    """Told what happens while a run goes on."""

    def run_started(self, scope: str, assets: tuple[str, ...]) -> None: ...

    def asset_started(self, scope: str, asset: str) -> None: ...

    def asset_progressed(self, scope: str, asset: str, done: int, of: int) -> None: ...

    def asset_finished(self, scope: str, summary: AssetSummary) -> None: ...

    def run_finished(self, summary: RunSummary) -> None: ...


class Silence:
    """Listens and says nothing."""

    def run_started(self, scope: str, assets: tuple[str, ...]) -> None:
        """A run begins."""

    def asset_started(self, scope: str, asset: str) -> None:
        """An asset begins."""

    def asset_progressed(self, scope: str, asset: str, done: int, of: int) -> None:
        """An asset that takes long has come so far: days done, of how many."""

    def asset_finished(self, scope: str, summary: AssetSummary) -> None:
        """An asset is done, one way or the other."""

    def run_finished(self, summary: RunSummary) -> None:
        """A run is over."""
