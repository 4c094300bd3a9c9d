"""What is said of each candidate of a selection: its place, or why it has none, for tables and for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from orb_pipeline.portfolio.forward import Float64Array, ForwardSelection

_FACTS = ["strategy_id", "instrument", "orb_label", "entry_model", "expectancy_r", "sample_size"]


class Reason(StrEnum):
    """Why a candidate is no member. Where several hold against the final portfolio, the first of them is given."""

    MADE_ROOM = "made_room"  # was a member, until an entry model was missing
    EXPECTANCY = "expectancy"
    SESSION_FULL = "session_full"
    CORRELATION = "correlation"
    UNKNOWN_CORRELATION = "unknown_correlation"
    PORTFOLIO_FULL = "portfolio_full"


@dataclass(frozen=True)
class Verdict:
    """On one candidate; `clashes_with` is a strategy_id.

    Attributes:
        correlation: the one it fell by; of a member, the highest known one with an earlier member; else NaN.
    """

    note: str
    reason: Reason | None = None
    clashes_with: str | None = None
    correlation: float = float("nan")
    position: int | None = None


def candidate_table(ranked: pd.DataFrame, chosen: ForwardSelection) -> pd.DataFrame:
    """One row for each active setup, in rank order; see `selection.Selected`.

    Args:
        ranked: active setups in rank order; the index counts from 0.
        chosen: the selection that was run from those above the least expectancy.
    """
    least = chosen.selection.min_expectancy_r
    verdicts = iter(Verdicts(ranked[ranked["expectancy_r"] > least], chosen).all())
    found = [
        next(verdicts) if expectancy > least else _too_little(expectancy, least)
        for expectancy in ranked["expectancy_r"]
    ]
    return ranked[_FACTS].assign(
        rank=np.arange(1, len(ranked) + 1),
        taken=np.array([verdict.reason is None for verdict in found], dtype=np.bool_),
        position=pd.array([verdict.position for verdict in found], dtype="Int64"),
        reason=_texts([verdict.reason and verdict.reason.value for verdict in found]),
        clashes_with=_texts([verdict.clashes_with for verdict in found]),
        correlation=np.array([verdict.correlation for verdict in found], dtype=np.float64),
        note=_texts([verdict.note for verdict in found]),
    )[["rank", *_FACTS, "taken", "position", "reason", "clashes_with", "correlation", "note"]]


class Verdicts:
    """On the candidates above the least expectancy, given the final portfolio."""

    def __init__(self, above: pd.DataFrame, chosen: ForwardSelection) -> None:
        self._chosen = chosen
        self._ids = above["strategy_id"].tolist()
        self._session_names = [
            f"{label} of {symbol}" for label, symbol in zip(above["orb_label"], above["instrument"], strict=True)
        ]
        columns = [chosen.correlations_with(member) for member in chosen.members]
        self._correlations: Float64Array = np.stack(columns, axis=1) if columns else np.empty((len(above), 0))

    def all(self) -> list[Verdict]:
        positions = {place: position for position, place in enumerate(self._chosen.members, start=1)}
        return [
            self._of_member(place, positions[place]) if place in positions else self._of_other(place)
            for place in range(len(self._ids))
        ]

    def _of_member(self, place: int, position: int) -> Verdict:
        earlier = self._correlations[place, : position - 1]
        if not len(earlier):
            return Verdict("first of the portfolio", position=position)
        if np.isnan(earlier).all():
            return Verdict("its correlation with the members before it is unknown", position=position)
        highest = float(np.nanmax(earlier))
        note = f"its daily R correlates at most {highest:.3f} with that of a member before it"
        return Verdict(note, correlation=highest, position=position)

    def _of_other(self, place: int) -> Verdict:
        if place in self._chosen.made_room:
            return self._made_room(place)
        return self._session_full(place) or self._correlated(place) or self._unknown(place) or self._full()

    def _made_room(self, place: int) -> Verdict:
        newcomer = self._chosen.made_room[place]
        model = self._chosen.models[newcomer]
        note = f"made room for {self._ids[newcomer]}, so that the portfolio has entry model {model}"
        return Verdict(note, Reason.MADE_ROOM, self._ids[newcomer])

    def _session_full(self, place: int) -> Verdict | None:
        of_session = self._members_of_session(place)
        if len(of_session) < self._chosen.selection.max_per_session:
            return None
        lowest = self._ids[self._chosen.members[of_session[-1]]]
        note = f"session {self._session_names[place]} is full at {len(of_session)}, the lowest-ranked being {lowest}"
        return Verdict(note, Reason.SESSION_FULL, lowest)

    def _correlated(self, place: int) -> Verdict | None:
        values, limit = self._correlations[place], self._chosen.selection.max_correlation
        if not (values > limit).any():
            return None
        nearest = int(np.nanargmax(values))
        value, member = float(values[nearest]), self._ids[self._chosen.members[nearest]]
        note = f"its daily R correlates {value:.3f} with that of {member}; at most {limit:g} is allowed"
        return Verdict(note, Reason.CORRELATION, member, value)

    def _unknown(self, place: int) -> Verdict | None:
        unknown = [n for n in self._members_of_session(place) if np.isnan(self._correlations[place, n])]
        if not unknown:
            return None
        member, days = self._ids[self._chosen.members[unknown[0]]], self._chosen.selection.min_overlap_days
        note = (
            f"its correlation with {member} of the same session is unknown: fewer than {days} common days, or one of "
            "both never varies on them"
        )
        return Verdict(note, Reason.UNKNOWN_CORRELATION, member)

    def _full(self) -> Verdict:
        return Verdict(f"the portfolio is full at {len(self._chosen.members)}", Reason.PORTFOLIO_FULL)

    def _members_of_session(self, place: int) -> list[int]:
        """Which of the members, counted from 0 in rank order, are of the candidate's session."""
        sessions = self._chosen.sessions
        return np.flatnonzero(sessions[self._chosen.members] == sessions[place]).tolist()


def _too_little(expectancy_r: float, least: float) -> Verdict:
    return Verdict(f"its expectancy of {expectancy_r:.3f} R is not above {least:g} R", Reason.EXPECTANCY)


def _texts(values: list[str | None]) -> pd.Series:
    """As objects, so that a missing one is None."""
    return pd.Series(values, dtype=object)
