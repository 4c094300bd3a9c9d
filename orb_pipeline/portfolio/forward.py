"""The passes of selection (see `selection`): who is taken, by place in rank order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from orb_pipeline.catalogue import Selection
from orb_pipeline.portfolio.correlation import Correlations

BoolArray = npt.NDArray[np.bool_]
Float64Array = npt.NDArray[np.float64]


class ForwardSelection:
    """Greedy forward selection from candidates in rank order; they are known here by their places in it.

    Attributes:
        sessions, models: of each candidate.
        members: places taken, in rank order after `run`.
        made_room: place that was given up -> place that it was given up for.
    """

    def __init__(
        self,
        sessions: npt.NDArray[Any],
        models: npt.NDArray[Any],
        correlations: Correlations,
        selection: Selection,
    ) -> None:
        self.sessions = sessions
        self.models = models
        self.selection = selection
        self.members: list[int] = []
        self.made_room: dict[int, int] = {}
        self._correlations = correlations
        self._columns: dict[int, Float64Array] = {}

    def run(self) -> None:
        """Both passes, then repairs until there are enough entry models or none helps."""
        self._fill(self._is_preferred_beside)
        self._fill(self._is_allowed_beside)
        while len(set(self.models[self.members])) < self.selection.min_entry_models and self._repair():
            self._fill(self._is_allowed_beside)
        self.members.sort()

    def correlations_with(self, place: int) -> Float64Array:
        """Correlation of every candidate with this one; NaN where unknown."""
        if place not in self._columns:
            self._columns[place] = self._correlations.with_columns([place])[:, 0]
        return self._columns[place]

    def _fill(self, suits: Callable[[int], BoolArray]) -> None:
        """One pass. Members only make it harder to fit, so the first that fits now is the walk's next."""
        while len(self.members) < self.selection.max_strategies:
            fitting = np.flatnonzero(self._fitting(self.members, suits))
            if not len(fitting):
                return
            self.members.append(int(fitting[0]))

    def _repair(self) -> bool:
        """Give one member's place to a candidate of a missing entry model; whether any fits."""
        present = set(self.models[self.members])
        is_missing = ~np.isin(self.models, list(present))
        swaps = []
        for leaving in self.members:
            others = [member for member in self.members if member != leaving]
            if set(self.models[others]) == present:
                fitting = np.flatnonzero(is_missing & self._fitting(others, self._is_allowed_beside))
                swaps += [(int(place), -leaving) for place in fitting[:1]]
        if not swaps:
            return False
        newcomer, leaving = min(swaps)  # the first in rank order, then the lowest-ranked member
        self.members.remove(-leaving)
        self.members.append(newcomer)
        self.made_room[-leaving] = newcomer
        return True

    def _fitting(self, members: Sequence[int], suits: Callable[[int], BoolArray]) -> BoolArray:
        """Which candidates could be taken beside `members`, were there room."""
        fits = np.ones(len(self.sessions), dtype=np.bool_)
        fits[list(members)] = False
        sessions, counts = np.unique(self.sessions[list(members)], return_counts=True)
        fits &= ~np.isin(self.sessions, sessions[counts >= self.selection.max_per_session])
        for member in members:
            fits &= suits(member)
        return fits

    def _is_preferred_beside(self, member: int) -> BoolArray:
        return self.correlations_with(member) < self.selection.preferred_correlation  # NaN, unknown, is not below

    def _is_allowed_beside(self, member: int) -> BoolArray:
        values = self.correlations_with(member)
        unknown_elsewhere = np.isnan(values) & (self.sessions != self.sessions[member])
        allowed: BoolArray = (values <= self.selection.max_correlation) | unknown_elsewhere
        return allowed
