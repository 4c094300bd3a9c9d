"""The states of one strategy on one day, and which may follow which."""

from __future__ import annotations

from enum import Enum

from orb_pipeline.errors import OrbError


class IllegalTransitionError(OrbError):
    """A defect of the engine: a state followed that cannot follow."""

    exit_code = 1


class State(Enum):
    """IDLE before the session, WATCHING until the break, ARMED after it while no close counts, CONFIRMING while closes
    are counted, WORKING with an order in the market, ENTERED with a position, EXITED; DONE without a trade.
    """

    IDLE = "IDLE"
    WATCHING = "WATCHING"
    ARMED = "ARMED"
    CONFIRMING = "CONFIRMING"
    WORKING = "WORKING"
    ENTERED = "ENTERED"
    EXITED = "EXITED"
    DONE = "DONE"

    @property
    def is_final(self) -> bool:
        return self in (State.EXITED, State.DONE)


TRANSITIONS: dict[State, frozenset[State]] = {
    State.IDLE: frozenset({State.WATCHING, State.DONE}),
    State.WATCHING: frozenset({State.ARMED, State.DONE}),
    State.ARMED: frozenset({State.CONFIRMING, State.DONE}),
    State.CONFIRMING: frozenset({State.ARMED, State.WORKING, State.ENTERED, State.DONE}),
    State.WORKING: frozenset({State.ENTERED, State.DONE}),
    State.ENTERED: frozenset({State.EXITED}),
    State.EXITED: frozenset(),
    State.DONE: frozenset(),
}


def advanced(present: State, following: State, who: str) -> State:
    """`following`, where it may follow `present`.

    Raises:
        IllegalTransitionError: it may not.
    """
    if following not in TRANSITIONS[present]:
        allowed = ", ".join(sorted(state.value for state in TRANSITIONS[present])) or "nothing"
        message = (
            f"{who}: {following.value} cannot follow {present.value}; expected {allowed}. This is a defect of the "
            "engine: keep the day's bars and report it."
        )
        raise IllegalTransitionError(message)
    return following
