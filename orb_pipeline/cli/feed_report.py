"""What a person sees of a running feed: one live line in a terminal, a line for each gap and wait anywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Self

from rich.progress import TextColumn

from orb_pipeline.cli.console import SIMULATED, say
from orb_pipeline.cli.progress import progress_bar

if TYPE_CHECKING:
    from orb_pipeline.feeds.feed import Batch, Gap
    from orb_pipeline.feeds.runner import Run


class FeedReport:
    """Listens to a feed of `symbol` from `source`, which goes on after minute `through`."""

    def __init__(self, symbol: str, source: str, through: int | None) -> None:
        self._bar = progress_bar(TextColumn("{task.completed:,.0f} bars"))
        self._symbol, self._source = symbol, source
        self._task = self._bar.add_task(f"{symbol} {source}", total=None)
        self._is_simulated = False
        if through is not None:
            from orb_pipeline.feeds.stamps import written

            say(f"{symbol} {source}: goes on after {written(through)}")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def delivered(self, batch: Batch) -> None:
        from orb_pipeline.feeds.stamps import written

        self._is_simulated |= batch.simulated
        description = f"{self._label()}: through {written(batch.last)}"
        self._bar.update(self._task, advance=len(batch.bars), description=description)

    def missed(self, gap: Gap) -> None:
        """One line of JSON, as it stands in the list of gaps."""
        from orb_pipeline.feeds.stamps import written

        told = {"event": "gap", "instrument": self._symbol, "source": self._source}
        span = {"from": written(gap.first), "to": written(gap.last), "reason": gap.reason}
        say(json.dumps(told | span, ensure_ascii=False))

    def waiting(self, seconds: float, reason: str) -> None:
        say(f"{self._symbol} {self._source}: {reason}. Trying again in {seconds:.0f} s.")

    def summary(self, run: Run, *, is_stopped: bool) -> None:
        """The closing line."""
        from orb_pipeline.feeds.stamps import written

        through = run.landing.through
        where = f", through {written(through)}" if through is not None else ""
        gaps = f", {run.gaps} gaps in {run.landing.gaps}" if run.gaps else ""
        ending = "stopped" if is_stopped else "done"
        say(f"{self._label()}: {ending}; {run.bars:,} bars in {run.files:,} files{where}{gaps}")

    def _label(self) -> str:
        return " ".join([*([SIMULATED] if self._is_simulated else []), self._symbol, self._source])
