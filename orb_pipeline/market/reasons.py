"""Why a bar is refused. The order is that of the checks: the first one a row fails is recorded."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import numpy.typing as npt


class Reason(StrEnum):
    """Text of `rejected_bars.reason`."""

    WRONG_NUMBER_OF_VALUES = "wrong_number_of_values"  # the line cannot be split into the file's columns
    UNREADABLE_STAMP = "unreadable_stamp"
    NONEXISTENT_LOCAL_TIME = "nonexistent_local_time"  # skipped when clocks went forward
    AMBIGUOUS_LOCAL_TIME = "ambiguous_local_time"  # struck twice when clocks went back
    NOT_A_WHOLE_MINUTE = "not_a_whole_minute"
    NOT_A_NUMBER = "not_a_number"
    NOT_FINITE = "not_finite"
    NOT_POSITIVE = "not_positive"
    OFF_TICK_GRID = "off_tick_grid"
    HIGH_BELOW_OPEN_OR_CLOSE = "high_below_open_or_close"
    LOW_ABOVE_OPEN_OR_CLOSE = "low_above_open_or_close"
    NEGATIVE_VOLUME = "negative_volume"
    FRACTIONAL_VOLUME = "fractional_volume"
    UNKNOWN_CONTRACT = "unknown_contract"
    REPEATED_MINUTE = "repeated_minute"
    CONFLICTS_WITH_LANDED_BAR = "conflicts_with_landed_bar"


REASONS = tuple(Reason)
ACCEPTED = -1  # in arrays of reasons: none
ReasonArray = npt.NDArray[np.int8]


def number_of(reason: Reason) -> int:
    """A reason's number in arrays of reasons; `REASONS[number]` is the way back."""
    return REASONS.index(reason)


def record(reasons: ReasonArray, reason: Reason, failing: npt.NDArray[np.bool_]) -> None:
    """Enter `reason` where a row fails and nothing was entered before."""
    reasons[failing & (reasons == ACCEPTED)] = number_of(reason)
