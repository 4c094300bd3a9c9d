"""What is going on, while it goes on: a live line in a terminal, one line per finished step elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from orb_pipeline.cli.console import notes, say

if TYPE_CHECKING:
    from orb_pipeline.orchestration.run import AssetSummary, RunSummary


class _Shown:
    """A progress bar that is on the screen while its `with` block runs."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


class RunProgress(_Shown):
    """Listens to a run of the graph and shows it on stderr."""

    def __init__(self) -> None:
        super().__init__(progress_bar(BarColumn(), MofNCompleteColumn()))
        self._task: TaskID | None = None

    def run_started(self, scope: str, assets: tuple[str, ...]) -> None:
        self._task = self._bar.add_task(scope, total=len(assets))

    def asset_started(self, scope: str, asset: str) -> None:
        if self._task is not None:
            self._bar.update(self._task, description=f"{scope} {asset}")

    def asset_progressed(self, scope: str, asset: str, done: int, of: int) -> None:
        if self._task is not None:
            self._bar.update(self._task, description=f"{scope} {asset}, day {done:,} of {of:,}")

    def asset_finished(self, scope: str, summary: AssetSummary) -> None:
        if self._task is not None:
            self._bar.advance(self._task)
        rows = "" if summary.rows is None else f", {summary.rows:,} rows"
        say(f"{scope} {summary.asset}: {summary.state}{rows}, {summary.seconds:.1f} s")

    def run_finished(self, summary: RunSummary) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = None
        say(f"{summary.scope}: {'done' if summary.succeeded else 'stopped'} after {summary.seconds:.1f} s")


class RowProgress(_Shown):
    """The rows of one file read so far, on stderr."""

    def __init__(self, name: str) -> None:
        super().__init__(progress_bar(TextColumn("{task.completed:,.0f} rows")))
        self._task = self._bar.add_task(name, total=None)

    def __call__(self, rows: int) -> None:
        self._bar.update(self._task, completed=rows)


class DayProgress(_Shown):
    """Days of a replay that are done, on stderr."""

    def __init__(self) -> None:
        super().__init__(progress_bar(BarColumn(), MofNCompleteColumn()))
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, of: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(what, total=of)
        self._bar.update(self._tasks[what], completed=done)


def progress_bar(*columns: ProgressColumn) -> Progress:
    """A bar on stderr that leaves nothing behind and, away from a terminal, does not show at all."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        *columns,
        TimeElapsedColumn(),
        console=notes,
        transient=True,
        disable=not notes.is_terminal,
    )
