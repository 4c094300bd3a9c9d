"""Bars as they come in, put together into minutes that are over."""

from __future__ import annotations

from orb_pipeline.feeds.feed import Batch, FeedBar, Gap


class OpenMinutes:
    """Bars of minutes that are not over yet.

    Args:
        after: minutes up to this one were delivered before; a source that sends them again does nothing wrong.
    """

    def __init__(self, after: int | None) -> None:
        self._after = after
        self._through = after
        self._held: list[FeedBar] = []

    def add(self, bar: FeedBar) -> Batch | Gap | None:
        """Take a bar; one of a later minute ends those before it, which are returned."""
        if self._through is not None and bar.minute <= self._through:
            if self._after is not None and bar.minute <= self._after:
                return None
            return Gap(bar.minute, bar.minute, f"a bar of {bar.contract} came after its minute was over; passed over")
        over = self.end(bar.minute - 1)
        self._held.append(bar)
        return over

    def end(self, minute: int) -> Batch | None:
        """The minutes up to `minute` are over; their bars, if there are any."""
        over = [bar for bar in self._held if bar.minute <= minute]
        if not over:
            return None
        self._held = [bar for bar in self._held if bar not in over]
        batch = Batch.of(over)
        self._through = batch.last
        return batch
